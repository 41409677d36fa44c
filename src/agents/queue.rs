//! The ready queue: which improvement is next, who may take it, and why one has to wait. Pure.
//!
//! Order: phase, then priority, then the claimed gain. A claim is only somebody's word; but where nothing is measured yet, it is
//! the only word there is, and it decides nothing but the order.

use std::collections::BTreeMap;
use std::fmt;

use super::facts::AssignmentId;
use super::roster::{Agent, Roster};
use super::stage::Stage;
use super::territory::Territory;
use crate::config::AgentLimits;
use crate::improvements::{Improvement, ImprovementId, Status};

/// An assignment that is not at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its number.
    pub id: AssignmentId,
    /// Which improvement.
    pub improvement: ImprovementId,
    /// Whose.
    pub agent: u32,
    /// Where it stands.
    pub stage: Stage,
    /// Attempts that count.
    pub attempts: u32,
}

/// All that the queue is derived from.
#[derive(Debug)]
pub struct Queue<'a> {
    /// What is claimed.
    pub improvements: &'a [Improvement],
    /// Who works.
    pub roster: &'a Roster,
    /// Limits on work in progress.
    pub limits: &'a AgentLimits,
    /// Where improvements stand; absent: Planned.
    pub statuses: &'a BTreeMap<ImprovementId, Status>,
    /// What is in the stack.
    pub accepted: &'a [ImprovementId],
    /// Who works on what.
    pub open: &'a [Open],
}

/// An improvement that somebody could work on.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate<'a> {
    /// Which.
    pub improvement: &'a Improvement,
    /// Who would take it.
    pub agent: Option<&'a Agent>,
    /// The open assignment that would go on.
    pub again: Option<AssignmentId>,
    /// What is in the way; ready when empty.
    pub hindrances: Vec<Hindrance>,
}

/// Why nobody may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hindrance {
    /// It is at its end.
    Status(Status),
    /// What it rests on is not accepted.
    Needs(ImprovementId),
    /// It is somebody else's.
    NotTheirs {
        /// Whose it is.
        owners: Vec<u32>,
    },
    /// Nobody owns modules.
    NoModules,
    /// The improvement is in somebody's hands already.
    Taken {
        /// By which assignment.
        id: AssignmentId,
        /// Whose.
        agent: u32,
        /// Where it stands.
        stage: Stage,
    },
    /// The agent has something else to do.
    AgentBusy {
        /// With which improvement.
        improvement: ImprovementId,
        /// Where that stands.
        stage: Stage,
    },
    /// Somebody else works on the same files.
    Overlaps {
        /// Who.
        agent: u32,
        /// On what.
        improvement: ImprovementId,
        /// Where the two meet.
        glob: String,
    },
    /// So many are at work already.
    Full(u32),
    /// So many wait for a reviewer.
    ReviewFull(u32),
    /// It was tried so often.
    NoAttemptsLeft(u32),
}

