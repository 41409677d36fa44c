//! `workbench verdict ID`: the latest verdict with its evidence; `--replay` derives it again from the stored pairs.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::{Context, Exit, Failure, Format, OrExit, Row, find, output};
use crate::lab::experiment::{ExperimentId, Outcome, Pair, Plan, Role, Ruling, Run, Side, Standing, Verdict};
use crate::lab::verdict::{RULE_VERSION, broken, metric_mean, replay};
use crate::report::words;
use crate::tracking::{Experiment, Host, Reader, VerdictFact};
use crate::units::{Gain, LogRatio};

/// Show the latest verdict on an improvement with its evidence, or derive it again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench verdict T003
  workbench verdict T003 --replay

Exit code 4 when the verdict did not pass; 1 when --replay comes to another one.")]
pub struct Args {
    /// The improvement, such as T003
    id: String,

    /// Derive the verdict again from the stored pairs, and compare
    #[arg(long)]
    replay: bool,

    /// The verdict of this experiment; default: the latest that has one
    #[arg(long, value_name = "NUMBER")]
    experiment: Option<i64>,
}

/// The JSON form. Stable.
#[derive(Serialize)]
struct Whole<'a> {
    id: &'a str,
    verdict: Verdict,
    passed: bool,
    reason: &'a str,
    at: Timestamp,
    published: Option<Figure>,
    workloads: Vec<WorkloadLine<'a>>,
    mechanism: Option<MechanismLine<'a>>,
    evidence: Evidence<'a>,
    replay: Option<&'a Replay>,
}

/// A gain with its bounds.
#[derive(Serialize)]
struct Figure {
    gain: Gain,
    low: Option<Gain>,
    high: Option<Gain>,
    pairs: u32,
}

/// One run of a workload.
#[derive(Serialize)]
struct WorkloadLine<'a> {
    role: Role,
    run: Run,
    workload: &'a str,
    metric: &'a str,
    a: Option<f64>,
    b: Option<f64>,
    #[serde(flatten)]
    figure: Figure,
    outcome: Option<Outcome>,
}

#[derive(Serialize)]
struct MechanismLine<'a> {
    figure: &'a str,
    off: f64,
    on: f64,
}

/// All by which the verdict can be cited and derived again.
#[derive(Serialize)]
struct Evidence<'a> {
    verdict: i64,
    experiment: i64,
    rule_version: u32,
    tree: &'a str,
    binary_a: Option<&'a str>,
    binary_b: Option<&'a str>,
    stack: &'a [String],
    seed: u64,
    pairs: usize,
    dropped: usize,
    host: &'a Host,
    profiles: Vec<String>,
}

/// What deriving the verdict again came to.
#[derive(Debug, Serialize)]
struct Replay {
    same: bool,
    rule_version: u32,
    note: Option<&'static str>,
    differences: Vec<Difference>,
}

/// A part of the ruling that came out differently.
#[derive(Debug, PartialEq, Serialize)]
struct Difference {
    part: String,
    recorded: String,
    replayed: String,
}

/// Prints a verdict.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    let entry = find::improvement(&catalog.register, &args.id)?;
    let none = || {
        miette::miette!(
            code = "verdict::none",
            help = "measure it: `workbench apply {0}`; `workbench show {0}` tells whether it can be",
            "there is no verdict on {0} yet",
            entry.id
        )
    };
    let store = Reader::open(&context.project).await?.ok_or_else(none).or_exit(Exit::NotFound)?;
    let verdicts = store.verdicts(&entry.id).await?;
    let wanted = args.experiment.map(ExperimentId);
    let verdict = verdicts.into_iter().find(|verdict| wanted.is_none_or(|wanted| verdict.experiment == wanted));
    let verdict = verdict.ok_or_else(none).or_exit(Exit::NotFound)?;
    let experiment = store.experiment(verdict.experiment).await?.ok_or_else(none).or_exit(Exit::NotFound)?;
    let pairs: Vec<Pair> = experiment.pairs.iter().map(|fact| fact.pair.clone()).collect();

    let again = args.replay.then(|| derive_again(&experiment.plan, &pairs, &verdict.ruling));
    let whole = Whole::new(&verdict, &experiment, &pairs, again.as_ref());
    match context.format {
        Format::Json => context.json(&whole, &serde_json::json!({ "schema": 1 }))?,
        Format::Table => context.print(&whole.page())?,
        Format::Md | Format::Csv => context.table(&whole.workloads, &())?,
    }
    Ok(match &again {
        Some(again) if !again.same => Exit::Failed,
        Some(_) | None if verdict.ruling.passed => Exit::Done,
        Some(_) | None => Exit::NotPassed,
    })
}

