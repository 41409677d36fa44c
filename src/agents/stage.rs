//! Where an assignment stands, derived from its facts. Pure: one table of tests says all of it.
//!
//! ```text
//!  assigned ─▶ working ─┬─▶ gates ─┬─▶ review ─┬─▶ approved ─▶ merged
//!                 ▲     │          │           │
//!                 │     ├─▶ ended  ├─▶ refused └─▶ sent back
//!                 │     └─▶ lost   │                  │
//!                 └──── next attempt ◀────────────────┘        withdrawn: from anywhere before merged
//!                                                              taken off the branch again: sent back
//! ```

use std::fmt;

use serde::Serialize;

use super::facts::{Attempt, Decision, Life, Submission};

/// Where an assignment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody has begun.
    Assigned,
    /// An attempt is under way.
    Working,
    /// An attempt was under way, and nobody watches over it any more.
    Lost,
    /// An attempt ended, and nothing was handed in.
    Ended,
    /// What was handed in is being checked, or has yet to be.
    Gates,
    /// A gate did not let it on.
    Refused,
    /// All gates let it on; a reviewer has to say something.
    Review,
    /// A reviewer wants more work.
    SentBack,
    /// It may be merged.
    Approved,
    /// It is on the integration branch.
    Merged,
    /// Given up.
    Withdrawn,
}

/// Where `life` stands; `supervised` tells whether somebody watches over an attempt.
pub fn stage(life: &Life, supervised: impl Fn(&Attempt) -> bool) -> Stage {
    if life.submissions.iter().any(Submission::is_landed) {
        return Stage::Merged;
    }
    if life.withdrawn.is_some() {
        return Stage::Withdrawn;
    }
    match (life.last_attempt(), life.submission()) {
        (Some(attempt), _) if attempt.ended.is_none() && supervised(attempt) => Stage::Working,
        (Some(attempt), _) if attempt.ended.is_none() => Stage::Lost,
        (_, Some(submission)) => of(submission),
        (Some(_), None) => Stage::Ended,
        (None, None) => Stage::Assigned,
    }
}

fn of(submission: &Submission) -> Stage {
    match submission.reviews.last().map(|review| review.decision) {
        Some(Decision::Approved) => Stage::Approved,
        Some(Decision::SentBack) => Stage::SentBack,
        None if submission.refused().is_some() => Stage::Refused,
        None if submission.next_gate().is_some() => Stage::Gates,
        None => Stage::Review,
    }
}

impl Stage {
    /// Of `life` on this machine, now.
    pub fn now(life: &Life) -> Self {
        stage(life, Attempt::is_supervised)
    }

    /// Whether somebody still has to do something.
    pub fn is_open(self) -> bool {
        match self {
            Self::Merged | Self::Withdrawn => false,
            Self::Assigned
            | Self::Working
            | Self::Lost
            | Self::Ended
            | Self::Gates
            | Self::Refused
            | Self::Review
            | Self::SentBack
            | Self::Approved => true,
        }
    }

