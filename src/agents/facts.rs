//! What is written down of an assignment. Facts only: where it stands is derived from them ([`super::stage`]).
//!
//! ```text
//!  Life ─┬─ Assignment            who, on which improvement, on which branch, from which commit
//!        ├─ Attempt …             one run of the agent ─┬─ Worker …   the processes behind it
//!        │                                              ├─ Said …     what the agent says of itself: claimed
//!        │                                              └─ Ended      how it ended, and why
//!        ├─ Submission …          a commit that was handed in ─┬─ Checked …   a gate, passed or not
//!        │                                                     ├─ Review …
//!        │                                                     └─ Merged
//!        └─ Withdrawn             nobody works on it any more
//! ```

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::improvements::ImprovementId;
use crate::machine::processes;

/// Attempts that were cut off and do not count, of one assignment.
pub const CUT_OFF_MAX: u32 = 10;

/// The number of an assignment in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AssignmentId(pub i64);

/// The number of an attempt in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub i64);

/// The number of a submission in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubmissionId(pub i64);

/// An improvement in somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its number.
    pub id: AssignmentId,
    /// Since when.
    pub at: Timestamp,
    /// Which improvement.
    pub improvement: ImprovementId,
    /// The agent's number.
    pub agent: u32,
    /// The branch that the work is on.
    pub branch: String,
    /// The commit that it started from, in full.
    pub base: String,
}

/// One run of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its number in the store.
    pub id: AttemptId,
    /// The how-many-eth of its assignment, from 1.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// Stands in the environment of all that belongs to it, and of nothing else.
    pub token: String,
    /// The processes behind it.
    pub workers: Vec<Worker>,
    /// What the agent said of itself, the oldest first.
    pub said: Vec<Said>,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// A process of an attempt, told apart from a later one of the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worker {
    /// What it does.
    pub role: Role,
    /// Its number.
    pub pid: i32,
    /// When it started, in the kernel's ticks since boot.
    pub started_ticks: u64,
}

/// What a process does for an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Watches over the agent, and runs the gates after it.
    Supervisor,
    /// Leads the agent's process group.
    Agent,
}

/// What an agent says of itself. Never a terminal state: those are found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// What it does.
    pub state: Doing,
    /// In its words.
    pub note: String,
}

/// What an agent may say that it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// At work.
    Working,
    /// Waits for something that is not a person.
    Waiting,
    /// Waits for a person.
    NeedsInput,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// The kind of end.
    pub ending: Ending,
    /// In words, for people and for the next brief.
    pub reason: String,
    /// The agent's own exit code; absent where a signal ended it, or nobody knows.
    pub exit_code: Option<i32>,
    /// Bytes of output that are kept.
    pub output_bytes: u64,
    /// Processes that it left behind and that were ended.
    pub left_behind: u32,
    /// The commit that holds what it had not committed.
    pub snapshot: Option<String>,
}

/// The kinds of end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// By itself, with exit code 0.
    Finished,
    /// By itself, with another exit code or by a signal that was not ours.
    Failed,
    /// It took longer than it may.
    OutOfTime,
    /// It said more than it may.
    TooMuchOutput,
    /// Its folder grew beyond what it may.
    TooMuchDisk,
    /// Somebody stopped it.
    Stopped,
    /// KILL ended it, and it was not ours: the kernel's for want of memory, or somebody's.
    Killed,
    /// Its supervisor was killed.
    Lost,
}

/// A commit that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its number.
    pub id: SubmissionId,
    /// When.
    pub at: Timestamp,
    /// By which attempt; absent where a person handed in.
    pub attempt: Option<AttemptId>,
    /// The commit, in full.
    pub commit: String,
    /// What whoever handed in says of it: claimed.
    pub note: String,
    /// What the gates found, the oldest first; a gate may be run again.
    pub checked: Vec<Checked>,
    /// What reviewers said, the oldest first.
    pub reviews: Vec<Review>,
    /// Where it landed.
    pub merged: Option<Merged>,
}

/// A check on the way, cheapest first: what costs milliseconds and forbids to run anything comes before what builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// The commit descends from the assignment's base, and changes something.
    History,
    /// Protected files are as they were, by their hashes.
    Harness,
    /// Only the agent's own modules are changed.
    Modules,
    /// Not more lines are changed than one attempt may.
    Size,
    /// Both states build.
    Build,
    /// The target's tests pass in both states.
    Tests,
    /// Both states give the same, right answers, and the mechanism fires in one and not in the other.
    Equivalence,
    /// The gain.
    Verdict,
    /// Guards and control.
    Guards,
    /// The state without the feature is no slower than it was: a gain over a baseline that was made worse is none.
    Baseline,
    /// Workloads that no brief names.
    PrivateGuards,
}

/// What a gate found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// When.
    pub at: Timestamp,
    /// Which gate.
    pub gate: Gate,
    /// What came of it.
    pub outcome: Passed,
    /// Why, in words.
    pub reason: String,
    /// The experiment that it rests on.
    pub experiment: Option<i64>,
}

/// What came of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passed {
    /// It lets the submission on.
    Yes,
    /// It does not.
    No,
    /// There is nothing to check; the reason says why.
    NothingToCheck,
}

