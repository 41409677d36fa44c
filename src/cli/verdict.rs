//! `workbench verdict ID`: the latest verdict with its evidence; `--replay` derives it again from the stored pairs.

pub(super) mod all;

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::{Context, Exit, Failure, Format, OrExit, Row, find, output};
use crate::improvements::Direction;
use crate::lab::experiment::{ExperimentId, Outcome, Pair, Question, Role, Run, Standing, Verdict};
use crate::lab::verdict::{Again, Difference};
use crate::report::evidence::{Evidence, WorkloadLine};
use crate::tracking::{Experiment, Host, Origin, Reader, VerdictFact};
use crate::units::{Effect, Gain};

/// Show the latest verdict on an improvement with its evidence, or derive it again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench verdict T003
  workbench verdict T003 --replay
  workbench verdict --replay --all

Each verdict is derived by the version of the rule that it names.
Exit code 4 when the verdict did not pass, or when not all can be derived again with --all; 1 when --replay of one comes to
another.")]
pub struct Args {
    /// The improvement, such as T003
    #[arg(required_unless_present = "all")]
    id: Option<String>,

    /// Derive the verdict again from the stored pairs, and compare
    #[arg(long)]
    replay: bool,

    /// Every verdict of the store
    #[arg(long, requires = "replay", conflicts_with_all = ["id", "experiment"])]
    all: bool,

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
    workloads: Vec<Line<'a>>,
    mechanism: Option<MechanismLine<'a>>,
    evidence: Cited<'a>,
    replay: Option<&'a Again>,
}

/// A figure with its bounds. `gain`, `low` and `high` say by how much it is better, as a factor less one; `change` says
/// what became of the metric itself.
#[derive(Serialize)]
struct Figure {
    gain: Gain,
    low: Option<Gain>,
    high: Option<Gain>,
    change: Effect,
    pairs: u32,
}

/// One run of a workload.
#[derive(Serialize)]
struct Line<'a> {
    role: Role,
    run: Run,
    workload: &'a str,
    metric: &'a str,
    better: Direction,
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
struct Cited<'a> {
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
    origin: Option<&'a Origin>,
    profiles: Vec<String>,
}

/// Prints a verdict.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let Some(id) = &args.id else { return all::run(context).await };
    let catalog = context.catalog()?;
    let entry = find::improvement(&catalog.register, id)?;
    let none = || {
        miette::miette!(
            code = "verdict::none",
            help = "measure it: `workbench apply {0}`; `workbench show {0}` tells whether it can be",
            "there is no verdict on {0} yet",
            entry.id
        )
    };
    let store = Reader::open(&context.project).await?.ok_or_else(none).or_exit(Exit::NotFound)?;
    let mut verdicts = store.verdicts(&Question::AddOneIn(entry.id.clone())).await?;
    if args.experiment.is_some() {
        verdicts.extend(store.verdicts(&Question::LeaveOneOut(entry.id.clone())).await?);
        verdicts.extend(store.verdicts(&Question::HandedIn(entry.id.clone())).await?);
    }
    let wanted = args.experiment.map(ExperimentId);
    let verdict = verdicts.into_iter().find(|verdict| wanted.is_none_or(|wanted| verdict.experiment == wanted));
    let verdict = verdict.ok_or_else(none).or_exit(Exit::NotFound)?;
    let experiment = store.experiment(verdict.experiment).await?.ok_or_else(none).or_exit(Exit::NotFound)?;
    let pairs: Vec<Pair> = experiment.pairs.iter().map(|fact| fact.pair.clone()).collect();

    let again = args.replay.then(|| Again::of(&experiment.plan, &pairs, &verdict.ruling));
    let evidence = Evidence::of(&verdict, &experiment);
    match context.format {
        Format::Json => {
            let whole = Whole::new(&verdict, &experiment, &evidence, again.as_ref());
            context.json(&whole, &serde_json::json!({ "schema": 1 }))?;
        }
        Format::Table => context.print(&page(&verdict, &evidence, again.as_ref()))?,
        Format::Md | Format::Csv => context.table(&evidence.workloads, &())?,
    }
    Ok(match &again {
        Some(again) if !again.same => Exit::Failed,
        Some(_) | None if verdict.ruling.passed => Exit::Done,
        Some(_) | None => Exit::NotPassed,
    })
}

