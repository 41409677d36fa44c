//! The public status of an improvement, derived from facts. Pure: one table of tests says all of it.
//!
//! | newest word of a person | evidence                          | status                                       |
//! |-------------------------|-----------------------------------|----------------------------------------------|
//! | –                       | no experiment                     | Planned                                      |
//! | –                       | an experiment, not accepted       | In Progress                                  |
//! | –                       | accepted                          | Complete                                     |
//! | Planned, In Progress    | accepted later                    | Complete                                     |
//! | Blocked                 | accepted later                    | Complete: what was blocked has been measured |
//! | Cancelled               | whatever                          | Cancelled: only a person takes it up again   |
//! | Complete                | rejected or broken later          | In Progress: the claim has been refuted      |
//!
//! An INCONCLUSIVE verdict leaves standing what was decided before it.

use jiff::Timestamp;
use serde::Serialize;

use super::improvement::SetStatus;
use super::note::Note;
use super::verdict::VerdictFact;
use crate::improvements::Status;
use crate::lab::experiment::ExperimentId;

/// What the store knows of one improvement.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// The newest status somebody set.
    pub set: Option<SetStatus>,
    /// The first time somebody forced it to Complete, whatever came later.
    pub forced: Option<SetStatus>,
    /// Its newest experiment.
    pub experiment: Option<ExperimentId>,
    /// Its newest verdict.
    pub latest: Option<VerdictFact>,
    /// Its newest verdict that decided something: any but INCONCLUSIVE.
    pub decisive: Option<VerdictFact>,
    /// What the stack loses without it: the newest such verdict that decided something, or else the newest. No status rests
    /// on it.
    pub left_out: Option<VerdictFact>,
    /// What people have noted, the oldest first. Nothing rests on it.
    pub notes: Vec<Note>,
}

impl Known {
    /// The verdict that is cited: the newest that decided something, or else the newest.
    pub fn cited(&self) -> Option<&VerdictFact> {
        self.decisive.as_ref().or(self.latest.as_ref())
    }
}

/// The public status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Public {
    /// The word.
    pub status: Status,
    /// What it rests on, in a sentence.
    pub reason: String,
    /// It was once forced to Complete without evidence; said for ever.
    pub forced: Option<Forced>,
    /// Complete, but the tree has moved since it was measured; `None` when there is nothing to compare.
    pub stale: Option<bool>,
}

/// Who forced a status, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forced {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Evidence came later: the status no longer rests on the force.
    pub proven_since: bool,
}

impl Known {
    /// The decisive verdict, when it lets the improvement join the stack under the policy it was measured by.
    pub fn accepted(&self) -> Option<&VerdictFact> {
        self.decisive.as_ref().filter(|verdict| verdict.ruling.passed)
    }
}

/// The public status; `tree` is the digest of the tree as it is now, where the caller knows it.
pub fn derive(known: &Known, tree: Option<&str>) -> Public {
    let (status, reason) = status(known);
    let accepted = known.accepted();
    let forced = known.forced.as_ref().map(|set| Forced {
        at: set.at,
        author: set.author.clone(),
        reason: set.reason.clone(),
        proven_since: accepted.is_some_and(|verdict| verdict.at >= set.at),
    });
    let stale = match (status, accepted, tree) {
        (Status::Complete, Some(verdict), Some(tree)) => Some(verdict.tree_digest != tree),
        _ => None,
    };
    Public { status, reason, forced, stale }
}

fn status(known: &Known) -> (Status, String) {
    let Some(set) = &known.set else { return by_evidence(known) };
    let later = known.decisive.as_ref().filter(|verdict| verdict.at >= set.at).map(|verdict| &verdict.ruling);
    let stands = (set.status, said(set));
    match (set.status, later) {
        (Status::Cancelled, _) | (_, None) => stands,
        (Status::Planned | Status::InProgress, Some(_)) => by_evidence(known),
        (Status::Blocked, Some(ruling)) if !ruling.passed => stands,
        (Status::Blocked | Status::Complete, Some(_)) => by_evidence(known),
    }
}

fn by_evidence(known: &Known) -> (Status, String) {
    match (&known.decisive, &known.latest, known.experiment) {
        (Some(verdict), _, _) if verdict.ruling.passed => (Status::Complete, ruled(verdict)),
        (Some(verdict), _, _) | (None, Some(verdict), _) => (Status::InProgress, ruled(verdict)),
        (None, None, Some(experiment)) => {
            (Status::InProgress, format!("experiment {} has no verdict yet", experiment.0))
        }
        (None, None, None) => (Status::Planned, "nothing has been measured".to_owned()),
    }
}

fn ruled(verdict: &VerdictFact) -> String {
    format!("verdict {} {}: {}", verdict.row, verdict.ruling.verdict, verdict.ruling.reason)
}

