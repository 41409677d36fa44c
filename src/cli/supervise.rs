//! `workbench supervise N`: the process that watches over one attempt. Started by `assign`, not by people.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

use super::profile::hottest;
use super::work::{self, Work};
use super::{Context, Exit, Failure, OrExit, apply, gate, note};
use crate::agents::brief::Brief;
use crate::agents::facts::{Attempt, Ended, Ending, Life, Role, Worker};
use crate::agents::offer::Offer;
use crate::agents::runner::{Placeholders, allowed, diff_lines, environment};
use crate::agents::supervisor::{self, Stream, TOKEN_VARIABLE, Task};
use crate::agents::{Agent, GitError, RunnerKind, Worktree};
use crate::machine::share;
use crate::repository::Graph;
use crate::tracking::Store;

/// Watch over one attempt: started by `assign`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The assignment's number
    assignment: i64,
}

/// What the supervisor says on its standard output once it has begun.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Started {
    /// The attempt's number.
    pub(super) attempt: u32,
    /// The supervisor's process.
    pub(super) pid: u32,
}

/// Where the hot functions of a brief end.
const HOT_MAX: usize = 12;

/// Runs one attempt to its end, then the gates over what it handed in.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    // A session of its own: the terminal that it was started from may close. A group leader cannot have one, and needs none.
    let _ = nix::unistd::setsid();
    share::be_modest();
    let stop = told_to_stop()?;
    let work = Work::read(context).await?;
    let life = work.life(Some(&args.assignment.to_string()))?;
    let worktree = work::worktree(context, life);
    worktree.ensure(&life.assignment.base)?;
    let number = u32::try_from(life.attempts.len()).unwrap_or(u32::MAX).saturating_add(1);
    write_brief(context, &work, life, &worktree, number).await?;

    let store = Store::open(&context.project).await?;
    let token = format!("{:014x}{:014x}", apply::fresh_seed(), apply::fresh_seed());
    let begun = store.begin_attempt(&life.assignment, &token, Worker::this(Role::Supervisor)).await?;
    say_that_it_began(context, begun.number)?;
    let (_, agent) = work.who(life)?;
    let task = task(context, &work, life, agent, &worktree, begun.number, token)?;
    let mut log = store.attempt_log(begun.id, agent.number);
    let ran = supervisor::run(&task, &context.project.lease(), &mut log, stop).await;
    let mut ended = seen_to(ran, life, &worktree, begun.number);
    if agent.runner.kind == RunnerKind::Acp {
        ended.reason += &how_the_turn_ended(&worktree, begun.number);
    }
    store.end_attempt(&life.assignment, begun.id, &ended).await?;
    store.close().await;

    let after = Work::read(context).await?;
    let life = after.life(Some(&args.assignment.to_string()))?;
    let handed_in = life.submission().is_some_and(|submission| submission.attempt == Some(begun.id));
    if handed_in {
        gate::check(context, &after, life, crate::machine::Patience::Endless).await
    } else {
        Ok(Exit::NotPassed)
    }
}

/// Writes the brief of an attempt.
pub(super) async fn write_brief(
    context: &Context,
    work: &Work,
    life: &Life,
    worktree: &Worktree,
    number: u32,
) -> Result<(), Failure> {
    let (improvement, agent) = work.who(life)?;
    let limits = &work.catalog.config.agents;
    let profile = hottest(context, &improvement.id).await?.map(|(experiment, found)| {
        let lines = found.functions.iter().take(HOT_MAX).map(|function| {
            format!("| `{}` | {:.0} | {:.0} |\n", function.name, function.own_a, function.own_b)
        });
        let lines: String = lines.collect();
        format!("CPU time per operation by itself, ns, in experiment {}:\n\n| function | off | on |\n|---|---|---|\n{lines}", experiment.0)
    });
    let notes = note::notes(&improvement.id, context).await?;
    let forgiven = u32::try_from(life.attempts.len()).unwrap_or(u32::MAX) - life.tries();
    let brief = Brief {
        improvement,
        agent,
        life,
        attempt: [number, limits.attempts + forgiven],
        allowed: allowed(agent, limits),
        diff_lines: diff_lines(agent, limits),
        profile,
        notes: notes.into_iter().map(|note| note.text).collect(),
        protected: &work.protected(context),
    };
    let template = fs::read_to_string(context.project.agents_dir().join("brief.md")).ok();
    let file = worktree.brief(number);
    fs::write(&file, brief.render(template.as_deref()))
        .map_err(|error| miette::miette!("cannot write the brief {}: {error}", file.display()))
        .or_exit(Exit::Failed)
}

