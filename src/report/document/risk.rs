//! The risk register: what people fear, and whether it has happened. Nobody states that: it follows from what was recorded.
//!
//! ```text
//!  gates, the merge train, verdicts ──▶ troubles, each of an improvement and from a source
//!                                          │ a risk's `raised_by` picks those that it is about
//!                                          ▼
//!     not watched · quiet · raised (the newest word of some source is trouble) · past (each was answered since)
//! ```
//!
//! A trouble is answered by the same source saying the opposite of the same improvement later: the gate lets a later submission on, the train lands it, a
//! newer verdict finds no loss; or the assignment is withdrawn, so that what was wrong goes nowhere.

use std::collections::BTreeMap;

use jiff::Timestamp;
use regex::RegexBuilder;
use serde::Serialize;

use super::whole::Snapshot;
use crate::agents::brief;
use crate::agents::facts::{Gate, Life, Passed, Submission};
use crate::agents::train;
use crate::improvements::ImprovementId;
use crate::improvements::plan::{Risk, Sign, Trouble};
use crate::lab::experiment::{Outcome, Verdict};
use crate::tracking::VerdictFact;

/// A risk, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskLine {
    /// As people wrote it.
    #[serde(flatten)]
    pub risk: Risk,
    /// Derived.
    pub state: RiskState,
    /// What it rests on, in a sentence.
    pub reason: String,
    /// When that was recorded.
    pub at: Option<Timestamp>,
}

/// Where a risk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskState {
    /// Nothing that is recorded could raise it.
    NotWatched,
    /// It is watched, and nothing has happened.
    Quiet,
    /// It had happened, and was answered.
    Past,
    /// It has happened.
    Raised,
}

/// Who says that something is wrong, or right again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Gate(Gate),
    Train,
    Verdict,
}

/// A word about an improvement.
#[derive(Debug)]
struct Word<'a> {
    of: &'a ImprovementId,
    from: Source,
    at: Timestamp,
    /// None: nothing any more.
    wrong: Option<Wrong>,
}

/// What is wrong, and why.
#[derive(Debug)]
struct Wrong {
    trouble: Trouble,
    /// All that was said of it; the first line is for reports.
    text: String,
}

/// The risks in order.
pub(super) fn lines(snapshot: &Snapshot) -> Vec<RiskLine> {
    let facts = &snapshot.facts;
    let mut words: Vec<Word<'_>> = facts.lives.iter().flat_map(of_life).collect();
    words.extend(facts.known.iter().filter_map(|(id, known)| Some(of_verdict(id, known.latest.as_ref()?))));
    words.sort_by_key(|word| word.at);
    snapshot.catalog.register.risks.risks.iter().map(|risk| line(risk, &words)).collect()
}

fn line(risk: &Risk, words: &[Word<'_>]) -> RiskLine {
    let told = |state, reason: String, at| RiskLine { risk: risk.clone(), state, reason, at };
    if risk.raised_by.is_empty() {
        return told(RiskState::NotWatched, "nothing that is recorded could raise it".to_owned(), None);
    }
    // The newest trouble of each source, and whether it is that source's newest word.
    let mut troubles: BTreeMap<(&ImprovementId, Source), (Timestamp, &str, bool)> = BTreeMap::new();
    for word in words {
        match &word.wrong {
            Some(wrong) if risk.raised_by.iter().any(|sign| is_of(sign, wrong)) => {
                troubles.insert((word.of, word.from), (word.at, first(&wrong.text), true));
            }
            Some(_) => {}
            None => {
                if let Some((_, _, stands)) = troubles.get_mut(&(word.of, word.from)) {
                    *stands = false;
                }
            }
        }
    }
    let standing = troubles.values().filter(|(_, _, stands)| *stands).count();
    let wanted = |(_, _, stands): &&(Timestamp, &str, bool)| *stands == (standing > 0);
    let newest = troubles.values().filter(wanted).max_by_key(|(at, _, _)| *at);
    match (newest, standing) {
        (None, _) => told(RiskState::Quiet, "nothing of it was recorded".to_owned(), None),
        (Some((at, text, _)), 0) => told(RiskState::Past, format!("{text}; answered since"), Some(*at)),
        (Some((at, text, _)), 1) => told(RiskState::Raised, (*text).to_owned(), Some(*at)),
        (Some((at, text, _)), some) => told(RiskState::Raised, format!("{text}; and {} more", some - 1), Some(*at)),
    }
}

fn is_of(sign: &Sign, wrong: &Wrong) -> bool {
    // The loader has refused what is no pattern.
    let pattern = |naming: &String| RegexBuilder::new(naming).case_insensitive(true).build();
    let names = |naming: &String| pattern(naming).is_ok_and(|pattern| pattern.is_match(&wrong.text));
    sign.event == wrong.trouble && sign.naming.as_ref().is_none_or(names)
}

fn of_life(life: &Life) -> Vec<Word<'_>> {
    let of = &life.assignment.improvement;
    let mut words: Vec<Word<'_>> =
        life.submissions.iter().flat_map(|submission| of_submission(of, submission)).collect();
    if let Some(withdrawn) = &life.withdrawn {
        let sources = Gate::ALL.map(Source::Gate).into_iter().chain([Source::Train]);
        words.extend(sources.map(|from| Word { of, from, at: withdrawn.at, wrong: None }));
    }
    words
}

