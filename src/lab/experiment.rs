//! The facts of an experiment, from its plan to its verdict. Plain data: everything here is stored, so that a verdict
//! can be derived again from it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::question::KeptPlan;
pub use super::question::{Arm, Question, Revision};
use crate::improvements::{Direction, Mechanism};
use crate::units::{Effect, Gain, Interval, LogRatio};

/// Row id of an experiment in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExperimentId(pub i64);

/// The two arms; which is which, the [question](Question) says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// What is compared with: without the improvement, or before the change.
    A,
    /// What is compared: with the improvement, or after the change.
    B,
}

/// What a workload is for in an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Where the gain is claimed.
    Main,
    /// Must not regress.
    Guard,
    /// Must not move.
    Control,
    /// May change for the better or the worse: which, is asked.
    Compared,
}

/// Which run of a workload a pair belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Run {
    /// A against itself, to know the machine's noise.
    Calibration,
    /// Decides.
    Decision,
    /// Fresh pairs after the decision: the published figure comes from these.
    Confirmation,
}

/// Everything decided before the first pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "KeptPlan")]
pub struct Plan {
    /// What is asked.
    pub question: Question,
    /// Of which arms, A and B.
    pub arms: [Arm; 2],
    /// The workloads; the first is the main one.
    pub workloads: Vec<WorkloadPlan>,
    /// What the counters must prove, where a mechanism is claimed to make the difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mechanism: Option<Mechanism>,
    /// The rule.
    pub policy: Policy,
    /// Seed of every coin: order of arms, environment padding, workload seeds.
    pub seed: u64,
}

/// One workload of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkloadPlan {
    /// A readable key, unique in the plan: `tpcc sessions=64`.
    pub label: String,
    /// What it is for.
    pub role: Role,
    /// The driver's name of it.
    pub workload: String,
    /// Parameters for `load`.
    pub params: BTreeMap<String, serde_json::Value>,
    /// The metric that decides.
    pub metric: String,
    /// Which way the metric improves.
    pub better: Direction,
    /// Required gain (main), as a fraction: 0.25 is 1.25 times as good, whichever way the metric improves.
    pub required_gain: Gain,
    /// Scale of the paired log-ratios from calibration, or the prior while there is none.
    pub noise: LogRatio,
    /// The smallest true gain that would be found with 90 % power within the pair limit.
    pub minimum_detectable: Gain,
    /// Work per slice: milliseconds that A needs to warm up one slice decide the ops of all slices.
    pub slice_ms: u64,
    /// Measured slices per process.
    pub slices: u32,
    /// Warm-up slices, dropped.
    pub warmup: u32,
    /// Expected wall time of one pair.
    pub pair_time: Duration,
}

/// The rule of decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Error level of the always-valid bounds.
    pub alpha: f64,
    /// Pairs after which a workload's run ends whatever it knows.
    pub pair_limit: u32,
    /// Pairs that a guard or the control must have shown before it may pass without being proven harmless.
    pub guard_pairs: u32,
    /// Loss a guard may not exceed, as a fraction.
    pub guard_margin: Gain,
    /// Movement a control may not exceed, as a fraction.
    pub control_margin: Gain,
    /// Pairs of the confirmation run.
    pub confirmation_pairs: u32,
    /// Dropped pairs as a fraction of all, above which the machine is too busy to decide anything.
    pub dropped_max: f64,
    /// Whether ACCEPTED is enough to join the stack, or only PROVEN.
    pub accepted_is_enough: bool,
    /// Version of the decision rule, stored with each verdict.
    pub rule_version: u32,
}

/// A built arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Binary {
    /// Which arm.
    pub side: Side,
    /// Features it was built with.
    pub features: Vec<String>,
    /// Key of the build's inputs in the cache.
    pub build_key: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// SHA-256 of each of its other layouts: the same program, its functions in another order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layouts: Vec<String>,
    /// Where the copy is.
    pub path: std::path::PathBuf,
    /// Found in the cache, not built now.
    pub cached: bool,
}

/// One process of a pair: what its measured slices add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmRun {
    /// Which layout of its binary it was: 0 as the linker puts it, from 1 the shuffled ones.
    #[serde(default, skip_serializing_if = "is_as_linked")]
    pub layout: usize,
    /// Operations over the measured slices.
    pub ops: u64,
    /// Wall time over the measured slices, nanoseconds.
    pub elapsed_ns: u64,
    /// CPU time of the process over the measured slices, nanoseconds.
    pub cpu_ns: u64,
    /// Every metric, over the measured slices together.
    pub values: BTreeMap<String, f64>,
    /// Differences of the target's counters over the measured slices.
    pub counters: BTreeMap<String, u64>,
    /// Nanoseconds waited by cause over the measured slices.
    pub waits_ns: BTreeMap<String, u64>,
    /// Latency histogram of the measured slices (HdrHistogram V2, base64).
    pub latency: String,
    /// What the consistency check said; empty when clean.
    pub findings: Vec<String>,
    /// Hash of the final state, where the workload has one.
    pub state_hash: Option<String>,
    /// Peak resident memory, bytes.
    pub peak_memory_bytes: u64,
    /// Throughput of each measured slice, for the picture (not for the verdict).
    pub slice_rates: Vec<f64>,
}