    /// Whether another attempt may begin.
    pub fn may_begin(self) -> bool {
        match self {
            Self::Assigned | Self::Ended | Self::Refused | Self::SentBack => true,
            Self::Working
            | Self::Lost
            | Self::Gates
            | Self::Review
            | Self::Approved
            | Self::Merged
            | Self::Withdrawn => false,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Assigned => "assigned",
            Self::Working => "working",
            Self::Lost => "lost",
            Self::Ended => "ended",
            Self::Gates => "at the gates",
            Self::Refused => "refused",
            Self::Review => "in review",
            Self::SentBack => "sent back",
            Self::Approved => "approved",
            Self::Merged => "merged",
            Self::Withdrawn => "withdrawn",
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::agents::facts::*;
    use crate::improvements::ImprovementId;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// `words`: what happened, in order.
    fn life(words: &str) -> Life {
        let assignment = Assignment {
            id: AssignmentId(1),
            at: at(0),
            improvement: ImprovementId("T003".to_owned()),
            agent: 1,
            branch: "agent1/t003".to_owned(),
            base: "b".to_owned(),
        };
        let mut life = Life { assignment, attempts: Vec::new(), submissions: Vec::new(), withdrawn: None };
        for (second, word) in (1..).zip(words.split_whitespace()) {
            let now = at(second);
            let checked = |gate, outcome| Checked { at: now, gate, outcome, reason: String::new(), experiment: None };
            let review =
                |decision| Review { at: now, decision, author: "ann".to_owned(), comment: "because".to_owned() };
            match word {
                "begin" => life.attempts.push(Attempt {
                    id: AttemptId(second),
                    number: 1,
                    at: now,
                    token: String::new(),
                    workers: Vec::new(),
                    said: Vec::new(),
                    ended: None,
                }),
                "end" => {
                    life.attempts.last_mut().unwrap().ended = Some(Ended {
                        at: now,
                        ending: Ending::Finished,
                        reason: String::new(),
                        exit_code: Some(0),
                        output_bytes: 0,
                        left_behind: 0,
                        snapshot: None,
                    });
                }
                "submit" => life.submissions.push(Submission {
                    id: SubmissionId(second),
                    at: now,
                    attempt: life.attempts.last().map(|attempt| attempt.id),
                    commit: "c".to_owned(),
                    note: String::new(),
                    checked: Vec::new(),
                    reviews: Vec::new(),
                    merged: None,
                }),
                "pass" => {
                    let all = Gate::ALL.map(|gate| checked(gate, Passed::Yes));
                    life.submissions.last_mut().unwrap().checked.extend(all);
                }
                "fail" => life.submissions.last_mut().unwrap().checked.push(checked(Gate::Tests, Passed::No)),
                "again" => life.submissions.last_mut().unwrap().checked.push(checked(Gate::Tests, Passed::Yes)),
                "approve" => life.submissions.last_mut().unwrap().reviews.push(review(Decision::Approved)),
                "back" => life.submissions.last_mut().unwrap().reviews.push(review(Decision::SentBack)),
                "merge" => {
                    let merged = Merged { at: now, branch: "integration".to_owned(), commit: "m".to_owned() };
                    life.submissions.last_mut().unwrap().merged = Some(merged);
                }
                "withdraw" => {
                    let (author, reason) = ("ann".to_owned(), "because".to_owned());
                    life.withdrawn = Some(Withdrawn { at: now, author, reason });
                }
                other => panic!("{other}?"),
            }
        }
        life
    }

    #[test]
    fn the_table() {
        let table = [
            ("", Stage::Assigned),
            ("begin", Stage::Working),
            ("begin submit", Stage::Working),
            ("begin end", Stage::Ended),
            ("begin submit end", Stage::Gates),
            ("begin submit end fail", Stage::Refused),
            ("begin submit end fail again", Stage::Gates),
            ("begin submit end pass", Stage::Review),
            ("begin submit end fail begin", Stage::Working),
            ("begin submit end fail begin end", Stage::Ended),
            ("begin submit end pass back", Stage::SentBack),
            ("begin submit end pass back begin end", Stage::Ended),
            ("begin submit end pass back begin submit end", Stage::Gates),
            ("begin submit end pass approve", Stage::Approved),
            ("begin submit end pass approve merge", Stage::Merged),
            ("begin submit end pass approve back", Stage::SentBack),
            ("submit", Stage::Gates),
            ("submit pass", Stage::Review),
            ("submit pass back submit", Stage::Gates),
            ("withdraw", Stage::Withdrawn),
            ("begin end withdraw", Stage::Withdrawn),
            ("begin submit end pass approve merge withdraw", Stage::Merged),
            ("begin submit end pass approve merge back", Stage::SentBack),
            ("begin submit end pass approve merge back begin", Stage::Working),
            ("begin submit end pass approve merge back begin submit end pass approve merge", Stage::Merged),
            ("begin submit end pass approve merge back withdraw", Stage::Withdrawn),
        ];
        for (words, expected) in table {
            assert_eq!(stage(&life(words), |_| true), expected, "{words}");
        }
        assert_eq!(stage(&life("begin"), |_| false), Stage::Lost);
        assert_eq!(stage(&life("begin end"), |_| false), Stage::Ended);
    }
}
