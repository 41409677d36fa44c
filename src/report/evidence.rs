//! The evidence of one verdict: what `workbench verdict` prints and what a report cites. Both say it from here.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::words;
use crate::improvements::Direction;
use crate::lab::experiment::{Outcome, Pair, Question, Role, Run, Side, Standing, Verdict};
use crate::lab::verdict::metric_mean;
use crate::profiles::{Arm, Kind, Owner, Shelf};
use crate::tracking::{Experiment, Host, Origin, ProfileFact, VerdictFact};
use crate::units::Effect;

/// A verdict with all by which it can be cited and checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// The verdict's number.
    pub verdict: i64,
    /// About what: an improvement, or what was done.
    #[serde(rename = "improvement")]
    pub subject: String,
    /// Whether the stack was measured without it, instead of it being added.
    pub left_out: bool,
    /// The word.
    pub word: Verdict,
    /// Why, in a sentence.
    pub reason: String,
    /// When it fell.
    pub at: Timestamp,
    /// The experiment.
    pub experiment: i64,
    /// Its workloads, the main one first; the confirmation run after the decision.
    pub workloads: Vec<WorkloadLine>,
    /// What the claimed mechanism did: figure, off, on.
    pub mechanism: Option<(String, f64, f64)>,
    /// Pairs recorded.
    pub pairs: usize,
    /// Of these, dropped by the rule fixed beforehand.
    pub dropped: usize,
    /// SHA-256 of arm A.
    pub binary_a: Option<String>,
    /// SHA-256 of arm B.
    pub binary_b: Option<String>,
    /// Digest of the tree.
    pub tree: String,
    /// Features below the improvement in both arms.
    pub stack: Vec<String>,
    /// Seed of every coin.
    pub seed: u64,
    /// Version of the rule.
    pub rule_version: u32,
    /// The machine.
    pub host: Host,
    /// The file that brought it, when it was measured by another store.
    pub origin: Option<Origin>,
    /// Flame graphs and differences, relative to the project's root.
    pub profiles: Vec<PathBuf>,
}

/// A run of a workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkloadLine {
    /// What it was for.
    pub role: Role,
    /// Decision or confirmation.
    pub run: Run,
    /// Its label in the plan.
    pub workload: String,
    /// The deciding metric.
    pub metric: String,
    /// Which way it improves.
    pub better: Direction,
    /// Its mean in A.
    pub a: Option<f64>,
    /// Its mean in B.
    pub b: Option<f64>,
    /// Estimate and bounds as log-ratios, positive is better.
    pub standing: Standing,
    /// The same as changes of the metric.
    pub change: Effect,
    /// What the decision run says of the workload.
    #[serde(skip)]
    pub outcome: Option<Outcome>,
    /// What the run says, in words.
    #[serde(rename = "outcome")]
    pub told: &'static str,
}

impl Evidence {
    /// The evidence of `verdict`, which `experiment` led to.
    pub fn of(verdict: &VerdictFact, experiment: &Experiment) -> Self {
        let pairs: Vec<Pair> = experiment.pairs.iter().map(|fact| fact.pair.clone()).collect();
        let mechanism = experiment.plan.mechanism.as_ref();
        Self {
            verdict: verdict.row,
            subject: verdict.question.subject().to_owned(),
            left_out: matches!(verdict.question, Question::LeaveOneOut(_)),
            word: verdict.ruling.verdict,
            reason: verdict.ruling.reason.clone(),
            at: verdict.at,
            experiment: verdict.experiment.0,
            workloads: workloads(verdict, experiment, &pairs),
            mechanism: mechanism
                .zip(verdict.ruling.mechanism)
                .map(|(claimed, (off, on))| (claimed.figure.clone(), off, on)),
            pairs: pairs.len(),
            dropped: pairs.iter().filter(|pair| pair.dropped.is_some()).count(),
            binary_a: verdict.binary_a.clone(),
            binary_b: verdict.binary_b.clone(),
            tree: verdict.tree_digest.clone(),
            stack: experiment.plan.arm(Side::A).features.clone(),
            seed: experiment.plan.seed,
            rule_version: verdict.ruling.rule_version,
            host: experiment.host.clone(),
            origin: experiment.summary.origin.clone(),
            profiles: pictures(experiment),
        }
    }