// ---- showing -----------------------------------------------------------------------------------------------------------------

fn page(verdict: &VerdictFact, evidence: &Evidence, again: Option<&Again>) -> String {
    let mut text = format!("{} {}\n\n  {}\n", evidence.subject, evidence.word, evidence.reason);
    if let Some(published) = verdict.measured() {
        let metric = verdict.better.beside(&verdict.metric);
        let effect = published.effect(verdict.better);
        let _ = writeln!(text, "  published figure: {metric} {effect} from {} pairs", published.pairs);
    }
    if !evidence.workloads.is_empty() {
        let _ = write!(text, "\n{}", output::render(Format::Table, &evidence.workloads, &()));
    }
    text.push('\n');
    for (name, words) in evidence.grounds() {
        let _ = writeln!(text, "  {name:<9}  {words}");
    }
    for picture in &evidence.profiles {
        let _ = writeln!(text, "  picture    {}", picture.display());
    }
    if let Some(again) = again {
        text += &replayed(again);
    }
    text
}

impl Row for WorkloadLine {
    const COLUMNS: &'static [&'static str] = &Self::COLUMNS;

    fn cells(&self) -> Vec<String> {
        self.cells()
    }
}

/// What deriving it again came to, for people.
fn replayed(again: &Again) -> String {
    let version = again.rule_version;
    let mut text = match (again.same, again.is_derived()) {
        (true, _) => format!("\n  replayed   the stored pairs lead to the same verdict (rule {version})\n"),
        (false, true) => format!("\n  replayed   NOT the same (rule {version}):\n"),
        (false, false) => format!("\n  replayed   NOT derived (rule {version}):\n"),
    };
    for Difference { part, recorded, replayed } in &again.differences {
        let _ = write!(text, "    {part}\n      recorded  {recorded}\n      replayed  {replayed}\n");
    }
    if let Some(note) = again.note {
        let _ = writeln!(text, "             {note}");
    }
    text
}

impl<'a> Whole<'a> {
    fn new(
        verdict: &'a VerdictFact,
        experiment: &'a Experiment,
        evidence: &'a Evidence,
        again: Option<&'a Again>,
    ) -> Self {
        Self {
            id: &evidence.subject,
            verdict: evidence.word,
            passed: verdict.ruling.passed,
            reason: &evidence.reason,
            at: evidence.at,
            published: verdict.published().map(|standing| Figure::new(standing, verdict.better)),
            workloads: evidence.workloads.iter().map(Line::of).collect(),
            mechanism: evidence.mechanism.as_ref().map(|(figure, off, on)| MechanismLine {
                figure,
                off: *off,
                on: *on,
            }),
            evidence: Cited {
                verdict: evidence.verdict,
                experiment: evidence.experiment,
                rule_version: evidence.rule_version,
                tree: &evidence.tree,
                binary_a: evidence.binary_a.as_deref(),
                binary_b: evidence.binary_b.as_deref(),
                stack: &evidence.stack,
                seed: evidence.seed,
                pairs: evidence.pairs,
                dropped: evidence.dropped,
                host: &evidence.host,
                origin: evidence.origin.as_ref(),
                profiles: experiment.profiles.iter().map(|profile| profile.file.display().to_string()).collect(),
            },
            replay: again,
        }
    }
}

impl<'a> Line<'a> {
    fn of(line: &'a WorkloadLine) -> Self {
        Self {
            role: line.role,
            run: line.run,
            workload: &line.workload,
            metric: &line.metric,
            better: line.better,
            a: line.a,
            b: line.b,
            figure: Figure::new(line.standing, line.better),
            outcome: line.outcome,
        }
    }
}

impl Figure {
    fn new(standing: Standing, better: Direction) -> Self {
        let [low, high] = standing.bounds.gains();
        Self { gain: standing.estimate.gain(), low, high, change: standing.effect(better), pairs: standing.pairs }
    }
}