/// What a reviewer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// When.
    pub at: Timestamp,
    /// What becomes of it.
    pub decision: Decision,
    /// Who.
    pub author: String,
    /// Why; told to the agent.
    pub comment: String,
}

/// What becomes of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It may be merged.
    Approved,
    /// The agent is to work on.
    SentBack,
}

/// A submission on the integration branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// When.
    pub at: Timestamp,
    /// The branch.
    pub branch: String,
    /// The commit there, in full.
    pub commit: String,
}

/// Nobody works on it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// When.
    pub at: Timestamp,
    /// Who said so.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// All that is known of one assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// What was assigned.
    pub assignment: Assignment,
    /// The oldest first.
    pub attempts: Vec<Attempt>,
    /// The oldest first.
    pub submissions: Vec<Submission>,
    /// Given up.
    pub withdrawn: Option<Withdrawn>,
}

impl Worker {
    /// This process.
    pub fn this(role: Role) -> Self {
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        Self { role, pid, started_ticks: processes::started_ticks(pid).unwrap_or_default() }
    }

    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        processes::is_alive(self.pid, self.started_ticks)
    }
}

impl Attempt {
    /// Whether one of its processes still runs.
    pub fn is_alive(&self) -> bool {
        self.workers.iter().any(Worker::is_alive)
    }

    /// Whether somebody still watches over it.
    pub fn is_supervised(&self) -> bool {
        self.workers.iter().any(|worker| worker.role == Role::Supervisor && worker.is_alive())
    }
}

impl Ending {
    /// Whether it says nothing of the agent's work: somebody else cut it off.
    pub fn is_cut_off(self) -> bool {
        match self {
            Self::Killed | Self::Lost => true,
            Self::Finished
            | Self::Failed
            | Self::OutOfTime
            | Self::TooMuchOutput
            | Self::TooMuchDisk
            | Self::Stopped => false,
        }
    }
}

impl Gate {
    /// All gates, in the order in which they are run.
    pub const ALL: [Self; 11] = [
        Self::History,
        Self::Harness,
        Self::Modules,
        Self::Size,
        Self::Build,
        Self::Tests,
        Self::Equivalence,
        Self::Verdict,
        Self::Guards,
        Self::Baseline,
        Self::PrivateGuards,
    ];
}

impl Submission {
    /// The newest that each gate found, in the order of the gates.
    pub fn gates(&self) -> impl Iterator<Item = (Gate, Option<&Checked>)> {
        Gate::ALL.into_iter().map(|gate| (gate, self.checked.iter().rfind(|checked| checked.gate == gate)))
    }

    /// The first gate that does not let it on.
    pub fn refused(&self) -> Option<&Checked> {
        self.gates().filter_map(|(_, checked)| checked).find(|checked| checked.outcome == Passed::No)
    }

    /// Whether it is on the integration branch: it landed, and was not taken off again.
    pub fn is_landed(&self) -> bool {
        let takes_off =
            |review: &Review, landed: &Merged| review.at >= landed.at && review.decision == Decision::SentBack;
        self.merged.as_ref().is_some_and(|landed| !self.reviews.iter().any(|review| takes_off(review, landed)))
    }

    /// The first gate that has yet to say something.
    pub fn next_gate(&self) -> Option<Gate> {
        self.gates().find(|(_, checked)| checked.is_none()).map(|(gate, _)| gate)
    }
}

impl Life {
    /// The attempt that is under way, or was last.
    pub fn last_attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// Attempts that count against `agents.attempts`. One that was cut off before anything was handed in is repeated, up to
    /// [`CUT_OFF_MAX`] times: what kills an agent again and again may well be its own doing.
    pub fn tries(&self) -> u32 {
        let handed_in = |attempt: &Attempt| self.submissions.iter().any(|one| one.attempt == Some(attempt.id));
        let cut_off = |attempt: &&Attempt| {
            attempt.ended.as_ref().is_some_and(|ended| ended.ending.is_cut_off()) && !handed_in(attempt)
        };
        let count = |attempts: usize| u32::try_from(attempts).unwrap_or(u32::MAX);
        count(self.attempts.len()) - count(self.attempts.iter().filter(cut_off).count()).min(CUT_OFF_MAX)
    }

    /// The submission that counts: the last one, unless a later attempt has begun.
    pub fn submission(&self) -> Option<&Submission> {
        let last = self.submissions.last()?;
        let outdated =
            self.last_attempt().is_some_and(|attempt| attempt.at > last.at && last.attempt != Some(attempt.id));
        (!outdated).then_some(last)
    }
}

impl fmt::Display for AssignmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "assignment {}", self.0)
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::History => "history",
            Self::Harness => "harness",
            Self::Modules => "modules",
            Self::Size => "size",
            Self::Build => "build",
            Self::Tests => "tests",
            Self::Equivalence => "equivalence",
            Self::Verdict => "verdict",
            Self::Guards => "guards",
            Self::Baseline => "baseline",
            Self::PrivateGuards => "private guards",
        })
    }
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Yes => "passed",
            Self::No => "refused",
            Self::NothingToCheck => "nothing to check",
        })
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::NeedsInput => "needs-input",
        })
    }
}
