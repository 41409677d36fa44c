//! A stand-up: what came between two lines of the change log, subject by subject.
//!
//! Nobody is asked what they did: what was recorded is what was done. Pairs are counted and not listed, so that a night of
//! measuring is a line.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::tracking::Change;

/// What came between two lines of the change log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Standup {
    /// The last line that is not in it.
    pub after: i64,
    /// The last line that is.
    pub until: i64,
    /// What was done to each subject, the latest first.
    pub subjects: Vec<SubjectLine>,
}

/// What was done to a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubjectLine {
    /// `T003`, `agent 1`, `command`.
    pub subject: String,
    /// Pairs that were measured.
    pub pairs: u64,
    /// Everything else, in order.
    pub said: Vec<Said>,
}

/// A fact in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// What kind of fact.
    pub kind: String,
    /// In words.
    pub text: String,
}

impl Standup {
    /// Groups `changes` after the line `after`, in order; `pairs` counts those of each subject that are not among them.
    pub fn of(after: i64, until: i64, changes: &[Change], pairs: &BTreeMap<String, u64>) -> Self {
        let mut subjects: BTreeMap<&str, (i64, SubjectLine)> = BTreeMap::new();
        let of = |subject: &str| -> SubjectLine {
            SubjectLine {
                subject: subject.to_owned(),
                pairs: pairs.get(subject).copied().unwrap_or_default(),
                said: Vec::new(),
            }
        };
        for change in changes.iter().filter(|change| change.seq > after && change.seq <= until) {
            let (latest, line) = subjects.entry(&change.subject).or_insert_with(|| (0, of(&change.subject)));
            *latest = change.seq;
            line.said.push(Said { at: change.at, kind: change.table.clone(), text: change.summary.clone() });
        }
        for subject in pairs.keys() {
            subjects.entry(subject).or_insert_with(|| (0, of(subject)));
        }
        let mut subjects: Vec<(i64, SubjectLine)> = subjects.into_values().collect();
        // They come sorted by name, and the sort is stable.
        subjects.sort_by_key(|(latest, _)| std::cmp::Reverse(*latest));
        Self { after, until, subjects: subjects.into_iter().map(|(_, line)| line).collect() }
    }

    /// Whether nothing was done.
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(seq: i64, table: &str, subject: &str) -> Change {
        let at = Timestamp::from_second(seq).unwrap();
        let (table, subject) = (table.to_owned(), subject.to_owned());
        Change { seq, at, table, row: seq, subject, summary: format!("change {seq}") }
    }

    #[test]
    fn subjects_come_with_the_latest_first_and_pairs_are_counted() {
        let changes = [
            change(3, "experiment", "T003"),
            change(4, "improvement_status", "B002"),
            change(9, "verdict", "T003"),
            change(12, "command_log", "command"),
        ];
        let pairs = BTreeMap::from([("T003".to_owned(), 14), ("calibrate".to_owned(), 5)]);
        let standup = Standup::of(3, 11, &changes, &pairs);
        let told: Vec<_> =
            standup.subjects.iter().map(|line| (line.subject.as_str(), line.pairs, line.said.len())).collect();
        assert_eq!(told, [("T003", 14, 1), ("B002", 0, 1), ("calibrate", 5, 0)], "neither line 3 nor line 12");
        assert_eq!(standup.subjects[0].said[0].text, "change 9");
        assert!(Standup::of(12, 12, &changes, &BTreeMap::new()).is_empty());
    }
}