fn is_as_linked(layout: &usize) -> bool {
    *layout == 0
}

/// Two fresh processes driven in lock-step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Index into [`Plan::workloads`].
    pub workload: usize,
    /// Which run it belongs to.
    pub run: Run,
    /// Counted from 0 within workload and run.
    pub index: u32,
    /// Which arm had the first slice.
    pub first: Side,
    /// Seed of both processes' data and operations.
    pub seed: u64,
    /// Arm A.
    pub a: ArmRun,
    /// Arm B.
    pub b: ArmRun,
    /// ln(B/A) of the deciding metric, positive is better.
    pub d: LogRatio,
    /// The machine around the pair.
    pub machine: Machine,
    /// Why the pair does not count, by the rule fixed beforehand; never by its value.
    pub dropped: Option<String>,
}

impl Pair {
    /// One of its two processes.
    pub fn arm(&self, side: Side) -> &ArmRun {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }
}

/// What the machine was doing around a pair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// CPU time of processes other than the two arms and the workbench, as a fraction of all cores.
    pub foreign_cpu: f64,
    /// Time stolen by the hypervisor, as a fraction of all cores.
    pub steal: f64,
    /// `some avg10` of CPU pressure before the pair, percent; absent where the kernel does not tell.
    pub cpu_pressure: Option<f64>,
    /// `some avg10` of I/O pressure before the pair, percent.
    pub io_pressure: Option<f64>,
}

/// What is known of one workload after some pairs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Pairs that count.
    pub pairs: u32,
    /// Hodges-Lehmann estimate on the log scale.
    pub estimate: LogRatio,
    /// Always-valid bounds on the log scale.
    pub bounds: Interval,
}

impl Standing {
    /// The same seen from B: what becomes of the metric on the way back to A.
    #[must_use]
    pub fn reversed(self) -> Self {
        let Interval { low, high } = self.bounds;
        Self { estimate: LogRatio(-self.estimate.0), bounds: Interval { low: -high, high: -low }, ..self }
    }

    /// What it says of the metric itself: what people are shown.
    pub fn effect(&self, better: Direction) -> Effect {
        self.bounds.effect(self.estimate, better)
    }
}

/// How an experiment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// The lower bound lies above the required gain.
    Proven,
    /// At the end the lower bound lies above zero and the estimate at or above the required gain.
    Accepted,
    /// The upper bound lies below the required gain, or a guard or the control failed.
    Rejected,
    /// The pair limit came first.
    Inconclusive,
    /// Comparison: B is better.
    Better,
    /// Comparison: B is worse.
    Worse,
    /// Comparison: no difference beyond the margin. Of an arm with itself: none at all was shown.
    Same,
    /// A test failed, an answer was wrong, a process died, or the mechanism never fired.
    Broken,
}

/// What the decision run says of one workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not decided: the experiment ended before, or the pair limit did.
    Open,
    /// Main: the lower bound lies above the required gain.
    Gain,
    /// Main, at the limit: surely better, and by estimate as much as required.
    LikelyGain,
    /// Main: the upper bound lies below the required gain.
    TooLittle,
    /// Guard: the lower bound lies above the allowed loss.
    NonInferior,
    /// Guard: the estimate lies within the allowed loss, the lower bound does not.
    NotShownWorse,
    /// Guard: the upper bound lies below the allowed loss.
    Regressed,
    /// Control: both bounds lie within the margin.
    Still,
    /// Control: the estimate lies within the margin, a bound does not.
    NotShownMoving,
    /// Control: the estimate lies outside the margin, and the bounds exclude zero.
    Moved,
    /// Compared: surely better.
    Better,
    /// Compared: surely worse.
    Worse,
    /// Compared: both bounds lie within the margin.
    Same,
}

/// A verdict with all that explains it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ruling {
    /// The word.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// Whether the improvement may join the stack under the plan's policy; of a comparison, whether B is not worse by more
    /// than the margin.
    pub passed: bool,
    /// The [deciding](Plan::deciding_run) run of each workload, in the plan's order.
    pub decision: Vec<Standing>,
    /// What that run says of each workload, in the plan's order.
    pub outcomes: Vec<Outcome>,
    /// The confirmation run of the main workload: the published figure.
    pub confirmation: Option<Standing>,
    /// The mechanism's figure in A and B.
    pub mechanism: Option<(f64, f64)>,
    /// Version of the rule that decided.
    pub rule_version: u32,
}

impl Verdict {
    /// Whether the improvement may join the stack.
    pub fn is_accepted(self) -> bool {
        match self {
            Self::Proven | Self::Accepted => true,
            Self::Rejected | Self::Inconclusive | Self::Better | Self::Worse | Self::Same | Self::Broken => false,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Proven => "PROVEN",
            Self::Accepted => "ACCEPTED",
            Self::Rejected => "REJECTED",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Better => "BETTER",
            Self::Worse => "WORSE",
            Self::Same => "SAME",
            Self::Broken => "BROKEN",
        })
    }
}

impl Side {
    /// The other arm.
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Main => "main",
            Self::Guard => "guard",
            Self::Control => "control",
            Self::Compared => "compared",
        })
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}