    /// What the verdict rests on besides its figures, by name. Hashes are shortened, pictures left out.
    pub fn grounds(&self) -> Vec<(&'static str, String)> {
        let hash = |hash: &Option<String>| hash.as_deref().map_or("never built", words::short).to_owned();
        let stack = if self.stack.is_empty() { "nothing".to_owned() } else { self.stack.join(", ") };
        let Host { cpu, cores, memory_bytes, kernel } = &self.host;
        let mechanism = self.mechanism.as_ref().map(|(figure, off, on)| {
            ("mechanism", format!("{figure} {} off, {} on", words::number(*off), words::number(*on)))
        });
        let ruled = format!(
            "{} of experiment {}, {}, rule {}",
            self.verdict,
            self.experiment,
            self.at.strftime("%Y-%m-%d %H:%M:%SZ"),
            self.rule_version
        );
        let grounds = [
            ("verdict", ruled),
            ("pairs", format!("{}, of which {} dropped; seed {}", self.pairs, self.dropped, self.seed)),
            ("binaries", format!("A {}, B {}", hash(&self.binary_a), hash(&self.binary_b))),
            ("tree", format!("{} on a stack of {stack}", words::short(&self.tree))),
            ("machine", format!("{cpu}, {cores} cores, {} GiB, {kernel}", memory_bytes >> 30)),
        ];
        let origin = self.origin.as_ref().map(|Origin { imported_at, document, file }| {
            let day = imported_at.strftime("%Y-%m-%d");
            ("origin", format!("imported on {day} from {file}, evidence {}", words::short(document)))
        });
        mechanism.into_iter().chain(grounds).chain(origin).collect()
    }
}

impl WorkloadLine {
    /// The headings of [`Self::cells`].
    pub const COLUMNS: [&'static str; 8] =
        ["Role", "Workload", "Metric", "A (off)", "B (on)", "Change", "Pairs", "Outcome"];

    /// The line as people read it.
    pub fn cells(&self) -> Vec<String> {
        let mean = |mean: Option<f64>| mean.map_or_else(|| "–".to_owned(), |mean| words::figure(&self.metric, mean));
        let pairs = self.standing.pairs;
        vec![
            self.role.to_string(),
            self.workload.clone(),
            self.better.beside(&self.metric),
            mean(self.a),
            mean(self.b),
            if pairs == 0 { "not measured".to_owned() } else { self.change.to_string() },
            pairs.to_string(),
            self.told.to_owned(),
        ]
    }
}

/// The pictures of the latest profiles: of each kind the difference, then both arms.
fn pictures(experiment: &Experiment) -> Vec<PathBuf> {
    let owner = Owner { subject: experiment.plan.question.subject(), experiment: experiment.summary.id.0 };
    let mut files = Vec::new();
    for kind in [Kind::Cpu, Kind::Wait] {
        let [a, b] = [Side::A, Side::B].map(|side| ProfileFact::any(&experiment.profiles, side, kind));
        if a && b {
            files.push(Shelf::difference_file(owner, kind));
        }
        for (arm, _) in [(Arm::A, a), (Arm::B, b)].into_iter().filter(|(_, there)| *there) {
            files.push(Shelf::flame_file(owner, arm, kind));
        }
    }
    files.into_iter().map(|file| Path::new("profiles").join(file)).collect()
}

/// Each workload's decision run, and the confirmation run after the main one's.
fn workloads(verdict: &VerdictFact, experiment: &Experiment, pairs: &[Pair]) -> Vec<WorkloadLine> {
    let (plan, ruling) = (&experiment.plan, &verdict.ruling);
    let line = |index: usize, run: Run, standing: Standing, outcome| {
        let workload = &plan.workloads[index];
        WorkloadLine {
            role: workload.role,
            run,
            workload: workload.label.clone(),
            metric: workload.metric.clone(),
            better: workload.better,
            a: metric_mean(plan, pairs, index, run, Side::A),
            b: metric_mean(plan, pairs, index, run, Side::B),
            standing,
            change: standing.effect(workload.better),
            outcome,
            told: match run {
                Run::Confirmation => "published",
                Run::Decision | Run::Calibration => outcome.map_or("–", words::outcome),
            },
        }
    };
    let mut lines = Vec::new();
    for (index, standing) in ruling.decision.iter().enumerate().take(plan.workloads.len()) {
        lines.push(line(index, Run::Decision, *standing, ruling.outcomes.get(index).copied()));
        if let Some(confirmation) = ruling.confirmation.filter(|_| index == 0) {
            lines.push(line(index, Run::Confirmation, confirmation, None));
        }
    }
    lines
}
