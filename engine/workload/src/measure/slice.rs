//! A slice of a workload, and all that was counted while it ran.

use std::collections::BTreeMap;
use std::path::Path;

use probe::driver::{Measured, Waited};

use super::footprint::Footprint;
use super::metric;
use crate::runner::{Bench, Stats};
use crate::store::StoreError;

/// See the module.
#[derive(Debug)]
pub struct Measurement {
    /// Transactions.
    pub stats: Stats,
    /// What the store and the workload counted.
    pub counters: BTreeMap<String, u64>,
    /// Waiting by cause.
    pub waits: BTreeMap<String, Waited>,
    /// What the store occupies at the end.
    pub footprint: Footprint,
}

impl Measurement {
    /// Measures what `run` does with the bench, whose data is in `dir`, if it is anywhere.
    ///
    /// # Errors
    /// Those of `run`.
    pub fn of<B: Bench + ?Sized>(
        bench: &mut B,
        dir: Option<&Path>,
        run: impl FnOnce(&mut B) -> Result<Stats, StoreError>,
    ) -> Result<Self, StoreError> {
        let (counters, waits) = (bench.counters(), bench.waits());
        let stats = run(bench)?;
        let waits = Waited::since(bench.waits(), &waits);
        let counters = since(bench.counters(), &counters);
        Ok(Measurement { stats, counters, waits, footprint: Footprint::now(dir) })
    }

    /// In the protocol's terms: transactions are counted beside the store's own counters.
    pub fn into_measured(self) -> Measured {
        let values = metric::values(&self);
        let Measurement { stats, mut counters, waits, .. } = self;
        for kind in &stats.kinds {
            counters.insert(format!("txn.{}", kind.name), kind.latency_ns.len());
        }
        counters.insert("txn.retries".to_owned(), stats.retries());
        counters.insert("txn.rolled_back".to_owned(), stats.rolled_back());
        Measured {
            ops: stats.commits(),
            elapsed: stats.elapsed,
            values,
            latency: Some(stats.latency_ns()),
            counters,
            waits: waits.into_iter().map(|(cause, waited)| (cause, waited.ns)).collect(),
        }
    }
}

/// What was added between two readings.
fn since(mut now: BTreeMap<String, u64>, before: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    for (name, count) in &mut now {
        *count = count.saturating_sub(before.get(name).copied().unwrap_or_default());
    }
    now
}
