//! `workbench submit [ID]`: hand in what is committed on an assignment's branch.

use serde::Serialize;

use super::output::META;
use super::wait::Wait;
use super::work::{self, Work};
use super::{Context, Exit, Failure, Format, OrExit, gate};
use crate::agents::Stage;
use crate::agents::facts::{AttemptId, Life};
use crate::repository::Graph;
use crate::tracking::Store;
use crate::units::counted;

/// Hand in what is committed on an assignment's branch, and run the gates over it
///
/// For an agent the gates are run by its supervisor once it has ended; a person sees them run. What is not committed is not handed in: a
/// worktree with uncommitted files is refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench submit T003 --dry-run
  workbench submit T003 --note 'one fdatasync for each batch'

An agent names nothing: its assignment stands in its environment. Exit code 4 when it is refused.")]
pub struct Args {
    /// The improvement, or the assignment's number
    #[arg(env = "WORKBENCH_ASSIGNMENT", hide_env_values = true)]
    id: Option<String>,

    /// What was done, in a sentence; it is kept as claimed
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,

    /// The token of the attempt that hands in
    #[arg(long, hide = true, env = "WORKBENCH_ATTEMPT", hide_env_values = true)]
    token: Option<String>,

    /// Say what would be handed in, and hand in nothing
    #[arg(long)]
    dry_run: bool,

    /// Leave the gates to a later `workbench gate`
    #[arg(long)]
    no_gates: bool,

    #[command(flatten)]
    wait: Wait,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !self.dry_run
    }
}

/// What was handed in. Its JSON form is stable.
#[derive(Serialize)]
struct HandedIn<'a> {
    improvement: &'a str,
    assignment: i64,
    branch: &'a str,
    commit: &'a str,
    files: Vec<String>,
    lines: usize,
    recorded: bool,
}

/// Hands in, and runs the gates.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let work = Work::read(context).await?;
    let life = work.life(args.id.as_deref())?;
    let attempt = whose(&work, life, args.token.as_deref())?;
    let commit = committed(context, life)?;
    let graph = Graph::of(context.project.root())?;
    let changes = graph.between(&life.assignment.base, &commit)?;
    if !args.dry_run {
        let store = Store::open(&context.project).await?;
        let new = store.submit(life.assignment.id, attempt, &commit, &args.note).await?;
        store.close().await;
        if new.is_none() {
            let what = format!("{commit:.12} was handed in before");
            return refused(life, &what, "commit something first: each submission is another commit");
        }
    }
    let handed_in = HandedIn {
        improvement: &life.assignment.improvement.0,
        assignment: life.assignment.id.0,
        branch: &life.assignment.branch,
        commit: &commit,
        files: changes.files.into_iter().map(|file| file.path).collect(),
        lines: changes.lines,
        recorded: !args.dry_run,
    };
    let gates_now = !args.dry_run && !args.no_gates && attempt.is_none();
    match context.format {
        // What the gates found is the result then.
        Format::Json | Format::Md | Format::Csv if gates_now => {}
        Format::Json => context.json(&handed_in, &META)?,
        Format::Table | Format::Md | Format::Csv => context.print(&handed_in.line())?,
    }
    if !gates_now {
        return Ok(Exit::Done);
    }
    let after = Work::read(context).await?;
    let life = after.life(Some(&life.assignment.id.0.to_string()))?;
    gate::check(context, &after, life, args.wait.patience()).await
}

/// The attempt that hands in, or nobody's: a person. Only an attempt that is under way may, and only for its own assignment.
fn whose(work: &Work, life: &Life, token: Option<&str>) -> Result<Option<AttemptId>, Failure> {
    let stage = Stage::now(life);
    if let Some(token) = token {
        let own = work
            .attempt(token)
            .filter(|(own, attempt)| own.assignment.id == life.assignment.id && attempt.ended.is_none());
        return match own {
            Some((_, attempt)) => Ok(Some(attempt.id)),
            None => refused(
                life,
                "whoever hands in is not its attempt",
                "an agent hands in its own assignment, while it runs",
            ),
        };
    }
    let (_, agent) = work.who(life)?;
    match stage {
        Stage::Working | Stage::Lost if agent.runner.kind.is_program() => {
            refused(life, "its agent is at work", "wait for its end: `workbench agents`; or `workbench recover`")
        }
        Stage::Merged | Stage::Withdrawn | Stage::Approved => {
            refused(life, &format!("it is {stage}"), "`workbench assign` begins anew")
        }
        Stage::Working
        | Stage::Lost
        | Stage::Assigned
        | Stage::Ended
        | Stage::Gates
        | Stage::Refused
        | Stage::Review
        | Stage::SentBack => Ok(None),
    }
}

/// The commit that the branch is at, when all of the worktree is in it and something was done.
fn committed(context: &Context, life: &Life) -> Result<String, Failure> {
    match work::worktree(context, life).head()? {
        Ok(commit) if commit == life.assignment.base => {
            refused(life, "nothing is committed since its base", "commit what you have done")
        }
        Ok(commit) => Ok(commit),
        Err(unready) => refused(life, &unready.to_string(), &unready.help()),
    }
}

fn refused<T>(life: &Life, what: &str, help: &str) -> Result<T, Failure> {
    let id = &life.assignment.improvement;
    Err(miette::miette!(code = "submit::refused", help = help, "{id} cannot be handed in: {what}"))
        .or_exit(Exit::NotPassed)
}

impl HandedIn<'_> {
    fn line(&self) -> String {
        let Self { improvement, commit, branch, files, lines, recorded, .. } = self;
        let done = if *recorded { "was handed in" } else { "would be handed in" };
        format!(
            "{improvement}: {commit:.12} of {branch} {done}, {}, {}\n",
            counted(files.len(), "file"),
            counted(*lines, "line")
        )
    }
}