fn said(set: &SetStatus) -> String {
    let force = if set.forced { "forced by" } else { "set by" };
    let why = if set.reason.is_empty() { "no reason given" } else { &set.reason };
    format!("{force} {}: {why}", set.author)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::improvements::ImprovementId;
    use crate::lab::experiment::{Question, Ruling, Verdict};

    fn set(at: i64, status: Status) -> SetStatus {
        SetStatus {
            at: Timestamp::from_second(at).unwrap(),
            status,
            reason: "because".to_owned(),
            author: "ann".to_owned(),
            forced: false,
        }
    }

    fn verdict(at: i64, verdict: Verdict) -> VerdictFact {
        VerdictFact {
            row: at,
            at: Timestamp::from_second(at).unwrap(),
            experiment: ExperimentId(at),
            question: Question::AddOneIn(ImprovementId("T003".to_owned())),
            tree_digest: "tree-1".to_owned(),
            workload: "tpcc sessions=64".to_owned(),
            metric: "tps".to_owned(),
            better: crate::improvements::Direction::Higher,
            binary_a: None,
            binary_b: None,
            ruling: Ruling {
                verdict,
                reason: "measured".to_owned(),
                passed: verdict.is_accepted(),
                decision: Vec::new(),
                outcomes: Vec::new(),
                confirmation: None,
                mechanism: None,
                rule_version: 1,
            },
        }
    }

    /// `words`: what happened, in order; upper case is a verdict, capitalised a status set by a person.
    fn known(words: &str) -> Known {
        let mut known = Known::default();
        for (at, word) in (1..).zip(words.split_whitespace()) {
            let mut ruled = |word| {
                known.experiment = Some(ExperimentId(at));
                known.latest = Some(verdict(at, word));
                if word != Verdict::Inconclusive {
                    known.decisive = known.latest.clone();
                }
            };
            match word {
                "run" => known.experiment = Some(ExperimentId(at)),
                "PROVEN" => ruled(Verdict::Proven),
                "ACCEPTED" => ruled(Verdict::Accepted),
                "REJECTED" => ruled(Verdict::Rejected),
                "INCONCLUSIVE" => ruled(Verdict::Inconclusive),
                "BROKEN" => ruled(Verdict::Broken),
                "Planned" => known.set = Some(set(at, Status::Planned)),
                "InProgress" => known.set = Some(set(at, Status::InProgress)),
                "Blocked" => known.set = Some(set(at, Status::Blocked)),
                "Cancelled" => known.set = Some(set(at, Status::Cancelled)),
                "Complete" => known.set = Some(set(at, Status::Complete)),
                "Forced" => {
                    known.set = Some(SetStatus { forced: true, ..set(at, Status::Complete) });
                    known.forced = known.forced.or(known.set.clone());
                }
                other => panic!("{other}?"),
            }
        }
        known
    }

    #[test]
    fn the_table() {
        let table = [
            ("", Status::Planned),
            ("run", Status::InProgress),
            ("run PROVEN", Status::Complete),
            ("run ACCEPTED", Status::Complete),
            ("run REJECTED", Status::InProgress),
            ("run BROKEN", Status::InProgress),
            ("run INCONCLUSIVE", Status::InProgress),
            ("PROVEN run", Status::Complete),
            ("PROVEN INCONCLUSIVE", Status::Complete),
            ("PROVEN REJECTED", Status::InProgress),
            ("PROVEN BROKEN", Status::InProgress),
            ("REJECTED PROVEN", Status::Complete),
            ("InProgress", Status::InProgress),
            ("InProgress PROVEN", Status::Complete),
            ("Planned run", Status::Planned),
            ("PROVEN InProgress", Status::InProgress),
            ("Blocked run", Status::Blocked),
            ("Blocked REJECTED", Status::Blocked),
            ("Blocked PROVEN", Status::Complete),
            ("PROVEN Blocked", Status::Blocked),
            ("Cancelled PROVEN", Status::Cancelled),
            ("Cancelled PROVEN Planned PROVEN", Status::Complete),
            ("PROVEN Complete", Status::Complete),
            ("Forced", Status::Complete),
            ("Forced INCONCLUSIVE", Status::Complete),
            ("Forced REJECTED", Status::InProgress),
            ("Forced PROVEN", Status::Complete),
            ("REJECTED Forced", Status::Complete),
        ];
        for (words, expected) in table {
            assert_eq!(derive(&known(words), None).status, expected, "{words}");
        }
    }

    #[test]
    fn a_force_is_told_for_ever() {
        let forced = |words| derive(&known(words), None).forced.map(|forced| forced.proven_since);
        assert_eq!(forced("PROVEN"), None);
        assert_eq!(forced("Forced"), Some(false));
        assert_eq!(forced("Forced Planned"), Some(false));
        assert_eq!(forced("Forced REJECTED"), Some(false));
        assert_eq!(forced("Forced PROVEN"), Some(true));
        assert_eq!(forced("PROVEN Forced"), Some(false), "evidence from before the force was not enough");
    }

    #[test]
    fn stale_when_the_tree_moved_since_the_verdict() {
        let stale = |words, tree| derive(&known(words), tree).stale;
        assert_eq!(stale("PROVEN", Some("tree-1")), Some(false));
        assert_eq!(stale("PROVEN", Some("tree-2")), Some(true));
        assert_eq!(stale("PROVEN", None), None);
        assert_eq!(stale("REJECTED", Some("tree-2")), None);
        assert_eq!(stale("Forced", Some("tree-2")), None);
    }
}
