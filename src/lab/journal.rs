//! The port through which the lab writes its facts.
//!
//! Every fact is durable when [`Journal::record`] returns: a lab killed at any moment has lost at most the pair it was
//! in. [`Journal::open`] gives back what an earlier, interrupted run of the same plan has already recorded.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::experiment::{Binary, ExperimentId, Pair, Plan, Ruling, Side, Standing};

/// A fact, as it happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A stage began.
    Stage {
        /// Which.
        stage: Stage,
        /// What it is about to do, for people.
        note: String,
    },
    /// Something moved inside a stage: a line of a build, a test, a load.
    Progress {
        /// For people.
        note: String,
    },
    /// An arm is ready.
    Built(Binary),
    /// A slice ended; for live pictures, not kept as evidence.
    Slice {
        /// Index into the plan's workloads.
        workload: usize,
        /// Which arm.
        side: Side,
        /// Operations per second.
        rate: f64,
    },
    /// A pair ended; this is the evidence.
    Pair(Box<Pair>),
    /// What is known now of a workload.
    Standing {
        /// Index into the plan's workloads.
        workload: usize,
        /// Bounds and estimate.
        standing: Standing,
    },
    /// The noise of a workload is known: the last of its pairs of one binary against itself has ended.
    Calibrated(Box<Calibration>),
    /// A profile was captured.
    Profiled {
        /// Which arm.
        side: Side,
        /// `cpu`, `wait`, `times`, `alloc`, `allocs` or `instructions`.
        kind: String,
        /// Folded stacks, one `frame;frame count` per line.
        folded: String,
        /// Samples, and the CPU time they cover.
        samples: u64,
        /// CPU time covered.
        cpu: Duration,
        /// CPU time of the slices alone, as they are measured.
        measured: Option<Duration>,
        /// CPU time that a sample stands for, where samples were counted.
        period: Option<Duration>,
        /// What one draw stands for, where the counts are sums of weights.
        weight: Option<u64>,
        /// Operations done while sampling.
        ops: u64,
    },
    /// The experiment is decided.
    Ruled(Box<Ruling>),
    /// Its profiles are taken, and no verdict was asked for.
    ProfilesTaken,
    /// It stopped before a verdict: interrupted, or an error that measuring again may cure.
    Stopped {
        /// Why.
        reason: String,
    },
}

/// The stages of an apply, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Take the machine.
    Lease,
    /// Build both arms.
    Build,
    /// Run the target's tests on both arms.
    Test,
    /// A against A.
    Calibrate,
    /// Pairs until it is decided.
    Measure,
    /// Fresh pairs for the published figure.
    Confirm,
    /// Where the time goes, in both arms.
    Profile,
    /// Write the verdict.
    Conclude,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Lease => "lease",
            Self::Build => "build",
            Self::Test => "test",
            Self::Calibrate => "calibrate",
            Self::Measure => "measure",
            Self::Confirm => "confirm",
            Self::Profile => "profile",
            Self::Conclude => "conclude",
        })
    }
}

/// What an interrupted experiment had already recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The experiment to write to.
    pub id: ExperimentId,
    /// The plan it is to be judged by: the given one, or on resuming the one it began with, whose seed and noise its
    /// pairs rest on.
    pub plan: Plan,
    /// Pairs recorded before, in order; empty for a new experiment.
    pub pairs: Vec<Pair>,
}

/// Where the lab's facts go.
pub trait Journal {
    /// What can go wrong: the store's own error.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Opens a new experiment, or with `resume` the latest one that stopped before its verdict and whose plan asks the
    /// same question (same arms, tree and workloads).
    fn open(&mut self, plan: &Plan, resume: bool) -> impl Future<Output = Result<Opened, Self::Error>> + Send;

    /// Records one fact. Durable when it returns.
    fn record(&mut self, id: ExperimentId, event: &Event) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
