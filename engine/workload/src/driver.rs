//! The workloads as a driver of the workbench.

use std::collections::BTreeMap;

use probe::driver::{Description, Measured, Waited};
use probe::protocol::{Budget, Check, Failure, Load, Loaded, Params, Progress};

use crate::catalog::{self, Opened};
use crate::runner::Stats;
use crate::stalled_reader;
use crate::store::StoreError;

/// Speaks the driver protocol for the workloads of the [`catalog`].
#[derive(Default)]
pub struct WorkloadDriver {
    opened: Option<Opened>,
    totals: BTreeMap<String, u64>,
}

impl probe::Driver for WorkloadDriver {
    fn describe(&self) -> Description {
        Description {
            source: option_env!("WB_SRC").map(str::to_owned),
            features: catalog::features(),
            workloads: catalog::specs(),
            ..Description::new("engine-workload")
        }
    }

    fn load(&mut self, request: &Load, progress: &mut dyn FnMut(Progress)) -> Result<Loaded, Failure> {
        let mut opened = catalog::open(&request.workload, request.seed, &request.params)?;
        let rows = opened.bench.load(progress).map_err(failure)?;
        let params = opened.params.clone();
        self.opened = Some(opened);
        Ok(Loaded { rows, params, ..Loaded::default() })
    }

    fn slice(&mut self, budget: Budget, params: &Params) -> Result<Measured, Failure> {
        if let Some(name) = params.keys().next() {
            let message = format!("parameter `{name}` cannot be set for a slice");
            return Err(Failure::new(message, "set it when loading"));
        }
        let opened = self.opened.as_mut().ok_or_else(nothing_loaded)?;
        let (counters, waits) = (opened.bench.counters(), opened.bench.waits());
        let stats = opened.bench.slice(budget).map_err(failure)?;
        let waited = Waited::since(opened.bench.waits(), &waits);
        let measured = measured(&stats, since(opened.bench.counters(), &counters), waited);
        for (name, count) in &measured.counters {
            *self.totals.entry(name.clone()).or_default() += count;
        }
        Ok(measured)
    }

    fn check(&mut self) -> Result<Check, Failure> {
        self.opened.as_mut().ok_or_else(nothing_loaded)?.bench.check().map_err(failure)
    }

    fn wait_stacks(&mut self) -> BTreeMap<String, Waited> {
        let Some(opened) = &self.opened else { return BTreeMap::new() };
        opened.bench.waits().into_iter().map(|(cause, waited)| (format!("{};{cause}", opened.name), waited)).collect()
    }

    fn finish(&mut self) -> Result<BTreeMap<String, u64>, Failure> {
        // Closing ends with a checkpoint: seconds of each process of an experiment, for data that is thrown away.
        if let Some(opened) = self.opened.take_if(|opened| opened.dir.as_ref().is_some_and(|dir| !dir.is_temporary())) {
            opened.bench.finish().map_err(failure)?;
        }
        self.opened = None;
        Ok(std::mem::take(&mut self.totals))
    }
}

/// A slice in the protocol's terms: transactions are counted beside the store's own counters.
pub fn measured(stats: &Stats, mut counters: BTreeMap<String, u64>, waits: BTreeMap<String, Waited>) -> Measured {
    let latency_ns = stats.latency_ns();
    for kind in &stats.kinds {
        counters.insert(format!("txn.{}", kind.name), kind.latency_ns.len());
    }
    counters.insert("txn.retries".to_owned(), stats.retries());
    counters.insert("txn.rolled_back".to_owned(), stats.rolled_back());
    let values = [
        ("tps", stats.tps()),
        ("p50", latency_ns.value_at_quantile(0.50) as f64),
        ("p95", latency_ns.value_at_quantile(0.95) as f64),
        ("p99", latency_ns.value_at_quantile(0.99) as f64),
        ("p999", latency_ns.value_at_quantile(0.999) as f64),
        ("retries", stats.retries() as f64),
    ];
    let own = stalled_reader::unreclaimed_bytes(&counters).map(|bytes| (stalled_reader::metric().name, bytes));
    Measured {
        ops: stats.commits(),
        elapsed: stats.elapsed,
        values: values.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(own).collect(),
        latency: Some(latency_ns),
        counters,
        waits: waits.into_iter().map(|(cause, waited)| (cause, waited.ns)).collect(),
    }
}

/// What was added between two readings.
pub fn since(mut now: BTreeMap<String, u64>, before: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    for (name, count) in &mut now {
        *count = count.saturating_sub(before.get(name).copied().unwrap_or_default());
    }
    now
}

fn failure(error: StoreError) -> Failure {
    Failure::new(error.to_string(), "start a fresh process; the store's state is not to be trusted")
}

fn nothing_loaded() -> Failure {
    Failure::new("nothing is loaded", "send load first")
}
