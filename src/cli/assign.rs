//! `workbench assign ID [AGENT]`: give an improvement to an agent, with a worktree, a branch and a brief, and let it begin.

pub(super) mod begin;

use serde::Serialize;

use super::output::META;
use super::work::Work;
use super::{Context, Exit, Failure, Format, OrExit, Row, find};
use crate::agents::RunnerKind;
use crate::agents::queue::Candidate;

/// Give an improvement to an agent, and let it begin
///
/// The agent gets a branch and a worktree of its own below tracking/work and a brief; the checkout is not touched. A program is started under a
/// supervisor that outlives this command; a person gets a checklist. An assignment that was sent back, refused or ended without a
/// submission goes on with its next attempt. Without an ID: the ready queue.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench assign
  workbench assign T003 --dry-run
  workbench assign T003 1

Exit code 4 when something is in the way; it says what.")]
pub struct Args {
    /// The improvement, such as T003
    id: Option<String>,

    /// The agent's number; default: the first of its owners that is free
    #[arg(requires = "id")]
    agent: Option<u32>,

    /// Say what would be done and what is in the way, and do nothing
    #[arg(long, requires = "id")]
    dry_run: bool,

    /// Wait until the attempt has ended and its gates are through
    #[arg(long, requires = "id", conflicts_with = "dry_run")]
    wait: bool,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        self.id.is_some() && !self.dry_run
    }
}

/// One line of the queue. Its JSON form is stable.
#[derive(Debug, Serialize)]
struct Line<'a> {
    improvement: &'a str,
    title: &'a str,
    phase: u32,
    priority: String,
    claim: &'a str,
    agent: Option<u32>,
    runner: Option<RunnerKind>,
    /// The assignment that would go on.
    again: Option<i64>,
    /// What is in the way; ready when empty.
    hindrances: Vec<String>,
}

/// What has begun. Its JSON form is stable.
#[derive(Debug, Serialize)]
pub(super) struct Begun {
    improvement: String,
    pub(super) agent: u32,
    assignment: i64,
    branch: String,
    worktree: String,
    brief: String,
    pub(super) attempt: u32,
    runner: RunnerKind,
    /// The supervisor's process; a person has none.
    supervisor: Option<u32>,
    /// Where it stands.
    stage: String,
}

/// Prints the queue, or begins.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let work = Work::read(context).await?;
    let queue = work.queue();
    let Some(id) = &args.id else {
        let all = queue.all();
        context.table(&all.iter().map(Line::new).collect::<Vec<_>>(), &META)?;
        return Ok(Exit::Done);
    };
    let improvement = find::improvement(&work.catalog.register, id)?;
    if let Some(number) = args.agent {
        find::agent(&work.catalog, number)?;
    }
    let candidate = queue.look(improvement, args.agent);
    if args.dry_run {
        let line = Line::new(&candidate);
        match context.format {
            Format::Json => context.json(&line, &META)?,
            Format::Table | Format::Md | Format::Csv => context.print(&line.sentence())?,
        }
        return Ok(if candidate.hindrances.is_empty() { Exit::Done } else { Exit::NotPassed });
    }
    work.no_agent()?;
    ready(&candidate)?;
    let mut begun = begin::begin(context, &work, &candidate).await?;
    let exit = if args.wait { begin::wait(context, &mut begun).await? } else { Exit::Done };
    match context.format {
        Format::Json => context.json(&begun, &META)?,
        Format::Table | Format::Md | Format::Csv => context.print(&begun.page())?,
    }
    Ok(exit)
}

/// Nothing is in the way, or all that is.
fn ready(candidate: &Candidate<'_>) -> Result<(), Failure> {
    if candidate.hindrances.is_empty() {
        return Ok(());
    }
    let why: Vec<String> = candidate.hindrances.iter().map(ToString::to_string).collect();
    let report = miette::miette!(
        code = "assign::not_ready",
        help = "`workbench assign` shows what is ready; limits are `agents` in workbench.yaml",
        "{} cannot be assigned: {}",
        candidate.improvement.id,
        why.join("; ")
    );
    Err(report).or_exit(Exit::NotPassed)
}

impl<'a> Line<'a> {
    fn new(candidate: &'a Candidate<'_>) -> Self {
        Self {
            improvement: &candidate.improvement.id.0,
            title: &candidate.improvement.title,
            phase: candidate.improvement.phase,
            priority: candidate.improvement.priority.to_string(),
            claim: &candidate.improvement.claim.text,
            agent: candidate.agent.map(|agent| agent.number),
            runner: candidate.agent.map(|agent| agent.runner.kind),
            again: candidate.again.map(|id| id.0),
            hindrances: candidate.hindrances.iter().map(ToString::to_string).collect(),
        }
    }

    fn sentence(&self) -> String {
        let Self { improvement, agent, again, .. } = self;
        let agent = agent.map_or_else(|| "nobody".to_owned(), |number| format!("agent {number}"));
        let what = match again {
            Some(id) => format!("{improvement} would go on with {agent}, as assignment {id}"),
            None => format!("{improvement} would go to {agent}, on a branch of its own"),
        };
        match self.hindrances.as_slice() {
            [] => format!("{what}\n"),
            some => some.iter().fold(format!("{what}, but:\n"), |text, why| text + "  " + why + "\n"),
        }
    }
}

impl Row for Line<'_> {
    const COLUMNS: &'static [&'static str] = &["ID", "Title", "Phase", "Priority", "Claim", "Agent", "Ready"];
    const ELASTIC: Option<usize> = Some(1);

    fn cells(&self) -> Vec<String> {
        let ready = self.hindrances.first().map_or_else(|| "yes".to_owned(), |why| format!("no: {why}"));
        vec![
            self.improvement.to_owned(),
            self.title.to_owned(),
            self.phase.to_string(),
            self.priority.clone(),
            self.claim.to_owned(),
            self.agent.map_or_else(|| "–".to_owned(), |number| number.to_string()),
            ready,
        ]
    }
}

impl Begun {
    fn page(&self) -> String {
        let Self { improvement, agent, assignment, branch, worktree, brief, attempt, .. } = self;
        let head = format!(
            "{improvement} is with agent {agent}: assignment {assignment}, attempt {attempt}, {}\n\n  branch    {branch}\n  \
             worktree  {worktree}\n  brief     {brief}\n",
            self.stage
        );
        match self.supervisor {
            Some(pid) => format!("{head}  process   {pid}\n\nIt goes on without this terminal: `workbench agents`.\n"),
            None => format!(
                "{head}\n  1. read the brief\n  2. work in the worktree, and commit there\n  3. `workbench submit {improvement}` \
                 hands it in and runs the gates\n"
            ),
        }
    }
}