impl<'a> Queue<'a> {
    /// Everything that is not at its end, the next first; ready where nothing is in the way.
    pub fn all(&self) -> Vec<Candidate<'a>> {
        let ended = |entry: &Improvement| matches!(self.status(&entry.id), Status::Complete | Status::Cancelled);
        let mut entries: Vec<&Improvement> = self.improvements.iter().filter(|entry| !ended(entry)).collect();
        entries.sort_by(|a, b| {
            let gain = |entry: &Improvement| entry.claim.low.or(entry.claim.high).unwrap_or_default();
            let rank = |entry: &Improvement| (entry.phase, entry.priority);
            rank(a).cmp(&rank(b)).then_with(|| gain(b).total_cmp(&gain(a))).then_with(|| a.id.cmp(&b.id))
        });
        entries.into_iter().map(|entry| self.look(entry, None)).collect()
    }

    /// One improvement; for `agent`, or else the first of its owners that nothing hinders.
    pub fn look(&self, improvement: &'a Improvement, agent: Option<u32>) -> Candidate<'a> {
        let held = self.open.iter().find(|open| open.improvement == improvement.id);
        let wanted: Vec<u32> = match (agent, held) {
            (Some(agent), _) => vec![agent],
            (None, Some(held)) => vec![held.agent],
            (None, None) => improvement.agents.clone(),
        };
        let agents: Vec<&Agent> = wanted.iter().filter_map(|number| self.roster.get(*number)).collect();
        let mut found: Vec<Candidate<'a>> =
            agents.into_iter().map(|agent| self.candidate(improvement, agent, held)).collect();
        found.sort_by_key(|candidate| candidate.hindrances.len());
        let nobody = || {
            let owners = improvement.agents.clone();
            Candidate { improvement, agent: None, again: None, hindrances: vec![Hindrance::NotTheirs { owners }] }
        };
        found.into_iter().next().unwrap_or_else(nobody)
    }

    fn candidate(&self, improvement: &'a Improvement, agent: &'a Agent, held: Option<&Open>) -> Candidate<'a> {
        let again = held.filter(|held| held.agent == agent.number && held.stage.may_begin()).map(|held| held.id);
        let mut hindrances = self.of_improvement(improvement);
        match held {
            Some(held) if again.is_some() && held.attempts >= self.limits.attempts => {
                hindrances.push(Hindrance::NoAttemptsLeft(held.attempts));
            }
            Some(held) if again.is_none() => {
                hindrances.push(Hindrance::Taken { id: held.id, agent: held.agent, stage: held.stage });
            }
            Some(_) | None => {}
        }
        hindrances.extend(self.of_agent(improvement, agent));
        hindrances.extend(self.of_room());
        Candidate { improvement, agent: Some(agent), again, hindrances }
    }

    fn of_improvement(&self, improvement: &Improvement) -> Vec<Hindrance> {
        let mut found = Vec::new();
        match self.status(&improvement.id) {
            Status::Planned | Status::InProgress => {}
            status @ (Status::Complete | Status::Blocked | Status::Cancelled) => found.push(Hindrance::Status(status)),
        }
        let missing = improvement.needs.iter().filter(|needed| !self.accepted.contains(needed));
        found.extend(missing.cloned().map(Hindrance::Needs));
        found
    }

    fn of_agent(&self, improvement: &Improvement, agent: &Agent) -> Vec<Hindrance> {
        let mut found = Vec::new();
        if !improvement.agents.contains(&agent.number) {
            found.push(Hindrance::NotTheirs { owners: improvement.agents.clone() });
        }
        if agent.modules.is_empty() {
            found.push(Hindrance::NoModules);
        }
        for other in self.open.iter().filter(|other| other.improvement != improvement.id && other.stage.is_open()) {
            if other.agent == agent.number {
                let (improvement, stage) = (other.improvement.clone(), other.stage);
                found.push(Hindrance::AgentBusy { improvement, stage });
            } else if let Some(glob) = self.meet(agent, other.agent) {
                let (agent, improvement) = (other.agent, other.improvement.clone());
                found.push(Hindrance::Overlaps { agent, improvement, glob });
            }
        }
        found
    }

    fn of_room(&self) -> Vec<Hindrance> {
        let count = |wanted: &[Stage]| {
            u32::try_from(self.open.iter().filter(|open| wanted.contains(&open.stage)).count()).unwrap_or(u32::MAX)
        };
        let (working, waiting) = (count(&[Stage::Working]), count(&[Stage::Review]));
        let mut found = Vec::new();
        if working >= self.limits.parallel {
            found.push(Hindrance::Full(working));
        }
        if waiting >= self.limits.review {
            found.push(Hindrance::ReviewFull(waiting));
        }
        found
    }

    /// Where the files of two agents meet.
    fn meet(&self, agent: &Agent, other: u32) -> Option<String> {
        // Globs were checked when the roster was read.
        let (ours, theirs) =
            (Territory::new(&agent.modules).ok()?, Territory::new(&self.roster.get(other)?.modules).ok()?);
        ours.overlap(&theirs).map(|(glob, _)| glob.to_owned())
    }

    fn status(&self, id: &ImprovementId) -> Status {
        self.statuses.get(id).copied().unwrap_or(Status::Planned)
    }
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "it is {status}"),
            Self::Needs(id) => write!(f, "it needs {id}, which is not accepted yet"),
            Self::NotTheirs { owners } => {
                let owners: Vec<String> = owners.iter().map(ToString::to_string).collect();
                write!(f, "it belongs to agent {}", owners.join(" and "))
            }
            Self::NoModules => f.write_str("the agent owns no modules: there is no file that it may change"),
            Self::Taken { id, agent, stage } => write!(f, "agent {agent} has it ({id}, {stage})"),
            Self::AgentBusy { improvement, stage } => write!(f, "the agent is busy with {improvement} ({stage})"),
            Self::Overlaps { agent, improvement, glob } => {
                write!(f, "agent {agent} works on {improvement} in the same files ({glob})")
            }
            Self::Full(count) => write!(f, "{count} agents are at work, and `agents.parallel` allows no more"),
            Self::ReviewFull(count) => {
                write!(f, "{count} submissions wait for a reviewer, and `agents.review` allows no more")
            }
            Self::NoAttemptsLeft(count) => {
                write!(f, "{count} attempts were made, and `agents.attempts` allows no more")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::project::Project;

    /// The bundled register, whose agents' runners are people.
    fn catalog() -> Catalog {
        let project = Project::at(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        Catalog::load(&project).unwrap_or_else(|faults| panic!("{:?}", miette::Report::new(faults)))
    }

    fn open(improvement: &str, agent: u32, stage: Stage) -> Open {
        Open { id: AssignmentId(7), improvement: ImprovementId(improvement.to_owned()), agent, stage, attempts: 1 }
    }

    struct World {
        catalog: Catalog,
        statuses: BTreeMap<ImprovementId, Status>,
        accepted: Vec<ImprovementId>,
        open: Vec<Open>,
    }

    impl World {
        fn new(open: &[Open]) -> Self {
            Self { catalog: catalog(), statuses: BTreeMap::new(), accepted: Vec::new(), open: open.to_vec() }
        }

        fn queue(&self) -> Queue<'_> {
            Queue {
                improvements: &self.catalog.register.improvements,
                roster: &self.catalog.roster,
                limits: &self.catalog.config.agents,
                statuses: &self.statuses,
                accepted: &self.accepted,
                open: &self.open,
            }
        }

        /// What hinders `id`, in words.
        fn says(&self, id: &str, agent: Option<u32>) -> String {
            let improvement = self.catalog.register.get(id).unwrap();
            let found = self.queue().look(improvement, agent).hindrances;
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
    }

    #[test]
    fn phase_then_priority_then_claimed_gain() {
        let mut world = World::new(&[]);
        world.statuses.insert(ImprovementId("T001".to_owned()), Status::Complete);
        let queue = world.queue();
        let order = queue.all();
        assert_eq!(order.len(), 32, "what is complete is not in the queue");
        let ranks: Vec<_> = order.iter().map(|one| (one.improvement.phase, one.improvement.priority)).collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
        let first: Vec<f64> = order
            .iter()
            .take_while(|one| (one.improvement.phase, one.improvement.priority) == ranks[0])
            .map(|one| one.improvement.claim.low.or(one.improvement.claim.high).unwrap_or_default())
            .collect();
        assert!(first.len() > 2 && first.is_sorted_by(|a, b| a >= b), "{first:?}");
    }

    #[test]
    fn each_hindrance_has_its_word() {
        let nothing = World::new(&[]);
        assert_eq!(nothing.says("T003", None), "");
        assert_eq!(nothing.says("T003", Some(3)), "it belongs to agent 1");
        let working = World::new(&[open("T001", 1, Stage::Working)]);
        assert_eq!(working.says("T003", None), "the agent is busy with T001 (working)");
        assert_eq!(working.says("B001", None), "", "another agent's files are free");
        let taken = World::new(&[open("T003", 1, Stage::Review)]);
        assert_eq!(taken.says("T003", None), "agent 1 has it (assignment 7, in review)");
        let back = World::new(&[open("T003", 1, Stage::SentBack)]);
        let improvement = back.catalog.register.get("T003").unwrap();
        assert_eq!(back.queue().look(improvement, None).again, Some(AssignmentId(7)));
        let tired = World::new(&[Open { attempts: 3, ..open("T003", 1, Stage::Refused) }]);
        assert_eq!(tired.says("T003", None), "3 attempts were made, and `agents.attempts` allows no more");
        let full = World::new(&[open("B001", 3, Stage::Working), open("M001", 2, Stage::Working)]);
        assert_eq!(full.says("T003", None), "2 agents are at work, and `agents.parallel` allows no more");
        let mut blocked = World::new(&[]);
        blocked.statuses.insert(ImprovementId("T003".to_owned()), Status::Blocked);
        assert_eq!(blocked.says("T003", None), "it is Blocked");
        let mut meeting = World::new(&[open("B001", 3, Stage::Gates)]);
        meeting.catalog.roster.agents[0].modules = vec!["engine/src/**".to_owned()];
        assert_eq!(meeting.says("T003", None), "agent 3 works on B001 in the same files (engine/src/**)");
    }

    #[test]
    fn what_it_needs_comes_first() {
        let mut world = World::new(&[]);
        let needy = world.catalog.register.improvements.iter_mut().find(|entry| entry.id.0 == "T003").unwrap();
        needy.needs = vec![ImprovementId("B001".to_owned())];
        assert_eq!(world.says("T003", None), "it needs B001, which is not accepted yet");
        world.accepted.push(ImprovementId("B001".to_owned()));
        assert_eq!(world.says("T003", None), "");
    }
}