// ---- replay ----------------------------------------------------------------------------------------------------------------

fn derive_again(plan: &Plan, pairs: &[Pair], recorded: &Ruling) -> Replay {
    let from_pairs = replay(plan, pairs);
    // A failed test or a dead process is no pair: then the word cannot be derived, but everything beside it can.
    let outside = recorded.verdict == Verdict::Broken && from_pairs.as_ref() != Some(recorded);
    let again = if outside { Some(broken(plan, pairs, recorded.reason.clone())) } else { from_pairs };
    let differences = differences(recorded, again.as_ref());
    let note = match (recorded.rule_version == RULE_VERSION, outside) {
        (false, _) => Some("it was decided by another version of the rule"),
        (true, true) => {
            Some("what broke it is not in the pairs: the word stands as recorded, the figures were derived")
        }
        (true, false) => None,
    };
    Replay { same: differences.is_empty(), rule_version: RULE_VERSION, note, differences }
}

fn differences(recorded: &Ruling, replayed: Option<&Ruling>) -> Vec<Difference> {
    let Some(replayed) = replayed else {
        let replayed = "no verdict: the stored pairs do not decide it".to_owned();
        return vec![Difference { part: "verdict".to_owned(), recorded: recorded.verdict.to_string(), replayed }];
    };
    let parts = |ruling: &Ruling| {
        let mut parts = vec![
            ("verdict".to_owned(), ruling.verdict.to_string()),
            ("passed".to_owned(), ruling.passed.to_string()),
            ("reason".to_owned(), ruling.reason.clone()),
            ("confirmation".to_owned(), format!("{:?}", ruling.confirmation)),
            ("mechanism".to_owned(), format!("{:?}", ruling.mechanism)),
            ("rule version".to_owned(), ruling.rule_version.to_string()),
            ("workloads".to_owned(), ruling.decision.len().to_string()),
        ];
        parts.extend(ruling.decision.iter().enumerate().map(|(n, s)| (format!("workload {n}"), format!("{s:?}"))));
        parts.extend(ruling.outcomes.iter().enumerate().map(|(n, o)| (format!("outcome {n}"), format!("{o:?}"))));
        parts
    };
    let differs = |((part, recorded), (_, replayed)): ((String, String), (String, String))| {
        (recorded != replayed).then_some(Difference { part, recorded, replayed })
    };
    parts(recorded).into_iter().zip(parts(replayed)).filter_map(differs).collect()
}

// ---- showing -----------------------------------------------------------------------------------------------------------------

impl<'a> Whole<'a> {
    fn new(verdict: &'a VerdictFact, experiment: &'a Experiment, pairs: &[Pair], again: Option<&'a Replay>) -> Self {
        let ruling = &verdict.ruling;
        Self {
            id: &verdict.improvement.0,
            verdict: ruling.verdict,
            passed: ruling.passed,
            reason: &ruling.reason,
            at: verdict.at,
            published: verdict.published().map(Figure::from),
            workloads: workloads(&experiment.plan, pairs, ruling),
            mechanism: ruling.mechanism.map(|(off, on)| MechanismLine {
                figure: &experiment.plan.mechanism.figure,
                off,
                on,
            }),
            evidence: Evidence {
                verdict: verdict.row,
                experiment: verdict.experiment.0,
                rule_version: ruling.rule_version,
                tree: &verdict.tree_digest,
                binary_a: verdict.binary_a.as_deref(),
                binary_b: verdict.binary_b.as_deref(),
                stack: &experiment.plan.stack,
                seed: experiment.plan.seed,
                pairs: pairs.len(),
                dropped: pairs.iter().filter(|pair| pair.dropped.is_some()).count(),
                host: &experiment.host,
                profiles: experiment.profiles.iter().map(|profile| profile.file.display().to_string()).collect(),
            },
            replay: again,
        }
    }

