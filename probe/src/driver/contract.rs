//! What a program has to say to be a driver.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::protocol::{Budget, Check, Failure, Load, Loaded, Params, Progress, WorkloadSpec};

/// Who a driver is. Fill in what differs from [`Description::new`].
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// The driver's name.
    pub driver: String,
    /// `option_env!("WB_SRC")`, expanded in the driver's own crate so that a changed digest rebuilds it.
    pub source: Option<String>,
    /// Active improvements, by feature name.
    pub features: Vec<String>,
    /// What it can run.
    pub workloads: Vec<WorkloadSpec>,
}

impl Description {
    /// A driver of this name, with the digest this crate was built with.
    pub fn new(driver: &str) -> Self {
        Description { driver: driver.to_owned(), source: option_env!("WB_SRC").map(str::to_owned), ..Self::default() }
    }
}

/// One slice as the driver measured it. The loop adds the CPU time.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Operations acknowledged.
    pub ops: u64,
    /// From the first operation's start to the last one's acknowledgement.
    pub elapsed: Duration,
    /// The workload's metrics by name.
    pub values: BTreeMap<String, f64>,
    /// Latencies in ns.
    pub latency: Option<Histogram<u64>>,
    /// What happened during the slice (differences, not totals).
    pub counters: BTreeMap<String, u64>,
    /// Nanoseconds waited during the slice by cause, summed over threads.
    pub waits: BTreeMap<String, u64>,
}

/// How long and how often a reason kept threads waiting, summed over threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waited {
    /// Duration of all waits in ns.
    pub ns: u64,
    /// Number of waits.
    pub times: u64,
}

impl Waited {
    /// What was added to every cause between two readings of ever growing totals.
    pub fn since(mut now: BTreeMap<String, Self>, before: &BTreeMap<String, Self>) -> BTreeMap<String, Self> {
        for (cause, waited) in &mut now {
            let before = before.get(cause).copied().unwrap_or_default();
            waited.ns = waited.ns.saturating_sub(before.ns);
            waited.times = waited.times.saturating_sub(before.times);
        }
        now
    }
}

/// A program that can be loaded, paced, profiled and checked.
///
/// The loop calls `load` at most once with success, and `slice`, `check` and `wait_stacks` only after it.
pub trait Driver {
    /// Name, active features, workloads with their metrics and parameters. Called first, and cheap.
    fn describe(&self) -> Description;

    /// Builds the data of one workload. Calls `progress` at least once a second.
    fn load(&mut self, request: &Load, progress: &mut dyn FnMut(Progress)) -> Result<Loaded, Failure>;

    /// Works off `budget` and returns when everything in it is acknowledged. `params` hold for this slice only;
    /// refuse those you do not have.
    fn slice(&mut self, budget: Budget, params: &Params) -> Result<Measured, Failure>;

    /// Looks at the answers. Findings name every check made, held or not.
    fn check(&mut self) -> Result<Check, Failure>;

    /// Waiting so far by stack (`root;…;leaf`), ever growing; the loop takes differences. Empty: not known.
    fn wait_stacks(&mut self) -> BTreeMap<String, Waited> {
        BTreeMap::new()
    }

    /// Gives everything back and says the totals. Called once, also after end of input.
    fn finish(&mut self) -> Result<BTreeMap<String, u64>, Failure> {
        Ok(BTreeMap::new())
    }
}