fn task(
    context: &Context,
    work: &Work,
    life: &Life,
    agent: &Agent,
    worktree: &Worktree,
    number: u32,
    token: String,
) -> Result<Task, Failure> {
    let (folder, brief, mcp) = (worktree.project()?, worktree.brief(number), worktree.mcp_file());
    let id = &life.assignment.improvement.0;
    let placeholders =
        Placeholders { brief: &brief, worktree: &folder, branch: &life.assignment.branch, id, mcp: &mcp };
    let command = placeholders.fill(&agent.runner.command);
    let us = std::env::current_exe().map_err(|error| miette::miette!("the workbench cannot be found: {error}"));
    let us = us.or_exit(Exit::Failed)?;
    let env = environment(&context.project, agent, &life.assignment, worktree, us.parent());
    offer(&us, &env, &token, &mcp)?;
    Ok(Task {
        what: format!("agent {} on {id}", agent.number),
        command: match agent.runner.kind {
            RunnerKind::Human | RunnerKind::Command | RunnerKind::Mcp => command,
            RunnerKind::Acp => {
                [us.display().to_string(), "acp".to_owned(), "--".to_owned()].into_iter().chain(command).collect()
            }
        },
        env,
        output: worktree.output(number),
        home: worktree.home().to_path_buf(),
        limits: allowed(agent, &work.catalog.config.agents),
        folder,
        brief,
        token,
    })
}

/// Writes down how our MCP server is started for this attempt. Whoever reads it can speak for the attempt, as with its environment.
fn offer(us: &Path, env: &[(String, String)], token: &str, file: &Path) -> Result<(), Failure> {
    let token = (TOKEN_VARIABLE.to_owned(), token.to_owned());
    let text = serde_json::to_string_pretty(&Offer::new(us, &[env, &[token]].concat()).file()).unwrap_or_default();
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|error| miette::miette!("cannot write {}: {error}", file.display())).or_exit(Exit::Failed)
}

/// How it ended, with what is found in the worktree now that nobody works there: a stale lock is removed, and what is not committed is kept.
fn seen_to(ran: std::io::Result<Ended>, life: &Life, worktree: &Worktree, number: u32) -> Ended {
    let mut ended = ran.unwrap_or_else(|error| Ended {
        at: jiff::Timestamp::now(),
        ending: Ending::Failed,
        reason: format!("it could not be watched over: {error}"),
        exit_code: None,
        output_bytes: 0,
        left_behind: 0,
        snapshot: None,
    });
    keep(&mut ended, life, worktree, number);
    ended
}

/// What the process between has said last: why the agent stopped.
fn how_the_turn_ended(worktree: &Worktree, number: u32) -> String {
    let output = supervisor::read_output(&worktree.output(number)).unwrap_or_default();
    let last =
        output.iter().rfind(|kept| kept.stream == Stream::Stdout).map(|kept| String::from_utf8_lossy(&kept.bytes));
    last.map_or(String::new(), |last| format!("; {}", last.trim()))
}

/// Keeps what an attempt that is over has not committed, and says in its reason what was found.
pub(super) fn keep(ended: &mut Ended, life: &Life, worktree: &Worktree, number: u32) {
    if worktree.unlock() {
        ended.reason += "; it left the lock of a git command that was killed";
    }
    if !worktree.tree().exists() {
        ended.reason += "; it deleted its worktree, its branch is still there";
        return;
    }
    match worktree.snapshot(number) {
        Ok(None) => {}
        Ok(Some(commit)) => {
            ended.reason += &format!("; what it had not committed is kept as {commit:.12}");
            ended.snapshot = Some(commit);
        }
        Err(error) => ended.reason += &format!("; what it had not committed stays in its worktree: {error}"),
    }
    if let Ok(false) = descends(life, worktree) {
        ended.reason += "; its branch does not come after its base any more";
    }
}

fn descends(life: &Life, worktree: &Worktree) -> Result<bool, GitError> {
    let graph = Graph::of(&worktree.tree())?;
    Ok(graph.descends(&format!("refs/heads/{}", life.assignment.branch), &life.assignment.base)?)
}

/// Says to whoever has started us that it is written down. Nobody needs to listen.
fn say_that_it_began(context: &Context, attempt: u32) -> Result<(), Failure> {
    let started = Started { attempt, pid: std::process::id() };
    context.print(&(serde_json::to_string(&started).unwrap_or_default() + "\n"))?;
    let _ = std::io::stdout().flush();
    Ok(())
}

/// Returns when a signal asks us to stop.
fn told_to_stop() -> Result<impl Future<Output = ()>, Failure> {
    let listen = |kind| signal(kind).map_err(|error| miette::miette!("cannot listen for signals: {error}"));
    let listen = |kind| listen(kind).or_exit(Exit::Failed);
    let (mut int, mut term) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    // Nobody's terminal any more.
    let _hup = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = int.recv() => {}
            _ = term.recv() => {}
        }
    })
}

/// The attempt of `life` that is under way.
pub(super) fn under_way(life: &Life) -> Option<&Attempt> {
    life.last_attempt().filter(|attempt| attempt.ended.is_none())
}
