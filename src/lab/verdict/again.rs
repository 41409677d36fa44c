//! A recorded ruling, derived again from its pairs by the rule that it names.

use serde::Serialize;

use super::rule::{RULE_VERSION, broken, replay};
use crate::lab::experiment::{Pair, Plan, Ruling, Verdict};

/// The first version of the rule. All since then are still here.
const RULE_VERSION_MIN: u32 = 1;

/// What deriving a ruling again came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Again {
    /// Whether it came out the same, word for word.
    pub same: bool,
    /// Version of the rule that decided it.
    pub rule_version: u32,
    /// What is to be known beside it.
    pub note: Option<&'static str>,
    /// What came out differently; nothing where the rule is not there to derive it by.
    pub differences: Vec<Difference>,
}

/// A part of the ruling that came out differently.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Which part.
    pub part: String,
    /// As it was recorded.
    pub recorded: String,
    /// As it is derived now.
    pub replayed: String,
}

impl Again {
    /// Derives `recorded` again from `pairs`, in the order in which they were recorded.
    pub fn of(plan: &Plan, pairs: &[Pair], recorded: &Ruling) -> Self {
        let rule_version = recorded.rule_version;
        if !(RULE_VERSION_MIN..=RULE_VERSION).contains(&rule_version) {
            let note = "that version of the rule is not in this workbench, so nothing was derived; use the one that decided it";
            return Self { same: false, rule_version, note: Some(note), differences: Vec::new() };
        }
        let from_pairs = replay(plan, pairs);
        // A failed test or a dead process is no pair: then the word cannot be derived, but everything beside it can.
        let outside = recorded.verdict == Verdict::Broken && from_pairs.as_ref() != Some(recorded);
        let again = if outside { Some(broken(plan, pairs, recorded.reason.clone())) } else { from_pairs };
        let differences = differences(recorded, again.as_ref());
        let note = outside
            .then_some("what broke it is not in the pairs: the word stands as recorded, the figures were derived");
        Self { same: differences.is_empty(), rule_version, note, differences }
    }

    /// Whether the rule was there to derive it by.
    pub fn is_derived(&self) -> bool {
        self.same || !self.differences.is_empty()
    }
}

fn differences(recorded: &Ruling, replayed: Option<&Ruling>) -> Vec<Difference> {
    let Some(replayed) = replayed else {
        let replayed = "no verdict: the stored pairs do not decide it".to_owned();
        return vec![Difference { part: "verdict".to_owned(), recorded: recorded.verdict.to_string(), replayed }];
    };
    let parts = |ruling: &Ruling| {
        let mut parts = vec![
            ("verdict".to_owned(), ruling.verdict.to_string()),
            ("passed".to_owned(), ruling.passed.to_string()),
            ("reason".to_owned(), ruling.reason.clone()),
            ("confirmation".to_owned(), format!("{:?}", ruling.confirmation)),
            ("mechanism".to_owned(), format!("{:?}", ruling.mechanism)),
            ("rule version".to_owned(), ruling.rule_version.to_string()),
            ("workloads".to_owned(), ruling.decision.len().to_string()),
        ];
        parts.extend(ruling.decision.iter().enumerate().map(|(n, s)| (format!("workload {n}"), format!("{s:?}"))));
        parts.extend(ruling.outcomes.iter().enumerate().map(|(n, o)| (format!("outcome {n}"), format!("{o:?}"))));
        parts
    };
    let differs = |((part, recorded), (_, replayed)): ((String, String), (String, String))| {
        (recorded != replayed).then_some(Difference { part, recorded, replayed })
    };
    parts(recorded).into_iter().zip(parts(replayed)).filter_map(differs).collect()
}
