//! Whose server this is: the assignment that it is about, looked at anew for every call.

use std::fmt;
use std::path::PathBuf;

use crate::agents::facts::Life;
use crate::agents::{Stage, Worktree};
use crate::cli::work::{self, Work};
use crate::cli::{Complaint, Context, Failure};
use crate::improvements::ImprovementId;

/// The project, and the assignment that the client works on.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) context: Context,
    /// As somebody named it: an improvement, or a number.
    assignment: Option<String>,
}

/// Who sits at the desk, at the moment of a call.
#[derive(Debug)]
pub(super) enum Seat {
    /// Nobody's assignment: it is only looked.
    Visitor,
    /// One who works on something.
    Holder(Box<Holder>),
}

/// One who works on something.
#[derive(Debug)]
pub(super) struct Holder {
    life: Life,
    stage: Stage,
    worktree: Worktree,
}

/// Why a tool does not do what it is asked for.
pub(super) type Refusal = Complaint;

impl Desk {
    pub(super) fn new(context: Context, assignment: Option<String>) -> Self {
        Self { context, assignment }
    }

    /// Who sits here now.
    pub(super) async fn seat(&self) -> Result<Seat, Failure> {
        let Some(name) = &self.assignment else { return Ok(Seat::Visitor) };
        let work = Work::read(&self.context).await?;
        let life = work.life(Some(name))?;
        let worktree = work::worktree(&self.context, life);
        Ok(Seat::Holder(Box::new(Holder { stage: Stage::now(life), worktree, life: life.clone() })))
    }
}

impl Seat {
    /// Whoever works on something that is not at its end.
    pub(super) fn at_work(&self) -> Result<&Holder, Refusal> {
        match self {
            Self::Visitor => Err(refusal(
                "mcp::no_assignment",
                "this server is about no assignment, so it only looks".to_owned(),
                "start it as `workbench mcp --assignment T003`; an agent that `workbench assign` starts finds its \
                 assignment in WORKBENCH_ASSIGNMENT",
            )),
            Self::Holder(holder) if !holder.stage.is_open() => Err(refusal(
                "mcp::finished",
                format!("{} is {}, so nothing is left to do in it", holder.life.assignment.id, holder.stage),
                "`workbench assign` begins another one",
            )),
            Self::Holder(holder) => Ok(holder),
        }
    }

    /// The improvement that somebody names, or else the one that is worked on.
    pub(super) fn improvement(&self, named: Option<String>) -> Result<String, Refusal> {
        match (named, self) {
            (Some(named), _) => Ok(named),
            (None, Self::Holder(holder)) => Ok(holder.id().0.clone()),
            (None, Self::Visitor) => Err(refusal(
                "mcp::which",
                "which improvement? This server is about no assignment".to_owned(),
                "give its `id`, such as T003; `list` shows all",
            )),
        }
    }
}

impl Holder {
    pub(super) fn id(&self) -> &ImprovementId {
        &self.life.assignment.improvement
    }

    /// The assignment's number, as commands take it.
    pub(super) fn number(&self) -> String {
        self.life.assignment.id.0.to_string()
    }

    /// The brief that was written last.
    pub(super) fn brief(&self) -> Result<PathBuf, Refusal> {
        self.worktree.newest_brief().ok_or_else(|| {
            let what = format!("{} has no brief", self.life.assignment.id);
            refusal("mcp::no_brief", what, "`workbench assign` writes it, with each attempt")
        })
    }

    /// The commit that is the work so far.
    pub(super) fn commit(&self) -> Result<String, Refusal> {
        let head = self.worktree.head().map_err(|error| Complaint::of(&error.into()))?;
        head.map_err(|unready| {
            let what = format!("what is measured is a commit, and {unready}");
            refusal("mcp::not_committed", what, &unready.help())
        })
    }
}

/// What a client is told before it asks for anything.
impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "A register of optimizations in which a claim needs a receipt. What somebody says is `claim`; what was measured is `measured`: never \
             report one as the other. ",
        )?;
        match self.at_work() {
            Ok(Holder { life, worktree, .. }) => write!(
                f,
                "You work on {} ({}, branch {}, worktree {}): begin with `brief`. Commit there; `apply` measures what is committed, `submit` hands \
                 it in. The gates decide.",
                life.assignment.improvement,
                life.assignment.id,
                life.assignment.branch,
                worktree.tree().display(),
            ),
            Err(why) => write!(f, "Read only: {}. {}.", why.message, why.help.unwrap_or_default()),
        }
    }
}

pub(super) fn refusal(code: &str, message: String, help: &str) -> Refusal {
    Complaint { message, code: Some(code.to_owned()), help: Some(help.to_owned()) }
}
