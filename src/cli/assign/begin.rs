//! Beginning: the assignment, its folders, and whoever works.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Begun;
use crate::agents::facts::{Assignment, Life};
use crate::agents::queue::Candidate;
use crate::agents::supervisor::{ASSIGNMENT_VARIABLE, TOKEN_VARIABLE};
use crate::agents::{Agent, RunnerKind, Stage, Worktree};
use crate::cli::supervise::{Started, write_brief};
use crate::cli::work::Work;
use crate::cli::{Context, Exit, Failure, OrExit};
use crate::repository::Graph;
use crate::tracking::{Reader, Store};

/// How often a waiting command looks.
const LOOK: Duration = Duration::from_millis(200);

/// Begins, or goes on.
pub(in crate::cli) async fn begin(context: &Context, work: &Work, candidate: &Candidate<'_>) -> Result<Begun, Failure> {
    let Some(agent) = candidate.agent else { unreachable!("a candidate without an agent is hindered") };
    let held = candidate.again.and_then(|id| work.lives.iter().find(|life| life.assignment.id == id));
    let life = match held {
        Some(life) => life.clone(),
        None => assigned(context, work, candidate, agent).await?,
    };
    let worktree = Worktree::of(&context.project, &life.assignment);
    worktree.prepare().map_err(cannot(&worktree)).or_exit(Exit::Failed)?;
    worktree.ensure(&life.assignment.base)?;
    let (attempt, supervisor) = match agent.runner.kind {
        RunnerKind::Human => {
            let attempt = u32::try_from(life.submissions.len()).unwrap_or(u32::MAX).saturating_add(1);
            write_brief(context, work, &life, &worktree, attempt).await?;
            (attempt, None)
        }
        RunnerKind::Command | RunnerKind::Mcp | RunnerKind::Acp => {
            let Started { attempt, pid } = start(context, &life.assignment, &worktree)?;
            (attempt, Some(pid))
        }
    };
    let stage = if supervisor.is_some() { Stage::Working } else { Stage::now(&life) };
    Ok(Begun {
        improvement: life.assignment.improvement.0.clone(),
        agent: agent.number,
        assignment: life.assignment.id.0,
        branch: life.assignment.branch.clone(),
        worktree: context.project.shown(&worktree.tree()),
        brief: context.project.shown(&worktree.brief(attempt)),
        attempt,
        runner: agent.runner.kind,
        supervisor,
        stage: stage.to_string(),
    })
}

/// Waits until nobody works on it: exit code 0 when it got as far as the reviewer.
pub(super) async fn wait(context: &Context, begun: &mut Begun) -> Result<Exit, Failure> {
    loop {
        let lives = match Reader::open(&context.project).await? {
            Some(reader) => reader.lives().await?,
            None => Vec::new(),
        };
        let life = lives.iter().find(|life| life.assignment.id.0 == begun.assignment);
        let busy = life.and_then(Life::last_attempt).is_some_and(|attempt| attempt.is_supervised());
        if let Some(life) = life.filter(|_| !busy) {
            let stage = Stage::now(life);
            begun.stage = stage.to_string();
            return Ok(if matches!(stage, Stage::Review | Stage::Approved) { Exit::Done } else { Exit::NotPassed });
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A new assignment: from the integration branch where there is one, so that it builds on what was accepted.
async fn assigned(context: &Context, work: &Work, candidate: &Candidate<'_>, agent: &Agent) -> Result<Life, Failure> {
    let graph = Graph::of(context.project.root())?;
    let integration = format!("refs/heads/{}", work.catalog.config.agents.integration);
    let base = graph.commit(&integration).or_else(|| graph.commit("HEAD"));
    let none = || {
        miette::miette!(
            code = "assign::no_commit",
            help = "commit the project first: agents work on branches",
            "the repository has no commit to start from"
        )
    };
    let base = base.ok_or_else(none).or_exit(Exit::Failed)?;
    let id = &candidate.improvement.id;
    let branch = |number: crate::agents::facts::AssignmentId| {
        format!("agent{}/{}-{}", agent.number, id.0.to_lowercase(), number.0)
    };
    let store = Store::open(&context.project).await?;
    let assignment = store.assign(id, agent.number, branch, &base).await?;
    store.close().await;
    Ok(Life { assignment, attempts: Vec::new(), submissions: Vec::new(), withdrawn: None })
}

/// Starts the supervisor, and returns once it has written down that it has begun.
fn start(context: &Context, assignment: &Assignment, worktree: &Worktree) -> Result<Started, Failure> {
    let failed = |what: String| {
        miette::miette!(
            code = "assign::supervisor",
            help = "its log is beside the worktree; `workbench recover` looks for what is left",
            "the supervisor did not begin: {what}"
        )
    };
    let begin = || -> std::io::Result<String> {
        let log = OpenOptions::new().create(true).append(true).open(worktree.supervisor_log())?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--project").arg(context.project.root()).arg("supervise").arg(assignment.id.0.to_string());
        // An agent that assigns passes its own token on to nobody.
        command.env_remove(TOKEN_VARIABLE).env_remove(ASSIGNMENT_VARIABLE);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        Ok(line)
    };
    let line = begin().map_err(|error| failed(error.to_string())).or_exit(Exit::Failed)?;
    serde_json::from_str(&line)
        .map_err(|_| failed(fs::read_to_string(worktree.supervisor_log()).unwrap_or_default().trim().to_owned()))
        .or_exit(Exit::Failed)
}

fn cannot(worktree: &Worktree) -> impl FnOnce(std::io::Error) -> miette::Report {
    let home = worktree.home().display().to_string();
    move |error| {
        miette::miette!(
            code = "assign::folder",
            help = "check that the disk is not full and the folder belongs to you",
            "cannot make {home}: {error}"
        )
    }
}
