//! `workbench gate [ID]`: the gates over what was handed in, cheapest first.
//!
//! ```text
//!  history ▶ harness ▶ modules ▶ size ▶ │ build ▶ tests ▶ equivalence ▶ verdict ▶ guards ▶ │ baseline ▶ private guards ▶ review
//!    what git knows: nothing is run     │ one experiment on the commit, off against on      │ one experiment each
//! ```
//!
//! The gates look at the commit, written out by git, never at the worktree; register and rules are the project's own. What a gate has found of a
//! commit is a fact and is not asked again; what could not be found out, because the machine was busy, is no fact. A verdict on a
//! submission changes neither the improvement's status nor the stack: it is about sources that nobody has accepted.

mod measure;

use jiff::Timestamp;
use serde::Serialize;

pub(super) use self::measure::{Asked, Question};
use super::wait::Wait;
use super::work::Work;
use super::{Context, Exit, Failure, Format, OrExit, Row};
use crate::agents::Stage;
use crate::agents::facts::{Checked, Gate, Life, Passed, Submission};
use crate::agents::protection::{self, Rules};
use crate::agents::runner::diff_lines;
use crate::machine::Patience;
use crate::repository::Graph;
use crate::tracking::Store;

/// Run the gates over what an agent has handed in
///
/// They are run by themselves after an agent has ended; this runs those that have yet to say something, after a crash or when the machine
/// was busy.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench gate T003
  workbench gate T003 --dry-run

Exit code 4 when a gate refuses.")]
pub struct Args {
    /// The improvement, or the assignment's number
    id: String,

    /// Say which gates have said what, and run none
    #[arg(long, conflicts_with = "wait")]
    dry_run: bool,

    #[command(flatten)]
    wait: Wait,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !self.dry_run
    }
}

/// One gate as a line. Its JSON form is stable.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    gate: Gate,
    outcome: Option<Passed>,
    reason: String,
    experiment: Option<i64>,
    at: Option<Timestamp>,
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["Gate", "Outcome", "Why"];
    const ELASTIC: Option<usize> = Some(2);

    fn cells(&self) -> Vec<String> {
        let outcome = self.outcome.map_or_else(|| "–".to_owned(), |outcome| outcome.to_string());
        let reason = self.reason.lines().next().unwrap_or_default();
        vec![self.gate.to_string(), outcome, reason.to_owned()]
    }
}

/// Runs the gates.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let work = Work::read(context).await?;
    let life = work.life(Some(&args.id))?;
    let submission = handed_in(life)?;
    if !args.dry_run {
        work.no_agent()?;
        return check(context, &work, life, args.wait.patience()).await;
    }
    print(context, life, submission)?;
    Ok(Exit::Done)
}

/// Runs the gates that have yet to say something over what `life` has handed in, and prints what all of them found.
pub(super) async fn check(context: &Context, work: &Work, life: &Life, patience: Patience) -> Result<Exit, Failure> {
    ask(context, work, life, patience).await?;
    let after = Work::read(context).await?;
    let life = after.life(Some(&life.assignment.id.0.to_string()))?;
    let submission = handed_in(life)?;
    print(context, life, submission)?;
    Ok(if submission.refused().is_none() { Exit::Done } else { Exit::NotPassed })
}

/// Runs the gates that have yet to say something; what they found is in the store.
pub(super) async fn ask(context: &Context, work: &Work, life: &Life, patience: Patience) -> Result<(), Failure> {
    let submission = handed_in(life)?;
    if submission.refused().is_some() || submission.next_gate().is_none() {
        return Ok(());
    }
    let store = Store::open(&context.project).await?;
    let asked = Gates { context, work, life, submission, store: &store }.run(patience).await;
    store.close().await;
    asked
}

/// Prints what the gates found.
pub(super) fn print(context: &Context, life: &Life, submission: &Submission) -> Result<(), Failure> {
    let lines: Vec<Line> = submission.gates().map(|(gate, found)| Line::new(gate, found)).collect();
    let stage = Stage::now(life);
    let meta = serde_json::json!({
        "schema": 1, "improvement": life.assignment.improvement, "assignment": life.assignment.id.0,
        "commit": submission.commit, "stage": stage,
    });
    if context.format == Format::Table {
        let commit = &submission.commit[..submission.commit.len().min(12)];
        context.print(&format!("{} {commit}, {stage}\n\n", life.assignment.improvement))?;
    }
    context.table(&lines, &meta)?;
    if let Some(found) = submission.refused().filter(|_| context.format == Format::Table) {
        context.print(&format!("\nrefused by {}: {}\n", found.gate, found.reason))?;
    }
    Ok(())
}

/// What counts of all that was handed in.
pub(super) fn handed_in(life: &Life) -> Result<&Submission, Failure> {
    let none = || {
        let (id, branch) = (&life.assignment.improvement, &life.assignment.branch);
        miette::miette!(
            code = "gate::nothing_handed_in",
            help = format!("`workbench submit {id}` hands in what is committed on {branch}"),
            "nothing was handed in of {id} that no later attempt has overtaken"
        )
    };
    life.submission().ok_or_else(none).or_exit(Exit::NotPassed)
}

impl Line {
    fn new(gate: Gate, found: Option<&Checked>) -> Self {
        Self {
            gate,
            outcome: found.map(|found| found.outcome),
            reason: found.map(|found| found.reason.clone()).unwrap_or_default(),
            experiment: found.and_then(|found| found.experiment),
            at: found.map(|found| found.at),
        }
    }
}

/// The gates over one submission.
struct Gates<'a> {
    context: &'a Context,
    work: &'a Work,
    life: &'a Life,
    submission: &'a Submission,
    store: &'a Store,
}

impl Gates<'_> {
    async fn run(&self, patience: Patience) -> Result<(), Failure> {
        for found in self.look()? {
            self.write(&found).await?;
            if found.outcome == Passed::No {
                return Ok(());
            }
        }
        measure::run(self, patience).await
    }

    /// What git alone can tell, where it was not told before.
    fn look(&self) -> Result<Vec<Checked>, Failure> {
        let (_, agent) = self.work.who(self.life)?;
        let protected = self.work.protected(self.context);
        let rules = Rules {
            modules: &agent.modules,
            protected: &protected,
            diff_lines: diff_lines(agent, &self.work.catalog.config.agents),
        };
        let graph = Graph::of(self.context.project.root())?;
        let answers = protection::look(&graph, &self.life.assignment, &self.submission.commit, &rules)?;
        let found = answers.into_iter().map(|(gate, outcome, reason)| Checked {
            at: Timestamp::now(),
            gate,
            outcome,
            reason,
            experiment: None,
        });
        Ok(found.filter(|found| self.has_yet_to_say(found.gate)).collect())
    }

    fn has_yet_to_say(&self, gate: Gate) -> bool {
        self.submission.gates().any(|(known, found)| known == gate && found.is_none())
    }

    async fn write(&self, found: &Checked) -> Result<(), Failure> {
        Ok(self.store.check_gate(self.submission.id, found).await?)
    }
}
