//! What a driver answers. Readers ignore fields they do not know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::command::{ProfileKind, Switch};
use super::spec::WorkloadSpec;

/// One line from a driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Answers `hello`.
    Hello(Hello),
    /// A sign of life during a long command, at least every second.
    Progress(Progress),
    /// Answers `load`.
    Loaded(Loaded),
    /// Answers `slice`.
    Slice(SliceDone),
    /// Answers `profile`.
    Profile(Profile),
    /// Answers `check`.
    Check(Check),
    /// Answers `finish`; the last line.
    Finished(Finished),
    /// Answers a command that could not be done.
    Error(Failure),
}

/// Who the driver is and what it can run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// Protocol version, [`super::VERSION`].
    pub protocol: u32,
    /// The driver's name.
    pub driver: String,
    /// Digest of the source tree it was built from (`WB_SRC` at compile time), so that the runner can refuse a binary
    /// that is not the one it asked for.
    #[serde(default)]
    pub source: Option<String>,
    /// Active improvements, by feature name.
    #[serde(default)]
    pub features: Vec<String>,
    /// Built without optimisation checks (`debug_assertions` off)?
    #[serde(default)]
    pub optimised: bool,
    /// What it can run.
    #[serde(default)]
    pub workloads: Vec<WorkloadSpec>,
}

/// How far a long command is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done.
    #[serde(default)]
    pub what: String,
    /// Units done.
    pub done: u64,
    /// Units in all; 0 when not known.
    #[serde(default)]
    pub total: u64,
}

/// The data is there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// Wall time of the load.
    pub elapsed_ns: u64,
    /// Rows written.
    #[serde(default)]
    pub rows: u64,
    /// Hash of the loaded state; the same for the same seed and parameters.
    #[serde(default)]
    pub state_hash: Option<String>,
    /// All parameters in force, defaults included.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
}

/// A stretch of work, done and acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SliceDone {
    /// Operations acknowledged. What was attempted and not acknowledged is not in it.
    pub ops: u64,
    /// Wall time from the first operation's start to the last one's acknowledgement.
    pub elapsed_ns: u64,
    /// CPU time of the whole process over the slice, driver included.
    pub cpu_ns: u64,
    /// The workload's metrics by name.
    #[serde(default)]
    pub values: BTreeMap<String, f64>,
    /// Latencies in ns: an HdrHistogram in the V2 encoding, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<String>,
    /// What happened during the slice, by name (differences, not totals).
    #[serde(default)]
    pub counters: BTreeMap<String, u64>,
    /// Nanoseconds waited during the slice by cause, summed over threads.
    #[serde(default)]
    pub waits: BTreeMap<String, u64>,
}

/// Profiling started, or stopped with what was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The state now.
    pub state: Switch,
    /// What was recorded; empty when starting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<FoldedProfile>,
}

/// Folded stacks of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldedProfile {
    /// What was counted.
    pub kind: ProfileKind,
    /// The unit of the counts at the lines' ends.
    pub unit: FoldedUnit,
    /// `root;…;leaf count` lines, sorted.
    pub folded: String,
    /// Samples taken, or waits seen.
    #[serde(default)]
    pub samples: u64,
    /// Wall time while recording.
    pub elapsed_ns: u64,
    /// CPU time of the process while recording.
    pub cpu_ns: u64,
    /// Samples per second of a thread's CPU time asked for. The kernel's tick caps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hz_requested: Option<u32>,
    /// Where `folded` counts samples: the CPU time that each stands for. Samples that are lost take their time with them, so `samples` times
    /// this is what was sampled, and `cpu_ns` what there was to sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_ns: Option<u64>,
    /// Where samples have weights of their own and `folded` is their sum: what one draw stands for, in the unit of `folded`. It is the sum
    /// of the weights' squares over their sum, so that a count's variance is the count times this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u64>,
    /// How often each stack waited, or asked for memory, as folded lines like `folded`. Empty where it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub times: String,
    /// Measured CPU time that one sample cost, so that the profile's own share can be stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ns_per_sample: Option<u64>,
    /// What the reader should know, in words: a capped rate, an unsupported kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// The unit of a folded line's count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoldedUnit {
    /// Samples of the CPU.
    Samples,
    /// Nanoseconds.
    Ns,
    /// Bytes.
    Bytes,
}

/// Verdict over the answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Every named check held.
    pub ok: bool,
    /// One entry per named check, held or not.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Hash of the logical state, for comparing stores and arms.
    #[serde(default)]
    pub state_hash: Option<String>,
}

/// One named check and what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The check's name, such as `tpcc.consistency.1`.
    pub check: String,
    /// It held.
    pub ok: bool,
    /// What was compared, and where it differed first.
    #[serde(default)]
    pub detail: String,
}

/// The last words of a driver.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Peak resident memory, where the platform tells.
    #[serde(default)]
    pub peak_memory_bytes: Option<u64>,
    /// CPU time of the process's life.
    #[serde(default)]
    pub cpu_ns: u64,
    /// Totals over the process's life, by name.
    #[serde(default)]
    pub totals: BTreeMap<String, u64>,
}

/// A command that could not be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(default)]
    pub remedy: String,
    /// The driver exits after this.
    #[serde(default)]
    pub fatal: bool,
}

impl Failure {
    /// A failure after which the driver goes on.
    pub fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Failure { message: message.into(), remedy: remedy.into(), fatal: false }
    }

    /// A failure after which the driver exits.
    pub fn fatal(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Failure { fatal: true, ..Failure::new(message, remedy) }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if !self.remedy.is_empty() {
            write!(f, " ({})", self.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
