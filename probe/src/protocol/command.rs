//! What the workbench asks of a driver.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Named parameters of a workload, as given. Which exist, and what they may be, is in [`super::ParamSpec`].
pub type Params = BTreeMap<String, Value>;

/// One line to a driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case")]
pub enum Command {
    /// Who are you, what can you run?
    Hello,
    /// Build the data of one workload. Once per process.
    Load(Load),
    /// Do a stretch of the loaded workload and report it.
    Slice(Slice),
    /// Start or stop profiling the slices in between.
    Profile(ProfileRequest),
    /// Are the answers right, now?
    Check,
    /// Say the totals and exit.
    Finish,
}

/// Parameters of [`Command::Load`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Name of one of [`super::Hello::workloads`].
    pub workload: String,
    /// The same seed gives the same data and the same sequence of work.
    #[serde(default)]
    pub seed: u64,
    /// Parameters that differ from their defaults.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub params: Params,
}

/// Parameters of [`Command::Slice`]: exactly one of `ops` and `ms`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// Do this many operations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ops: Option<u64>,
    /// Work for this many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Parameters that hold for this slice only, where the workload has such.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub params: Params,
}

/// How much work a slice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// This many operations, shared by all sessions.
    Ops(u64),
    /// As many as fit into this time.
    Time(Duration),
}

/// A [`Slice`] that does not say how long it is, or says it twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetError {
    /// Neither `ops` nor `ms`, or both.
    NotExactlyOne,
    /// Zero work.
    Zero,
}

impl Slice {
    /// A slice of `ops` operations.
    pub fn ops(ops: u64) -> Self {
        Slice { ops: Some(ops), ..Slice::default() }
    }

    /// A slice of `ms` milliseconds.
    pub fn ms(ms: u64) -> Self {
        Slice { ms: Some(ms), ..Slice::default() }
    }

    /// The length as one value.
    pub fn budget(&self) -> Result<Budget, BudgetError> {
        match (self.ops, self.ms) {
            (Some(0), None) | (None, Some(0)) => Err(BudgetError::Zero),
            (Some(ops), None) => Ok(Budget::Ops(ops)),
            (None, Some(ms)) => Ok(Budget::Time(Duration::from_millis(ms))),
            (None, None) | (Some(_), Some(_)) => Err(BudgetError::NotExactlyOne),
        }
    }
}

impl fmt::Display for BudgetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BudgetError::NotExactlyOne => "a slice takes exactly one of \"ops\" and \"ms\"",
            BudgetError::Zero => "a slice of no length measures nothing",
        })
    }
}

impl std::error::Error for BudgetError {}

/// Parameters of [`Command::Profile`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileRequest {
    /// Start or stop.
    pub state: Switch,
    /// What to record; read when starting. Empty means CPU and waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<ProfileKind>,
    /// Samples per second of each thread's CPU time for [`ProfileKind::Cpu`]; the driver's default is 249, also its maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hz: Option<u32>,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// Begin.
    On,
    /// End and report.
    Off,
}

/// What a profile counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileKind {
    /// Where CPU time goes, by sampling.
    Cpu,
    /// Where time passes without CPU, by the driver's own wait events.
    Wait,
    /// Who asks for memory, by sampling; only where it is named, since it disturbs the others.
    Alloc,
}
