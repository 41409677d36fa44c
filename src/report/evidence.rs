//! The evidence of one verdict, as a report cites it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::words;
use crate::improvements::ImprovementId;
use crate::lab::experiment::{Pair, Run, Side, Standing, Verdict};
use crate::lab::verdict::metric_mean;
use crate::profiles::{Arm, Kind, Owner, Shelf};
use crate::tracking::{Experiment, Host, ProfileFact, VerdictFact};

/// A verdict with all by which it can be cited and checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// The verdict's number.
    pub verdict: i64,
    /// About which improvement.
    pub improvement: ImprovementId,
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
    /// Version of the rule.
    pub rule_version: u32,
    /// The machine.
    pub host: Host,
    /// Flame graphs and differences, relative to the project's root.
    pub profiles: Vec<PathBuf>,
}

/// A run of a workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkloadLine {
    /// What it was for.
    pub role: &'static str,
    /// Its label in the plan.
    pub workload: String,
    /// The deciding metric.
    pub metric: String,
    /// Its mean in A.
    pub a: Option<f64>,
    /// Its mean in B.
    pub b: Option<f64>,
    /// Estimate and bounds.
    pub standing: Standing,
    /// What the run says, in words.
    pub outcome: &'static str,
}

impl Evidence {
    /// The evidence of `verdict`, which `experiment` led to.
    pub fn of(verdict: &VerdictFact, experiment: &Experiment) -> Self {
        let pairs: Vec<Pair> = experiment.pairs.iter().map(|fact| fact.pair.clone()).collect();
        let mechanism = &experiment.plan.mechanism.figure;
        Self {
            verdict: verdict.row,
            improvement: verdict.improvement.clone(),
            word: verdict.ruling.verdict,
            reason: verdict.ruling.reason.clone(),
            at: verdict.at,
            experiment: verdict.experiment.0,
            workloads: workloads(verdict, experiment, &pairs),
            mechanism: verdict.ruling.mechanism.map(|(off, on)| (mechanism.clone(), off, on)),
            pairs: pairs.len(),
            dropped: pairs.iter().filter(|pair| pair.dropped.is_some()).count(),
            binary_a: verdict.binary_a.clone(),
            binary_b: verdict.binary_b.clone(),
            tree: verdict.tree_digest.clone(),
            stack: experiment.plan.stack.clone(),
            rule_version: verdict.ruling.rule_version,
            host: experiment.host.clone(),
            profiles: pictures(experiment),
        }
    }
}

/// The pictures of the latest profiles: of each kind the difference, then both arms.
fn pictures(experiment: &Experiment) -> Vec<PathBuf> {
    let owner = Owner { improvement: &experiment.plan.improvement, experiment: experiment.summary.id.0 };
    let mut files = Vec::new();
    for kind in [Kind::Cpu, Kind::Wait] {
        let latest = |side| ProfileFact::latest(&experiment.profiles, side, kind);
        let (a, b) = (latest(Side::A), latest(Side::B));
        if a.is_some() && b.is_some() {
            files.push(Shelf::difference_file(owner, kind));
        }
        for (arm, fact) in [(Arm::A, a), (Arm::B, b)] {
            files.extend(fact.map(|_| Shelf::flame_file(owner, arm, kind)));
        }
    }
    files.into_iter().map(|file| Path::new("profiles").join(file)).collect()
}

fn workloads(verdict: &VerdictFact, experiment: &Experiment, pairs: &[Pair]) -> Vec<WorkloadLine> {
    let plan = &experiment.plan;
    let line = |index: usize, run: Run, standing: Standing, outcome| WorkloadLine {
        role: words::role(plan.workloads[index].role),
        workload: plan.workloads[index].label.clone(),
        metric: plan.workloads[index].metric.clone(),
        a: metric_mean(plan, pairs, index, run, Side::A),
        b: metric_mean(plan, pairs, index, run, Side::B),
        standing,
        outcome,
    };
    let mut lines = Vec::new();
    for (index, standing) in verdict.ruling.decision.iter().enumerate().take(plan.workloads.len()) {
        let outcome = verdict.ruling.outcomes.get(index).copied().map_or("–", words::outcome);
        lines.push(line(index, Run::Decision, *standing, outcome));
        if let Some(confirmation) = verdict.ruling.confirmation.filter(|_| index == 0) {
            lines.push(line(index, Run::Confirmation, confirmation, "published"));
        }
    }
    lines
}
