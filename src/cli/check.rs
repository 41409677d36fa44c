//! `workbench check`: the gate for continuous integration: does every accepted improvement still stand?
//!
//! | check     | fails when                                                                                     |
//! |-----------|------------------------------------------------------------------------------------------------|
//! | accepted  | what was accepted, here or in the baseline, has been refuted or is not accepted here            |
//! | current   | the sources have changed since it was measured (`--allow-stale`: told, and no failure)          |
//! | replays   | a verdict does not follow from its pairs by the rule that it names                             |
//! | unreduced | the newest figure lies wholly below the baseline's: their intervals do not meet                 |

mod forms;
mod ground;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use self::ground::Ground;
use super::{Context, Exit, Failure, Format, Row, find};
use crate::improvements::ImprovementId;
use crate::lab::experiment::{Question, Standing};
use crate::lab::verdict::Again;
use crate::tracking::{Known, VerdictFact};

/// Tell whether every accepted improvement still stands: for continuous integration
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench check
  workbench check --evidence evidence --allow-stale
  workbench check T003 --against evidence --junit check.xml --summary check.md
  workbench check --json | jq '.data[] | select(.outcome == \"failed\")'

Exit code 4 when a check fails. Under GitHub Actions failures are annotations, and $GITHUB_STEP_SUMMARY gets the table. To
measure again what is stale: `workbench check --json | jq -r '.data[] | select(.check == \"current\" and .outcome != \"passed\")
| .improvement'`, and `workbench apply` each. docs/ci.md has a recipe.")]
pub struct Args {
    /// These improvements; default: all that are accepted, here or in the baseline
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    /// Check this evidence (a file or folder of `workbench export`) instead of the store
    #[arg(long, value_name = "PATH")]
    evidence: Option<PathBuf>,

    /// The baseline, as evidence; default: what was accepted before in what is checked
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,

    /// Tell what is stale, and do not fail for it
    #[arg(long)]
    allow_stale: bool,

    /// Write the outcome as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write the outcome as Markdown; default: $GITHUB_STEP_SUMMARY, appended
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
}

/// One check of one improvement. Stable.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Line {
    improvement: ImprovementId,
    check: Check,
    outcome: Outcome,
    told: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Check {
    Accepted,
    Current,
    Replays,
    Unreduced,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Passed,
    Failed,
    /// It cannot be told, or is allowed.
    Skipped,
}

impl Check {
    fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Current => "current",
            Self::Replays => "replays",
            Self::Unreduced => "unreduced",
        }
    }
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        }
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["ID", "Check", "Outcome", "What was found"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.improvement.to_string(),
            self.check.word().to_owned(),
            self.outcome.word().to_owned(),
            self.told.clone(),
        ]
    }
}

/// Stable.
#[derive(Debug, Serialize)]
struct Meta {
    schema: u32,
    improvements: usize,
    passed: usize,
    failed: usize,
    skipped: usize,
    tree: Option<String>,
}

/// Checks; exit 4 when anything fails.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    let tested = match &args.evidence {
        Some(path) => Ground::of_evidence(path).await?,
        None => Ground::of_store(context).await?,
    };
    let baseline = match &args.against {
        Some(path) => Some(Ground::of_evidence(path).await?),
        None => None,
    };
    let ids: Result<BTreeSet<ImprovementId>, Failure> =
        args.ids.iter().map(|id| Ok(find::improvement(&catalog.register, id)?.id.clone())).collect();
    let tree = ground::tree_now(context, &catalog.config).await;
    let judge = Judge { args: &args, tree: tree.as_deref(), tested: &tested, baseline: baseline.as_ref() };
    let wanted = judge.wanted(ids?);
    let mut lines = Vec::new();
    for id in &wanted {
        lines.extend(judge.improvement(id).await?);
    }
    let count = |outcome| lines.iter().filter(|line| line.outcome == outcome).count();
    let meta = Meta {
        schema: 1,
        improvements: wanted.len(),
        passed: count(Outcome::Passed),
        failed: count(Outcome::Failed),
        skipped: count(Outcome::Skipped),
        tree,
    };
    context.table(&lines, &meta)?;
    if context.format == Format::Table {
        context.print(&format!("\n {}\n", told(&meta)))?;
    }
    forms::write(&args, &lines, &meta)?;
    Ok(if meta.failed == 0 { Exit::Done } else { Exit::NotPassed })
}

fn told(meta: &Meta) -> String {
    let Meta { improvements, passed, failed, skipped, .. } = meta;
    match improvements {
        0 => "nothing has been accepted, so there is nothing to check".to_owned(),
        _ => format!("{improvements} improvements: {passed} checks passed, {failed} failed, {skipped} skipped"),
    }
}

