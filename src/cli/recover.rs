//! `workbench recover`: what a crash has left of the work, explained and repaired.

use jiff::Timestamp;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::Serialize;

use super::work::{self, Work};
use super::{Context, Exit, Failure, Row, supervise};
use crate::agents::facts::{Attempt, Ended, Ending, Life, Role};
use crate::agents::recovery::{Class, Repair, Seen, classify};
use crate::agents::supervisor::{TOKEN_VARIABLE, sweep};
use crate::agents::worktree::Removed;
use crate::agents::{Stage, Worktree};
use crate::machine::processes;
use crate::repository::Graph;
use crate::tracking::Store;
use crate::units::counted;

/// Explain and repair what a crash has left of the work
///
/// Ends processes that nobody watches over, keeps what their attempts have not committed, writes down that they are lost, and checks branches
/// out again. A worktree in which something is not committed is never deleted. Nothing is measured: it says which gates are to be run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench recover --dry-run
  workbench recover")]
pub struct Args {
    /// Explain, and repair nothing
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !self.dry_run
    }
}

/// What was found of an assignment. Its JSON form is stable.
#[derive(Debug, Serialize)]
struct Line {
    improvement: String,
    assignment: i64,
    agent: u32,
    stage: Stage,
    class: Class,
    repairs: Vec<Repair>,
    /// What came of them, in words.
    done: Vec<String>,
}

#[derive(Serialize)]
struct Meta {
    schema: u32,
    repaired: bool,
}

/// Explains and repairs.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let work = Work::read(context).await?;
    work.no_agent()?;
    let mut lines = Vec::new();
    for life in &work.lives {
        let worktree = work::worktree(context, life);
        let stage = Stage::now(life);
        let (class, repairs) = classify(stage, &seen(life, &worktree));
        if class == Class::Done && repairs.is_empty() {
            continue;
        }
        let mut done = Vec::new();
        for repair in &repairs {
            done.push(match args.dry_run {
                true => format!("would {}", repair.told()),
                false => mend(context, life, &worktree, *repair).await?,
            });
        }
        lines.push(Line {
            improvement: life.assignment.improvement.0.clone(),
            assignment: life.assignment.id.0,
            agent: life.assignment.agent,
            stage,
            class,
            repairs,
            done,
        });
    }
    context.table(&lines, &Meta { schema: 1, repaired: !args.dry_run })?;
    Ok(Exit::Done)
}

fn seen(life: &Life, worktree: &Worktree) -> Seen {
    let graph = Graph::of(&worktree.tree()).ok().filter(|_| worktree.tree().exists());
    let uncommitted = graph.and_then(|graph| graph.uncommitted().ok());
    Seen {
        tree: worktree.tree().exists(),
        uncommitted: uncommitted.map_or(0, |files| files.len()),
        locked: worktree.is_locked(),
        processes: life.attempts.iter().map(|attempt| left(attempt).len()).sum(),
        at_gates: life.last_attempt().is_some_and(Attempt::is_supervised),
    }
}

/// Processes that bear the token of an attempt that nobody watches over.
fn left(attempt: &Attempt) -> Vec<processes::Stat> {
    if attempt.is_supervised() { Vec::new() } else { processes::marked(TOKEN_VARIABLE, &attempt.token) }
}

async fn mend(context: &Context, life: &Life, worktree: &Worktree, repair: Repair) -> Result<String, Failure> {
    Ok(match repair {
        Repair::EndProcesses => {
            let ended: u32 = life.attempts.iter().filter(|attempt| !attempt.is_supervised()).map(end).sum();
            format!("ended: {ended}")
        }
        Repair::Unlock => match worktree.unlock() {
            true => "the lock is removed".to_owned(),
            false => "the lock had gone".to_owned(),
        },
        Repair::RecordLoss => record_loss(context, life, worktree).await?,
        Repair::RestoreWorktree => {
            worktree.ensure(&life.assignment.base)?;
            format!("{} is checked out again", life.assignment.branch)
        }
        Repair::RunGates => format!("its gates are to be run: `workbench gate {}`", life.assignment.improvement),
        Repair::RemoveWorktree | Repair::KeepWorktree => match worktree.remove()? {
            Removed::Gone => "its worktree is removed".to_owned(),
            Removed::Kept(files) => format!("its worktree stays: {} in it not committed", counted(files.len(), "file")),
        },
    })
}

/// The group of the agent while its leader lives, then all that bear the token.
fn end(attempt: &Attempt) -> u32 {
    for agent in attempt.workers.iter().filter(|worker| worker.role == Role::Agent && worker.is_alive()) {
        let _ = killpg(Pid::from_raw(agent.pid), Signal::SIGKILL);
    }
    sweep(&attempt.token)
}

/// Writes down that an attempt is lost, after its processes were ended and its work was kept. Returns what was done, in words.
pub(super) async fn record_loss(context: &Context, life: &Life, worktree: &Worktree) -> Result<String, Failure> {
    let Some(attempt) = supervise::under_way(life) else { return Ok("it is written down already".to_owned()) };
    // Also where none was seen: what is dying does not bear its token any more.
    let left_behind = end(attempt);
    let output = std::fs::metadata(worktree.output(attempt.number)).map_or(0, |file| file.len());
    let mut ended = Ended {
        at: Timestamp::now(),
        ending: Ending::Lost,
        reason: "its supervisor was killed".to_owned(),
        exit_code: None,
        output_bytes: output,
        left_behind,
        snapshot: None,
    };
    supervise::keep(&mut ended, life, worktree, attempt.number);
    let store = Store::open(&context.project).await?;
    let recorded = store.end_attempt(&life.assignment, attempt.id, &ended).await?;
    store.close().await;
    Ok(if recorded {
        format!("attempt {} is lost: {}", attempt.number, ended.reason)
    } else {
        "its end was written down meanwhile".to_owned()
    })
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["ID", "Agent", "Stage", "Found", "Repair"];
    const ELASTIC: Option<usize> = Some(4);

    fn cells(&self) -> Vec<String> {
        let class = match self.class {
            Class::Running => "running",
            Class::Resting => "nothing to repair",
            Class::Dead => "dead",
            Class::Partial => "partial",
            Class::Done => "at its end",
        };
        let done = if self.done.is_empty() { "–".to_owned() } else { self.done.join("; ") };
        vec![self.improvement.clone(), self.agent.to_string(), self.stage.to_string(), class.to_owned(), done]
    }
}
