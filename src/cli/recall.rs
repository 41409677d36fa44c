//! `workbench recall ID`: take an improvement back from its agent.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Serialize;

use super::work::{self, Work};
use super::{Context, Exit, Failure, Format, OrExit, supervise};
use crate::agents::Stage;
use crate::agents::facts::{Life, Role, Withdrawn};
use crate::agents::worktree::Removed;
use crate::tracking::Store;
use crate::units::counted;

/// Take an improvement back from its agent
///
/// An attempt that is under way is stopped (INT, then TERM, then KILL). The branch stays, and so does a worktree in which something is not
/// committed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  workbench recall T003 --reason 'B001 comes first' --dry-run")]
pub struct Args {
    /// The improvement, or the assignment's number
    id: String,

    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// Who says so; default: the user's name
    #[arg(long, value_name = "NAME")]
    by: Option<String>,

    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !self.dry_run
    }
}

/// What was done. Its JSON form is stable.
#[derive(Serialize)]
struct Recalled<'a> {
    improvement: &'a str,
    assignment: i64,
    agent: u32,
    branch: &'a str,
    /// It was stopped for that.
    stopped: bool,
    /// Files because of which the worktree stays.
    kept: Vec<String>,
    recorded: bool,
}

/// Takes it back.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let work = Work::read(context).await?;
    work.no_agent()?;
    let life = work.life(Some(&args.id))?;
    let stage = Stage::now(life);
    let refused = |what: &str, help: &str| {
        miette::miette!(
            code = "recall::refused",
            help = help,
            "{} cannot be taken back: {what}",
            life.assignment.improvement
        )
    };
    if !stage.is_open() {
        return Err(refused(&format!("it is {stage}"), "`workbench agents` shows what is not at its end"))
            .or_exit(Exit::NotPassed);
    }
    if stage == Stage::Lost {
        return Err(refused("its supervisor is gone", "`workbench recover` first")).or_exit(Exit::NotPassed);
    }
    if args.reason.trim().is_empty() {
        return Err(refused("there is no reason", "say why: --reason '…'")).or_exit(Exit::Usage);
    }
    let stopped = supervise::under_way(life).is_some();
    let mut kept = Vec::new();
    if !args.dry_run {
        stop(context, life).await?;
        let store = Store::open(&context.project).await?;
        let author = args.by.clone().unwrap_or_else(work::user);
        let withdrawn = Withdrawn { at: Timestamp::now(), author, reason: args.reason.clone() };
        store.withdraw(life.assignment.id, &withdrawn).await?;
        store.close().await;
        if let Removed::Kept(files) = work::worktree(context, life).remove()? {
            kept = files;
        }
    }
    let recalled = Recalled {
        improvement: &life.assignment.improvement.0,
        assignment: life.assignment.id.0,
        agent: life.assignment.agent,
        branch: &life.assignment.branch,
        stopped,
        kept,
        recorded: !args.dry_run,
    };
    match context.format {
        Format::Json => context.json(&recalled, &serde_json::json!({ "schema": 1 }))?,
        Format::Table | Format::Md | Format::Csv => context.print(&recalled.line())?,
    }
    Ok(Exit::Done)
}

/// Tells the supervisor to stop, and waits until it has: it also ends when the gates are what it is at.
async fn stop(context: &Context, life: &Life) -> Result<(), Failure> {
    let Some(attempt) = life.last_attempt() else { return Ok(()) };
    let supervisor = attempt.workers.iter().find(|worker| worker.role == Role::Supervisor && worker.is_alive());
    let Some(supervisor) = supervisor else { return Ok(()) };
    let _ = kill(Pid::from_raw(supervisor.pid), Signal::SIGTERM);
    let grace = Duration::from_millis(context.catalog()?.config.agents.grace_ms);
    let (began, patience) = (Instant::now(), 3 * grace + Duration::from_secs(10));
    while supervisor.is_alive() {
        if began.elapsed() > patience {
            let pid = supervisor.pid;
            let report = miette::miette!(
                code = "recall::supervisor",
                help = format!("look at it: `ps {pid}`; once it is gone, `workbench recover`"),
                "the supervisor {pid} does not end"
            );
            return Err(report).or_exit(Exit::Failed);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

impl Recalled<'_> {
    fn line(&self) -> String {
        let Self { improvement, agent, branch, kept, recorded, .. } = self;
        let would = if *recorded { "" } else { "would be " };
        let kept = match kept.len() {
            0 => String::new(),
            count => format!("; its worktree stays, {} in it not committed", counted(count, "file")),
        };
        format!("{improvement} {would}taken back from agent {agent}; its branch {branch} stays{kept}\n")
    }
}
