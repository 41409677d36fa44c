//! The facts of a screen, from its plan to its last run. Plain data: everything here is stored, so that its effects can be
//! worked out again from it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::design::Design;
use super::order;
use crate::improvements::ImprovementId;
use crate::lab::experiment::{Arm, Pair, Plan, Policy, Question, WorkloadPlan};

/// Row id of a screen in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScreenId(pub i64);

/// What is asked of many improvements at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Which of them matter: few builds, main effects.
    Screening,
    /// How they go together: every combination.
    Interaction,
}

/// An improvement that is switched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// Which.
    pub improvement: ImprovementId,
    /// The feature that switches it.
    pub feature: String,
}

/// Everything decided before the first build, but for the design: that may have to give way to what does not build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScreenPlan {
    /// What is asked.
    pub purpose: Purpose,
    /// Of which improvements, in the register's order.
    pub factors: Vec<Factor>,
    /// Features that are on in every build.
    pub held: Vec<String>,
    /// What does not build together by the register's word; no build is spent on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared: Vec<Conflict>,
    /// Digest of the target's tree.
    pub tree_digest: String,
    /// The one workload on which all builds are measured.
    pub workload: WorkloadPlan,
    /// Whether whoever asked named it, so that who asks again has to.
    #[serde(default)]
    pub workload_named: bool,
    /// The rule for pairs.
    pub policy: Policy,
    /// How often each build is measured against the reference.
    pub blocks: u32,
    /// Seed of every coin: the order in each block, order of arms, environment padding, workload seeds.
    pub seed: u64,
}

/// Which factors are on in a build, by their place in the plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Levels(pub Vec<bool>);

/// The builds of a screen. Rows keep their numbers: a layout that follows another one after the first pair begins with the
/// same rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// One row for each build.
    pub design: Design,
    /// The row whose build all others are measured against, itself too: about half of the factors are on, so that no other
    /// row is far from it.
    pub reference: usize,
    /// Whether the second half of the rows mirrors the first.
    pub folded: bool,
    /// What this layout is, in words.
    pub why: String,
}

/// A build that is lost to the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Which.
    pub levels: Levels,
    /// When it was lost.
    pub stage: LossStage,
    /// Why: the compiler's words, or the driver's.
    pub reason: String,
}

/// When a build was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossStage {
    /// It did not build.
    Build,
    /// It gave wrong answers, or died.
    Run,
}

/// A factor's state, as a part of a [`Conflict`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Literal {
    /// Index into the plan's factors.
    pub factor: usize,
    /// On or off.
    pub on: bool,
}

/// States that do not build together; one state that does not build whatever the others are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conflict(pub Vec<Literal>);

/// A row measured against the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowPair {
    /// Index into the layout's rows.
    pub row: usize,
    /// Reference (A) and row (B) in lock-step. Its index counts all pairs of the row, dropped ones too.
    pub pair: Pair,
}

impl ScreenPlan {
    /// The features of a build.
    pub fn features(&self, levels: &Levels) -> Vec<String> {
        let on = self.factors.iter().zip(&levels.0).filter(|(_, on)| **on).map(|(factor, _)| factor.feature.clone());
        self.held.iter().cloned().chain(on).collect()
    }

    /// What a row's pairs are: the reference is A, the row is B. Each row tosses coins of its own.
    pub fn pairs_of(&self, layout: &Layout, row: usize) -> Plan {
        let arm = |row| Arm {
            features: self.features(&layout.levels(row)),
            tree_digest: self.tree_digest.clone(),
            revision: None,
        };
        Plan {
            question: Question::Compare,
            arms: [arm(layout.reference), arm(row)],
            workloads: vec![self.workload.clone()],
            mechanism: None,
            policy: self.policy.clone(),
            seed: order::of_row(self.seed, row),
        }
    }

    /// The factors' names: `T003`.
    pub fn names(&self) -> Vec<String> {
        self.factors.iter().map(|factor| factor.improvement.0.clone()).collect()
    }

    /// The command that asks this: `screen T001 T003`.
    pub fn command(&self) -> String {
        format!("{} {}", self.purpose, self.names().join(" "))
    }

    /// What does not build, in words: `t001 and t003 do not build together`.
    pub fn told(&self, conflict: &Conflict) -> String {
        let feature =
            |literal: &Literal| self.factors.get(literal.factor).map_or("?", |factor| factor.feature.as_str());
        match conflict.0.as_slice() {
            [one] if one.on => format!("{} does not build", feature(one)),
            [one] => format!("nothing builds without {}", feature(one)),
            [one, other] => match (one.on, other.on) {
                (true, true) => format!("{} and {} do not build together", feature(one), feature(other)),
                (true, false) => format!("{} does not build without {}", feature(one), feature(other)),
                (false, true) => format!("{} does not build without {}", feature(other), feature(one)),
                (false, false) => format!("nothing builds without either {} or {}", feature(one), feature(other)),
            },
            more => more.iter().map(feature).collect::<Vec<_>>().join(", ") + " do not build together",
        }
    }
}

impl Layout {
    /// `design` with its most central row for a reference, among those that are not in `lost`.
    pub fn of(design: Design, lost: &[usize], why: impl Into<String>) -> Self {
        let half = design.factors.div_ceil(2);
        let rows = (0..design.len()).filter(|row| !lost.contains(row));
        let reference = rows.min_by_key(|&row| design.on(row).count().abs_diff(half)).unwrap_or_default();
        Self { design, reference, folded: false, why: why.into() }
    }

    /// A row's build.
    pub fn levels(&self, row: usize) -> Levels {
        let mut levels = vec![false; self.design.factors];
        self.design.on(row).for_each(|factor| levels[factor] = true);
        Levels(levels)
    }

    /// Each row's build.
    pub fn rows(&self) -> impl Iterator<Item = Levels> + '_ {
        (0..self.design.len()).map(|row| self.levels(row))
    }
}

impl Conflict {
    /// Whether `levels` fall under it.
    pub fn hits(&self, levels: &Levels) -> bool {
        self.0.iter().all(|literal| levels.0.get(literal.factor) == Some(&literal.on))
    }
}

impl fmt::Display for Levels {
    /// `+−−+`: one sign per factor.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signs: String = self.0.iter().map(|on| if *on { '+' } else { '−' }).collect();
        f.pad(&signs)
    }
}

impl fmt::Display for Purpose {
    /// The command that asks it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Screening => "screen",
            Self::Interaction => "interact",
        })
    }
}

impl fmt::Display for LossStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Build => "does not build",
            Self::Run => "fails when it runs",
        })
    }
}