    fn page(&self) -> String {
        let mut text = format!("{} {}\n\n  {}\n", self.id, self.verdict, self.reason);
        if let Some(published) = self.published.as_ref().filter(|figure| figure.pairs > 0) {
            let _ = writeln!(text, "  published figure: {}", published.shown());
        }
        if !self.workloads.is_empty() {
            let _ = write!(text, "\n{}", output::render(Format::Table, &self.workloads, &()));
        }
        if let Some(MechanismLine { figure, off, on }) = &self.mechanism {
            let _ = writeln!(text, "\n  mechanism  {figure}: {off:.2} off, {on:.2} on");
        }
        text += &self.evidence.page(self.at);
        if let Some(again) = self.replay {
            text += &again.page();
        }
        text
    }
}

impl Evidence<'_> {
    fn page(&self, at: Timestamp) -> String {
        let hash = |hash: Option<&str>| hash.map_or("never built", |hash| hash.get(..12).unwrap_or(hash)).to_owned();
        let stack = if self.stack.is_empty() { "nothing".to_owned() } else { self.stack.join(" ") };
        let mut text = format!(
            "\n  verdict    {} of experiment {}, {}, rule {}\n  pairs      {}, of which {} dropped; seed {}\n  \
             binaries   A {}, B {}\n  tree       {} on a stack of {stack}\n  machine    {}, {} cores, {} GiB, {}\n",
            self.verdict,
            self.experiment,
            at.strftime("%Y-%m-%d %H:%M:%SZ"),
            self.rule_version,
            self.pairs,
            self.dropped,
            self.seed,
            hash(self.binary_a),
            hash(self.binary_b),
            self.tree.get(..12).unwrap_or(self.tree),
            self.host.cpu,
            self.host.cores,
            self.host.memory_bytes >> 30,
            self.host.kernel,
        );
        for profile in &self.profiles {
            let _ = writeln!(text, "  profile    profiles/{profile}");
        }
        text
    }
}

impl Replay {
    fn page(&self) -> String {
        let version = self.rule_version;
        let mut text = if self.same {
            format!("\n  replayed   the stored pairs lead to the same verdict (rule {version})\n")
        } else {
            format!("\n  replayed   NOT the same (rule {version}):\n")
        };
        for Difference { part, recorded, replayed } in &self.differences {
            let _ = write!(text, "    {part}\n      recorded  {recorded}\n      replayed  {replayed}\n");
        }
        if let Some(note) = self.note {
            let _ = writeln!(text, "             {note}");
        }
        text
    }
}

/// Each workload's decision run, and the confirmation run after the main one's.
fn workloads<'a>(plan: &'a Plan, pairs: &[Pair], ruling: &Ruling) -> Vec<WorkloadLine<'a>> {
    let line = |index: usize, run: Run, standing: Standing, outcome| {
        let workload = &plan.workloads[index];
        WorkloadLine {
            role: workload.role,
            run,
            workload: &workload.label,
            metric: &workload.metric,
            a: metric_mean(plan, pairs, index, run, Side::A),
            b: metric_mean(plan, pairs, index, run, Side::B),
            figure: Figure::from(standing),
            outcome,
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

impl From<Standing> for Figure {
    fn from(standing: Standing) -> Self {
        let end = |end: f64| end.is_finite().then_some(LogRatio(end).gain());
        Self {
            gain: standing.estimate.gain(),
            low: end(standing.bounds.low),
            high: end(standing.bounds.high),
            pairs: standing.pairs,
        }
    }
}

impl Figure {
    fn shown(&self) -> String {
        let end = |end: Option<Gain>, open: &str| end.map_or_else(|| open.to_owned(), |gain| gain.to_string());
        format!("{} [{}, {}] from {} pairs", self.gain, end(self.low, "−∞"), end(self.high, "∞"), self.pairs)
    }
}

impl Row for WorkloadLine<'_> {
    const COLUMNS: &'static [&'static str] = &["Role", "Workload", "Metric", "A", "B", "Gain", "Outcome"];

    fn cells(&self) -> Vec<String> {
        let mean = |mean: Option<f64>| mean.map_or_else(|| "–".to_owned(), words::number);
        let gain = if self.figure.pairs == 0 { "not measured".to_owned() } else { self.figure.shown() };
        let outcome = match self.run {
            Run::Confirmation => "published".to_owned(),
            Run::Decision | Run::Calibration => {
                self.outcome.map_or_else(|| "–".to_owned(), |o| words::outcome(o).to_owned())
            }
        };
        vec![
            words::role(self.role).to_owned(),
            self.workload.to_owned(),
            self.metric.to_owned(),
            mean(self.a),
            mean(self.b),
            gain,
            outcome,
        ]
    }
}
