//! Who works, on what, and what was handed in.

use jiff::Timestamp;

use super::Facts;
use crate::agents::Stage;
use crate::agents::facts::{Assignment, AssignmentId, Life, Submission};
use crate::agents::supervisor::Stream;
use crate::repository::{Foresight, Patch};

/// An agent of the roster.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentRow {
    /// Its number in the roster.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// What it is good at.
    pub specialization: String,
    /// Modules it answers for.
    pub modules: Vec<String>,
    /// `Ready`, `Active`, …
    pub status: String,
    /// Whether it works right now.
    pub active: bool,
    /// Whether it waits for a person.
    pub asks: bool,
    /// The last thing it did.
    pub last: Option<Activity>,
}

/// What the store knows of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentNews {
    /// Its number in the roster.
    pub number: u32,
    /// Its status, where somebody told one.
    pub status: Option<String>,
    /// Whether it works right now.
    pub active: bool,
    /// Whether it waits for a person.
    pub asks: bool,
    /// The last thing it did.
    pub last: Activity,
}

/// Something an agent did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// When.
    pub at: Timestamp,
    /// What, for people.
    pub what: String,
    /// Where this is known from.
    pub source: String,
}

/// An improvement in somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// All that is written down of it.
    pub life: Life,
    /// Where it stands, on this machine, when it was looked at.
    pub stage: Stage,
    /// Lines added and removed since its base, committed or not.
    pub size: Option<(usize, usize)>,
}

/// The two commits of a patch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PatchKey {
    /// Where the work started from.
    pub base: String,
    /// What was handed in.
    pub commit: String,
}

/// What would become of approved work, and of what waits for a reviewer behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainFacts {
    /// The branch that it would land on.
    pub branch: String,
    /// Each commit, in the order of the train.
    pub stops: Vec<(String, Foresight)>,
}

/// The output of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputKey {
    /// Whose.
    pub assignment: Assignment,
    /// Of which attempt, from 1.
    pub attempt: u32,
}

/// What came of an output since it was read last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutputNews {
    /// Lines that came.
    pub lines: Vec<OutputLine>,
    /// Where in the file the next reading begins, bytes.
    pub next: u64,
    /// Bytes at the beginning that were not read.
    pub skipped: u64,
}

/// A line of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// When it was read.
    pub at: Timestamp,
    /// Where it was said.
    pub stream: Stream,
    /// Without its end and without what a terminal would obey.
    pub text: String,
}

impl Work {
    /// Whether there is a submission to look at.
    pub fn is_handed_in(&self) -> bool {
        match self.stage {
            Stage::Gates | Stage::Refused | Stage::Review | Stage::SentBack | Stage::Approved => true,
            Stage::Assigned | Stage::Working | Stage::Lost | Stage::Ended | Stage::Merged | Stage::Withdrawn => false,
        }
    }

    /// The output of its last attempt.
    pub fn output(&self) -> Option<OutputKey> {
        let attempt = self.life.last_attempt()?.number;
        Some(OutputKey { assignment: self.life.assignment.clone(), attempt })
    }
}

impl Facts {
    /// What an agent has in hand.
    pub fn in_hand(&self, agent: u32) -> Option<&Work> {
        self.work.iter().rfind(|work| work.life.assignment.agent == agent && work.stage.is_open())
    }

    /// What an agent had in hand last, at its end or not.
    pub fn last_work(&self, agent: u32) -> Option<&Work> {
        self.in_hand(agent).or(self.work.iter().rfind(|work| work.life.assignment.agent == agent))
    }

    /// What was read of the patch that was asked for last.
    pub fn patch(&self) -> Option<&Patch> {
        match &self.patch {
            Some((_, Ok(patch))) => Some(patch),
            Some((_, Err(_))) | None => None,
        }
    }

    /// What would become of a commit, and its place in the train.
    pub fn foresight(&self, commit: &str) -> Option<(usize, &Foresight)> {
        let Some(Ok(train)) = &self.train else { return None };
        let place = train.stops.iter().position(|(stop, _)| stop == commit)?;
        Some((place, &train.stops[place].1))
    }

    /// The commits of the train: what is approved, in that order, then what waits for a reviewer.
    pub fn train(&self) -> Vec<String> {
        let of = |stage: Stage| {
            let mut stops: Vec<&Submission> =
                self.work.iter().filter(|work| work.stage == stage).filter_map(|work| work.life.submission()).collect();
            stops.sort_by_key(|stop| stop.reviews.last().map_or(stop.at, |review| review.at));
            stops.into_iter().map(|stop| stop.commit.clone())
        };
        of(Stage::Approved).chain(of(Stage::Review)).collect()
    }

    /// The work of an assignment.
    pub fn work_of(&self, id: AssignmentId) -> Option<&Work> {
        self.work.iter().find(|work| work.life.assignment.id == id)
    }
}