/// What is checked, and against what.
struct Judge<'a> {
    args: &'a Args,
    tree: Option<&'a str>,
    tested: &'a Ground,
    baseline: Option<&'a Ground>,
}

impl Judge<'_> {
    /// The named improvements, or all that were ever accepted here or in the baseline.
    fn wanted(&self, named: BTreeSet<ImprovementId>) -> BTreeSet<ImprovementId> {
        if !named.is_empty() {
            return named;
        }
        let grounds = std::iter::once(self.tested).chain(self.baseline);
        grounds.flat_map(|ground| ground.ever_accepted.iter().cloned()).collect()
    }

    async fn improvement(&self, id: &ImprovementId) -> Result<Vec<Line>, Failure> {
        let nothing = Known::default();
        let known = self.tested.known.get(id).unwrap_or(&nothing);
        let verdicts = self.tested.verdicts(&Question::AddOneIn(id.clone())).await?;
        let line = |check, (outcome, told)| Line { improvement: id.clone(), check, outcome, told };
        Ok(vec![
            line(Check::Accepted, self.accepted(known)),
            line(Check::Current, self.current(known)),
            line(Check::Replays, self.replays(&verdicts).await?),
            line(Check::Unreduced, self.unreduced(id, known, &verdicts)),
        ])
    }

    fn accepted(&self, known: &Known) -> (Outcome, String) {
        match (known.accepted(), known.cited()) {
            (Some(verdict), _) => (Outcome::Passed, format!("verdict {} {}", verdict.row, verdict.ruling.verdict)),
            (None, Some(verdict)) => {
                let ruling = &verdict.ruling;
                (Outcome::Failed, format!("verdict {} {}: {}", verdict.row, ruling.verdict, ruling.reason))
            }
            (None, None) => (Outcome::Failed, "there is no verdict on it here".to_owned()),
        }
    }

    fn current(&self, known: &Known) -> (Outcome, String) {
        let stale = if self.args.allow_stale { Outcome::Skipped } else { Outcome::Failed };
        match (known.accepted(), self.tree) {
            (None, _) => (Outcome::Skipped, "nothing is accepted that could be stale".to_owned()),
            (Some(_), None) => (Outcome::Skipped, "the sources cannot be digested here".to_owned()),
            (Some(verdict), Some(tree)) if verdict.tree_digest == tree => {
                (Outcome::Passed, "the sources are those that were measured".to_owned())
            }
            (Some(verdict), Some(tree)) => {
                (stale, format!("stale: measured at {:.12}, the sources are {tree:.12} now", verdict.tree_digest))
            }
        }
    }

    async fn replays(&self, verdicts: &[VerdictFact]) -> Result<(Outcome, String), Failure> {
        for verdict in verdicts {
            let again = self.tested.derive_again(verdict).await?;
            if let Again { same: false, differences, note, .. } = again {
                let part = differences.first().map(|difference| {
                    format!("{} was {}, comes out as {}", difference.part, difference.recorded, difference.replayed)
                });
                let why = part.or(note.map(str::to_owned)).unwrap_or_default();
                return Ok((Outcome::Failed, format!("verdict {}: {why}", verdict.row)));
            }
        }
        Ok(match verdicts.len() {
            0 => (Outcome::Skipped, "there is no verdict to derive".to_owned()),
            count => (Outcome::Passed, format!("{count} verdicts follow from their pairs")),
        })
    }

    fn unreduced(&self, id: &ImprovementId, known: &Known, verdicts: &[VerdictFact]) -> (Outcome, String) {
        let Some((verdict, now)) = known.cited().and_then(|verdict| Some((verdict, verdict.measured()?))) else {
            return (Outcome::Skipped, "there is no figure".to_owned());
        };
        let comparable = |other: &VerdictFact| (&other.workload, &other.metric) == (&verdict.workload, &verdict.metric);
        let before = match self.baseline {
            Some(baseline) => baseline.known.get(id).and_then(Known::accepted).filter(|other| comparable(other)),
            // Without one: the accepted verdict before the newest.
            None => verdicts.iter().find(|other| other.row != verdict.row && other.ruling.passed && comparable(other)),
        };
        let Some(before) = before.and_then(VerdictFact::measured) else {
            return (Outcome::Skipped, "there is no figure to compare it with".to_owned());
        };
        let told = |standing: Standing| standing.effect(verdict.better).to_string();
        if now.bounds.high < before.bounds.low {
            (Outcome::Failed, format!("{} now, {} before: it brings less", told(now), told(before)))
        } else {
            (Outcome::Passed, format!("{} now, {} before", told(now), told(before)))
        }
    }
}
