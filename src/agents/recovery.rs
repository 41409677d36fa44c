//! What a crash has left of an assignment, and what is to be done about it. Pure: looking and doing are the caller's.
//!
//! | class   | means                                                        | repair                                         |
//! |---------|--------------------------------------------------------------|------------------------------------------------|
//! | running | somebody watches over it                                     | none                                           |
//! | resting | nobody has to: it waits for the next step                    | none                                           |
//! | dead    | an attempt was under way, and its supervisor is gone         | end its processes, keep its work, write it down|
//! | partial | a step was begun and not finished                            | finish it, or say how                          |
//! | done    | merged or withdrawn                                          | remove the worktree, unless something is in it |

use serde::Serialize;

use super::stage::Stage;

/// What is seen of an assignment beside its facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its worktree is there.
    pub tree: bool,
    /// Files in it that are not committed.
    pub uncommitted: usize,
    /// A git command was killed in it.
    pub locked: bool,
    /// Processes that bear the token of one of its attempts.
    pub processes: usize,
    /// Somebody runs its gates.
    pub at_gates: bool,
}

/// What an assignment is, after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Somebody watches over it.
    Running,
    /// It waits for its next step.
    Resting,
    /// Its supervisor is gone.
    Dead,
    /// A step was begun and not finished.
    Partial,
    /// It is at its end.
    Done,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// End processes that an attempt has left.
    EndProcesses,
    /// Remove the lock of a git command that was killed.
    Unlock,
    /// Keep what is not committed, and write down that the attempt is lost.
    RecordLoss,
    /// Check the branch out again.
    RestoreWorktree,
    /// Run the gates that have yet to say something: the person's to start, since they measure.
    RunGates,
    /// Remove the clean worktree of what is at its end.
    RemoveWorktree,
    /// Leave the worktree of what is at its end: something in it is not committed.
    KeepWorktree,
}

/// Classifies an assignment that stands at `stage`.
pub fn classify(stage: Stage, seen: &Seen) -> (Class, Vec<Repair>) {
    let mut repairs = Vec::new();
    if stage == Stage::Working {
        return (Class::Running, repairs);
    }
    if seen.processes > 0 {
        repairs.push(Repair::EndProcesses);
    }
    if seen.locked {
        repairs.push(Repair::Unlock);
    }
    match stage {
        Stage::Lost => {
            repairs.push(Repair::RecordLoss);
            if !seen.tree {
                repairs.push(Repair::RestoreWorktree);
            }
            return (Class::Dead, repairs);
        }
        Stage::Merged | Stage::Withdrawn => {
            if seen.tree {
                repairs.push(if seen.uncommitted == 0 { Repair::RemoveWorktree } else { Repair::KeepWorktree });
            }
            return (Class::Done, repairs);
        }
        Stage::Gates if seen.at_gates => return (Class::Running, repairs),
        Stage::Gates => repairs.push(Repair::RunGates),
        Stage::Working
        | Stage::Assigned
        | Stage::Ended
        | Stage::Refused
        | Stage::Review
        | Stage::SentBack
        | Stage::Approved => {}
    }
    if !seen.tree {
        repairs.push(Repair::RestoreWorktree);
    }
    (if repairs.is_empty() { Class::Resting } else { Class::Partial }, repairs)
}

impl Repair {
    /// In words, as something that is done.
    pub fn told(self) -> &'static str {
        match self {
            Self::EndProcesses => "end the processes that it has left",
            Self::Unlock => "remove the lock of a git command that was killed",
            Self::RecordLoss => "keep what is not committed, and write down that the attempt is lost",
            Self::RestoreWorktree => "check its branch out again",
            Self::RunGates => "its gates are to be run: `workbench gate`",
            Self::RemoveWorktree => "remove its worktree, in which all is committed",
            Self::KeepWorktree => "its worktree stays: something in it is not committed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ruin_has_its_class_and_its_repairs() {
        let whole = Seen { tree: true, ..Seen::default() };
        let table = [
            (Stage::Working, whole.clone(), Class::Running, vec![]),
            (Stage::Assigned, whole.clone(), Class::Resting, vec![]),
            (Stage::Assigned, Seen::default(), Class::Partial, vec![Repair::RestoreWorktree]),
            (Stage::Lost, whole.clone(), Class::Dead, vec![Repair::RecordLoss]),
            (
                Stage::Lost,
                Seen { processes: 2, locked: true, ..Seen::default() },
                Class::Dead,
                vec![Repair::EndProcesses, Repair::Unlock, Repair::RecordLoss, Repair::RestoreWorktree],
            ),
            (Stage::Ended, Seen { processes: 1, ..whole.clone() }, Class::Partial, vec![Repair::EndProcesses]),
            (Stage::Gates, whole.clone(), Class::Partial, vec![Repair::RunGates]),
            (Stage::Gates, Seen { at_gates: true, ..whole.clone() }, Class::Running, vec![]),
            (Stage::Merged, whole.clone(), Class::Done, vec![Repair::RemoveWorktree]),
            (Stage::Merged, Seen::default(), Class::Done, vec![]),
            (Stage::Withdrawn, Seen { uncommitted: 1, ..whole }, Class::Done, vec![Repair::KeepWorktree]),
        ];
        for (stage, seen, class, repairs) in table {
            assert_eq!(classify(stage, &seen), (class, repairs), "{stage} {seen:?}");
        }
    }
}
