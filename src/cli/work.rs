//! Who works on what, for the commands that assign, check and let in.

use std::collections::BTreeMap;

use miette::Diagnostic;
use thiserror::Error;

use super::{Context, Exit, Failure, facts, find};
use crate::agents::facts::{AssignmentId, Attempt, Life};
use crate::agents::queue::{Open, Queue};
use crate::agents::{Agent, Stage, Worktree};
use crate::catalog::Catalog;
use crate::improvements::{Improvement, ImprovementId, Status};
use crate::machine::processes;
use crate::tracking::Reader;

/// All that is known of the work, of one moment.
#[derive(Debug)]
pub(super) struct Work {
    /// What people wrote.
    pub(super) catalog: Catalog,
    /// Every assignment, the oldest first.
    pub(super) lives: Vec<Life>,
    /// Those that are not at their end.
    pub(super) open: Vec<Open>,
    statuses: BTreeMap<ImprovementId, Status>,
    accepted: Vec<ImprovementId>,
}

/// There is no such assignment.
#[derive(Debug, Error, Diagnostic)]
#[error("{what}")]
#[diagnostic(
    code(work::not_assigned),
    help("`workbench agents` shows who works on what; `workbench assign ID` begins")
)]
struct NotAssigned {
    what: String,
}

/// An agent tried to decide something.
#[derive(Debug, Error, Diagnostic)]
#[error("this is not an agent's to do")]
#[diagnostic(
    code(work::agent),
    help("agents say what they do (`workbench report`) and hand in (`workbench submit`); others decide")
)]
struct NotTheirs;

impl Work {
    /// Reads catalog and store.
    pub(super) async fn read(context: &Context) -> Result<Self, Failure> {
        let catalog = context.catalog()?;
        let known = facts::read(context, &catalog).await?;
        let statuses = known.into_iter().map(|(id, known)| (id, known.status)).collect();
        let (lives, accepted) = match Reader::open(&context.project).await? {
            Some(reader) => {
                let stack = reader.stack().await?;
                (reader.lives().await?, stack.into_iter().map(|entry| entry.improvement).collect())
            }
            None => (Vec::new(), Vec::new()),
        };
        let open = lives.iter().filter_map(open).collect();
        Ok(Self { catalog, lives, open, statuses, accepted })
    }

    /// The ready queue.
    pub(super) fn queue(&self) -> Queue<'_> {
        Queue {
            improvements: &self.catalog.register.improvements,
            roster: &self.catalog.roster,
            limits: &self.catalog.config.agents,
            statuses: &self.statuses,
            accepted: &self.accepted,
            open: &self.open,
        }
    }

    /// The assignment that `name` means: the last one of an improvement, or one by its number.
    pub(super) fn life(&self, name: Option<&str>) -> Result<&Life, Failure> {
        let missing = |what: String| Failure::new(Exit::NotFound, NotAssigned { what });
        let Some(name) = name else {
            let what = "which assignment? Name an improvement; agents are told theirs in the environment".to_owned();
            return Err(missing(what));
        };
        if let Ok(number) = name.parse() {
            let found = self.lives.iter().find(|life| life.assignment.id == AssignmentId(number));
            return found.ok_or_else(|| missing(format!("there is no assignment {number}")));
        }
        let id = &find::improvement(&self.catalog.register, name)?.id;
        let found = self.lives.iter().rfind(|life| life.assignment.improvement == *id);
        found.ok_or_else(|| missing(format!("nobody works on {id}")))
    }

    /// The assignment of the attempt that bears `token`, and the attempt.
    pub(super) fn attempt(&self, token: &str) -> Option<(&Life, &Attempt)> {
        let found = |life| Some((life, Life::last_attempt(life).filter(|attempt| attempt.token == token)?));
        self.lives.iter().find_map(found)
    }

    /// What is to be improved, and by whom. Both may have gone from the files since.
    pub(super) fn who(&self, life: &Life) -> Result<(&Improvement, &Agent), Failure> {
        let improvement = find::improvement(&self.catalog.register, &life.assignment.improvement.0)?;
        find::agent(&self.catalog, life.assignment.agent)?;
        let agent = self.catalog.roster.get(life.assignment.agent);
        agent.map(|agent| (improvement, agent)).ok_or_else(|| {
            let what = format!("agent {} has gone from the roster", life.assignment.agent);
            Failure::new(Exit::NotFound, NotAssigned { what })
        })
    }

    /// Refuses what is not an agent's to do: whoever was started by an attempt hands in and says what it does, and decides nothing. What
    /// stands in the environment can be taken away; who started whom cannot.
    pub(super) fn no_agent(&self) -> Result<(), Failure> {
        refuse_agents(&self.lives)
    }

    /// Files that no submission may change.
    pub(super) fn protected(&self, context: &Context) -> Vec<String> {
        let own = context.project.own_entries().map(|path| context.project.shown(&path));
        own.into_iter().chain(self.catalog.config.agents.protected.iter().cloned()).collect()
    }
}

/// The folders of an assignment.
pub(super) fn worktree(context: &Context, life: &Life) -> Worktree {
    Worktree::of(&context.project, &life.assignment)
}

/// The person at the keyboard.
pub(super) fn user() -> String {
    let named = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|name| !name.is_empty());
    named.unwrap_or_else(|| "somebody".to_owned())
}

/// As [`Work::no_agent`], for who needs nothing else of the work.
pub(super) async fn no_agent(context: &Context) -> Result<(), Failure> {
    match Reader::open(&context.project).await? {
        Some(store) => refuse_agents(&store.lives().await?),
        None => Ok(()),
    }
}

fn refuse_agents(lives: &[Life]) -> Result<(), Failure> {
    let above = processes::ancestors();
    let workers = lives.iter().filter_map(Life::last_attempt).flat_map(|attempt| &attempt.workers);
    let mut of_ours = workers
        .filter(|worker| above.iter().any(|stat| stat.pid == worker.pid && stat.started_ticks == worker.started_ticks));
    match of_ours.next() {
        Some(_) => Err(Failure::new(Exit::NotPassed, NotTheirs)),
        None => Ok(()),
    }
}

fn open(life: &Life) -> Option<Open> {
    let stage = Stage::now(life);
    stage.is_open().then(|| Open {
        id: life.assignment.id,
        improvement: life.assignment.improvement.clone(),
        agent: life.assignment.agent,
        stage,
        attempts: life.tries(),
    })
}
