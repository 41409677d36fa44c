//! What an experiment asks, and of which two arms.
//!
//! | question      | A                   | B              | B better than A says                    |
//! |---------------|---------------------|----------------|-----------------------------------------|
//! | add one in    | the stack           | the stack + X  | what X brings                           |
//! | leave one out | the stack without X | the stack      | what is lost without X                  |
//! | itself        | some arm            | the same arm   | nothing: so much pairs differ by chance |
//! | compare       | one revision        | another        | the change is an improvement            |
//! | handed in     | a commit's stack    | the stack + X  | what X would bring, were it accepted    |
//!
//! Only who asks and the rule that answers look at the question. Building, pairing, recording, resuming and every picture
//! work on two arms, whatever they are.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::experiment::{Plan, Policy, Run, Side, WorkloadPlan};
use crate::improvements::{ImprovementId, Mechanism};

/// What is asked of the two arms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// What does an improvement bring to a stack that does not have it?
    AddOneIn(ImprovementId),
    /// What does a stack lose that does without an improvement?
    LeaveOneOut(ImprovementId),
    /// How much do pairs of one and the same arm differ?
    Itself,
    /// Is B better or worse than A?
    Compare,
    /// What would an improvement bring as somebody has handed it in? Asked of sources that nobody has accepted yet: no status rests on it.
    HandedIn(ImprovementId),
}

/// What an arm is built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Its features.
    pub features: Vec<String>,
    /// Digest of its sources.
    pub tree_digest: String,
    /// Where in the history its sources are; absent: the working tree as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
}

/// A place in the history of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// As somebody named it: `main`, `HEAD~3`.
    pub name: String,
    /// The commit that it named then, in full; absent where it names a working tree by its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

impl Question {
    /// The improvement it is about.
    pub fn improvement(&self) -> Option<&ImprovementId> {
        match self {
            Self::AddOneIn(id) | Self::LeaveOneOut(id) | Self::HandedIn(id) => Some(id),
            Self::Itself | Self::Compare => None,
        }
    }

    /// What it is about, in a word: an improvement, or what is done.
    pub fn subject(&self) -> &str {
        match self {
            Self::AddOneIn(id) | Self::LeaveOneOut(id) | Self::HandedIn(id) => &id.0,
            Self::Itself => "calibration",
            Self::Compare => "comparison",
        }
    }
}

/// The command that asks it: `apply T003`.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddOneIn(id) => write!(f, "apply {id}"),
            Self::LeaveOneOut(id) => write!(f, "ablate {id}"),
            Self::Itself => f.write_str("calibrate"),
            Self::Compare => f.write_str("compare"),
            Self::HandedIn(id) => write!(f, "gate {id}"),
        }
    }
}

impl Arm {
    /// Arms of one tree: A has the features of `stack`, B has `feature` besides.
    pub fn without_and_with(feature: &str, stack: &[String], tree_digest: &str) -> [Self; 2] {
        let without = Self { features: stack.to_vec(), tree_digest: tree_digest.to_owned(), revision: None };
        let mut with = without.clone();
        with.features.push(feature.to_owned());
        [without, with]
    }
}

impl Plan {
    /// One of its arms.
    pub fn arm(&self, side: Side) -> &Arm {
        &self.arms[side as usize]
    }

    /// Features that one arm has and the other has not.
    pub fn features_only_in(&self, side: Side) -> Vec<String> {
        let other = &self.arm(side.other()).features;
        self.arm(side).features.iter().filter(|feature| !other.contains(feature)).cloned().collect()
    }

    /// Whether both arms are one: the same features of the same sources.
    pub fn is_of_one_arm(&self) -> bool {
        let sorted = |side| {
            let mut features: Vec<&String> = self.arm(side).features.iter().collect();
            features.sort();
            (features, &self.arm(side).tree_digest)
        };
        sorted(Side::A) == sorted(Side::B)
    }

    /// The run whose pairs answer it.
    pub fn deciding_run(&self) -> Run {
        match self.question {
            Question::Itself => Run::Calibration,
            Question::AddOneIn(_) | Question::LeaveOneOut(_) | Question::Compare | Question::HandedIn(_) => {
                Run::Decision
            }
        }
    }
}

/// A plan as it may have been kept.
#[derive(Deserialize)]
pub(super) struct KeptPlan {
    #[serde(flatten)]
    asked: Asked,
    workloads: Vec<WorkloadPlan>,
    #[serde(default)]
    mechanism: Option<Mechanism>,
    policy: Policy,
    seed: u64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Asked {
    Now { question: Question, arms: [Arm; 2] },
    // While this was the only question there was.
    AddOneIn { improvement: ImprovementId, stack: Vec<String>, feature: String, tree_digest: String },
}

impl From<KeptPlan> for Plan {
    fn from(kept: KeptPlan) -> Self {
        let (question, arms) = match kept.asked {
            Asked::Now { question, arms } => (question, arms),
            Asked::AddOneIn { improvement, stack, feature, tree_digest } => {
                (Question::AddOneIn(improvement), Arm::without_and_with(&feature, &stack, &tree_digest))
            }
        };
        let KeptPlan { workloads, mechanism, policy, seed, .. } = kept;
        Self { question, arms, workloads, mechanism, policy, seed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_from_before_there_were_other_questions_asks_what_was_asked_then() {
        let kept = r#"{
            "improvement": "T003", "stack": ["b002"], "feature": "t003", "tree_digest": "d", "workloads": [],
            "mechanism": {"figure": "f", "counter": "c", "on": {"min": 4.0}, "off": {}},
            "policy": {"alpha": 0.05, "pair_limit": 30, "guard_pairs": 5, "guard_margin": 0.03, "control_margin": 0.03,
                       "confirmation_pairs": 5, "dropped_max": 0.2, "accepted_is_enough": true, "rule_version": 1},
            "seed": 18446744073709551608
        }"#;
        let plan: Plan = serde_json::from_str(kept).unwrap();
        assert_eq!(plan.question, Question::AddOneIn(ImprovementId("T003".to_owned())));
        assert_eq!(plan.arms, Arm::without_and_with("t003", &["b002".to_owned()], "d"));
        assert_eq!((plan.seed, plan.mechanism.as_ref().unwrap().on.min), (u64::MAX - 7, Some(4.0)));
        assert_eq!(serde_json::from_str::<Plan>(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
    }
}
