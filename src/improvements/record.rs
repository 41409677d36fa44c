//! One entry of the register, as it stands in `improvements/T003.yaml`.

use std::collections::BTreeMap;
use std::fmt;

use miette::Diagnostic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Claim;
use crate::units::{Direction, Gain};

/// An improvement: a claim, the feature that switches it, and the workloads that judge it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Improvement {
    /// `T003`: unique in the register and the file's name.
    pub id: ImprovementId,
    /// What it is, in a few words.
    pub title: String,
    /// The part of the system it belongs to.
    pub category: Category,
    /// How urgent it is.
    pub priority: Priority,
    /// Numbers of the agents who own it (`agents/*.yaml`).
    pub agents: Vec<u32>,
    /// Files or folders of the target it touches.
    pub modules: Vec<String>,
    /// What somebody promised. Never shown as a result.
    pub claim: Claim,
    /// The phase it belongs to (`improvements/phases.yaml`).
    pub phase: u32,
    /// The Cargo feature that switches it on in the target.
    pub feature: String,
    /// Improvements that must be accepted first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<ImprovementId>,
    /// Improvements that cannot be built together with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<ImprovementId>,
    /// How it is built and judged; absent while no optimized variant exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants: Option<Variants>,
}

/// The two variants and the work that tells them apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variants {
    /// What the off variant does: one sentence.
    pub baseline: String,
    /// What the on variant does: one sentence.
    pub optimized: String,
    /// The one place where the two are exchanged.
    pub seam: String,
    /// Where the gain is claimed.
    pub workload: Trial,
    /// Workloads that must not regress.
    #[serde(default)]
    pub guards: Vec<Trial>,
    /// The workload that must not move; absent where the target has none that the mechanism cannot touch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Trial>,
    /// Proof, from the target's counters, that the mechanism fired in one arm and not in the other; absent where the
    /// target counts nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mechanism: Option<Mechanism>,
    /// Papers and code the variants rest on.
    pub references: Vec<String>,
}

impl Variants {
    /// All that it is measured on: main workload, guards, control.
    pub fn trials(&self) -> impl Iterator<Item = &Trial> {
        std::iter::once(&self.workload).chain(&self.guards).chain(&self.control)
    }
}

/// One workload with its parameters and the metric that decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// The driver's name for it: `tpcc`.
    pub workload: String,
    /// Passed to the driver's `load` as they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, serde_json::Value>,
    /// One of the workload's metrics: `tps`.
    pub metric: String,
    /// Which way it improves; checked against what the driver says of it.
    #[serde(default)]
    pub better: Direction,
    /// The gain it must show when it is the main workload, as a fraction; the policy's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_gain: Option<Gain>,
    /// Milliseconds of a slice; the lab's when absent. For what does not happen in every short slice, such as a checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice_ms: Option<u64>,
}

/// What a counter, or the ratio of two, must read in each arm over the measured slices of the main workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mechanism {
    /// What the figure is: `commits per fdatasync`.
    pub figure: String,
    /// The counter, or the numerator.
    pub counter: String,
    /// The denominator, when the figure is a ratio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
    /// Bounds in the arm with the feature on.
    pub on: Bounds,
    /// Bounds in the arm with the feature off.
    pub off: Bounds,
}

/// Inclusive bounds of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// At least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// At most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

impl Bounds {
    /// Whether `value` lies inside.
    pub fn contains(&self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }

    /// In words, with each end as `shown` writes it: `at least 4`, `0.95 to 1.05`.
    pub fn told(&self, shown: impl Fn(f64) -> String) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{} to {}", shown(min), shown(max)),
            (Some(min), None) => format!("at least {}", shown(min)),
            (None, Some(max)) => format!("at most {}", shown(max)),
            (None, None) => "anything".to_owned(),
        }
    }
}

/// A workload with parameters as people write it: `tpcc sessions=64 warehouses=2`.
pub fn with_params<'a>(
    workload: &str,
    params: impl IntoIterator<Item = (&'a String, &'a serde_json::Value)>,
) -> String {
    let shown = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let params = params.into_iter().map(|(name, value)| format!(" {name}={}", shown(value)));
    format!("{workload}{}", params.collect::<String>())
}

/// How urgent an improvement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// 🔴
    Critical,
    /// 🟡
    High,
    /// 🟢
    Medium,
    /// 🔵
    Low,
}

/// The five public statuses. Derived from facts or set with a reason; never part of an entry's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Status {
    /// Nothing has happened yet.
    Planned,
    /// Work or measurement has begun.
    #[serde(rename = "In Progress")]
    InProgress,
    /// Accepted on evidence, or forced with a reason that is shown for ever.
    Complete,
    /// Cannot go on; the reason says why.
    Blocked,
    /// Given up; the reason says why.
    Cancelled,
}

/// The part of the system an improvement belongs to, as the tracking document names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Category(pub String);

/// `T003`: one to four capital letters, then three digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ImprovementId(pub String);

/// An improvement that cannot be measured, because only its claim exists.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
#[error("{id} cannot be measured: no optimized variant of it exists yet")]
#[diagnostic(
    code(register::not_built_yet),
    help(
        "build both variants behind the feature `{feature}`, then describe them under `variants:` in \
         improvements/{id}.yaml"
    )
)]
pub struct NotBuiltYet {
    /// Which.
    pub id: ImprovementId,
    /// The feature that would switch it.
    pub feature: String,
}

impl Improvement {
    /// How it is measured, or that there is nothing to measure.
    pub fn measurable(&self) -> Result<&Variants, NotBuiltYet> {
        self.variants.as_ref().ok_or_else(|| NotBuiltYet { id: self.id.clone(), feature: self.feature.clone() })
    }
}

impl Improvement {
    /// Whether the two cannot be built together, whichever of them says so.
    pub fn excludes(&self, other: &Self) -> bool {
        self.conflicts.contains(&other.id) || other.conflicts.contains(&self.id)
    }
}

impl ImprovementId {
    /// The letters: `T` of `T003`, `SE` of `SE001`.
    pub fn prefix(&self) -> &str {
        self.0.trim_end_matches(|c: char| c.is_ascii_digit())
    }

    /// Whether it is one to four capital letters, then three digits.
    pub fn is_well_formed(&self) -> bool {
        let prefix = self.prefix();
        (1..=4).contains(&prefix.len())
            && prefix.chars().all(|c| c.is_ascii_uppercase())
            && self.0.len() == prefix.len() + 3
    }
}

impl fmt::Display for ImprovementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Planned => "Planned",
            Self::InProgress => "In Progress",
            Self::Complete => "Complete",
            Self::Blocked => "Blocked",
            Self::Cancelled => "Cancelled",
        })
    }
}