fn of_submission<'a>(of: &'a ImprovementId, submission: &'a Submission) -> Vec<Word<'a>> {
    let checked = submission.checked.iter().filter_map(|found| {
        let trouble = trouble(found.gate)?;
        let text = || format!("{of}: refused by {}: {}", found.gate, brief::told(found));
        let wrong = (found.outcome == Passed::No).then(|| Wrong { trouble, text: text() });
        Some(Word { of, from: Source::Gate(found.gate), at: found.at, wrong })
    });
    let sent_back = submission.reviews.iter().filter(|review| review.author == train::AUTHOR).map(|review| {
        let trouble = if train::is_conflict(review) { Trouble::Conflict } else { Trouble::Regression };
        let text = format!("{of}: sent back by the {}: {}", train::AUTHOR, review.comment);
        Word { of, from: Source::Train, at: review.at, wrong: Some(Wrong { trouble, text }) }
    });
    let merged = submission.merged.iter().map(|merged| Word { of, from: Source::Train, at: merged.at, wrong: None });
    checked.chain(sent_back).chain(merged).collect()
}

/// What it means that a gate refuses; nothing that anybody fears, where it is about the agent's own conduct or only about too small a gain.
fn trouble(gate: Gate) -> Option<Trouble> {
    match gate {
        Gate::Build => Some(Trouble::BuildFailed),
        Gate::Tests => Some(Trouble::TestsFailed),
        Gate::Equivalence => Some(Trouble::WrongAnswers),
        Gate::Guards | Gate::Baseline | Gate::PrivateGuards => Some(Trouble::Regression),
        Gate::History | Gate::Harness | Gate::Modules | Gate::Size | Gate::Verdict => None,
    }
}

fn of_verdict<'a>(of: &'a ImprovementId, fact: &'a VerdictFact) -> Word<'a> {
    let ruling = &fact.ruling;
    let lost = ruling.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Regressed | Outcome::Moved));
    let trouble = match (ruling.verdict, lost) {
        (Verdict::Broken, _) => Some(Trouble::WrongAnswers),
        (_, true) => Some(Trouble::Regression),
        (_, false) => None,
    };
    let text = || format!("{of}: {} (verdict {}): {}", ruling.verdict, fact.row, ruling.reason);
    Word { of, from: Source::Verdict, at: fact.at, wrong: trouble.map(|trouble| Wrong { trouble, text: text() }) }
}

fn first(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

impl RiskState {
    /// The word.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotWatched => "not watched",
            Self::Quiet => "quiet",
            Self::Past => "past",
            Self::Raised => "raised",
        }
    }
}

impl RiskLine {
    /// State and reason, for one that has happened.
    pub fn happened(&self) -> Option<String> {
        match self.state {
            RiskState::NotWatched | RiskState::Quiet => None,
            RiskState::Past | RiskState::Raised => {
                Some(format!("{} {}: {}", self.risk.id, self.state.label(), self.reason))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::improvements::plan::Level;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Of an improvement, from a source, with its trouble.
    type Told = (&'static str, Source, Option<Trouble>);

    /// Where a risk stands that losses raise, after `words`.
    fn stands(words: &[Told]) -> (RiskState, String) {
        let ids: Vec<ImprovementId> = words.iter().map(|(id, _, _)| ImprovementId((*id).to_owned())).collect();
        let words: Vec<Word<'_>> = (1..)
            .zip(&ids)
            .zip(words)
            .map(|((second, of), (_, from, trouble))| {
                let wrong = trouble.map(|trouble| Wrong {
                    trouble,
                    text: format!(
                        "{of}: {second}
more of it"
                    ),
                });
                Word { of, from: *from, at: at(second), wrong }
            })
            .collect();
        let risk = Risk {
            id: "R1".to_owned(),
            description: "it gets slower".to_owned(),
            impact: Level::High,
            probability: Level::Low,
            mitigation: "measure".to_owned(),
            owners: Vec::new(),
            raised_by: vec![Sign { event: Trouble::Regression, naming: None }],
        };
        let line = line(&risk, &words);
        (line.state, line.reason)
    }

    #[test]
    fn a_risk_stands_until_whoever_raised_it_says_otherwise() {
        const GUARDS: Source = Source::Gate(Gate::Guards);
        const LOSS: Option<Trouble> = Some(Trouble::Regression);
        let table: [(&[Told], RiskState, &str); 7] = [
            (&[], RiskState::Quiet, "nothing of it was recorded"),
            (&[("T003", GUARDS, None)], RiskState::Quiet, "nothing of it was recorded"),
            (&[("T003", GUARDS, Some(Trouble::Conflict))], RiskState::Quiet, "nothing of it was recorded"),
            (&[("T003", GUARDS, LOSS)], RiskState::Raised, "T003: 1"),
            (&[("T003", GUARDS, LOSS), ("T003", Source::Gate(Gate::Baseline), None)], RiskState::Raised, "T003: 1"),
            (&[("T003", GUARDS, LOSS), ("T003", GUARDS, None)], RiskState::Past, "T003: 1; answered since"),
            (
                &[("T003", GUARDS, LOSS), ("B001", Source::Verdict, LOSS), ("T003", GUARDS, LOSS)],
                RiskState::Raised,
                "T003: 3; and 1 more",
            ),
        ];
        for (words, state, reason) in table {
            assert_eq!(stands(words), (state, reason.to_owned()), "{words:?}");
        }
    }

    #[test]
    fn a_sign_may_name_what_it_is_about() {
        let leak = Sign { event: Trouble::TestsFailed, naming: Some("leak|steady_memory".to_owned()) };
        let is = |trouble, text: &str| is_of(&leak, &Wrong { trouble, text: text.to_owned() });
        assert!(is(
            Trouble::TestsFailed,
            "M001: refused by tests: the tests of arm B failed\ntest steady_memory ... FAILED"
        ));
        assert!(is(Trouble::TestsFailed, "M001: refused by tests: LeakSanitizer"));
        assert!(!is(Trouble::TestsFailed, "M001: refused by tests: wal FAILED"));
        assert!(!is(Trouble::Regression, "M001: a leak"));
    }
}
