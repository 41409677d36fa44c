//! Every metric once: its name, its unit, which way is good, and how it is read from a slice.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use probe::protocol::{Better, MetricSpec, Unit};

use super::footprint::Footprint;
use super::slice::Measurement;
use crate::stalled_reader;

/// One measured quantity.
#[derive(Debug)]
pub struct Metric {
    /// Its name in the protocol and in the register.
    pub name: &'static str,
    /// In words, for tables.
    pub title: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// Which way is good.
    pub better: Better,
    /// Its value; nothing if the slice had nothing of the kind.
    pub read: fn(&Reading<'_>) -> Option<f64>,
}

/// A slice, and its latencies together.
#[derive(Debug)]
pub struct Reading<'a> {
    slice: &'a Measurement,
    latency_ns: Histogram<u64>,
}

use Better::{Higher, Lower};

/// What is known of every transaction.
const OF_TRANSACTIONS: &[Metric] = &[
    metric("tps", "commits per second", Unit::PerSecond, Higher, |slice| Some(slice.slice.stats.tps())),
    metric("p50", "latency, half within", Unit::Nanoseconds, Lower, |slice| slice.latency(0.50)),
    metric("p95", "latency, 95 % within", Unit::Nanoseconds, Lower, |slice| slice.latency(0.95)),
    metric("p99", "latency, 99 % within", Unit::Nanoseconds, Lower, |slice| slice.latency(0.99)),
    metric("p999", "latency, 99.9 % within", Unit::Nanoseconds, Lower, |slice| slice.latency(0.999)),
    metric("retries", "run again after a conflict", Unit::Count, Lower, |slice| {
        Some(slice.slice.stats.retries() as f64)
    }),
];

/// What is known of the store, where it counts such things.
const OF_STORE: &[Metric] = &[
    // Leaves asked for by transactions that look for a row. Inner pages are always there, and a scan reads each leaf once:
    // counting them would flatter.
    metric("leaf_hit_rate", "leaf hit rate", Unit::Ratio, Higher, |slice| {
        let (hits, misses) = (slice.count("buffer.leaf_hits")?, slice.count("buffer.leaf_misses")?);
        (hits + misses > 0.0).then(|| hits / (hits + misses))
    }),
    metric("detection_ns", "deadlock detection, a lock wait", Unit::Nanoseconds, Lower, |slice| {
        let waits = slice.count("txn.lock_waits").filter(|waits| *waits > 0.0)?;
        Some(slice.count("deadlock.check_ns")? / waits)
    }),
    // Of the seconds since the load, where slices are shorter.
    metric("worst_second", "worst second / median second", Unit::Ratio, Higher, |slice| {
        slice.slice.stats.series.steadiness().map(|steadiness| steadiness.ratio())
    }),
    metric("peak_memory", "peak memory", Unit::Bytes, Lower, |slice| bytes(slice.footprint().peak_bytes)),
    metric("resident", "resident memory", Unit::Bytes, Lower, |slice| bytes(slice.footprint().resident_bytes)),
    metric("heap_in_use", "heap in use", Unit::Bytes, Lower, |slice| Some(slice.footprint().heap?.used_bytes as f64)),
    // What the allocator holds and nobody uses, as a share of what it holds: gaps between blocks in use, and what it keeps
    // for later. The pool's frames are not in it.
    metric("fragmentation", "heap fragmentation", Unit::Ratio, Lower, |slice| {
        slice.footprint().heap.map(|heap| heap.fragmentation())
    }),
    metric("disk", "bytes on disk", Unit::Bytes, Lower, |slice| bytes(slice.footprint().disk_bytes())),
];

/// The metrics that `workload` has, as the driver describes them.
pub fn specs(workload: &str) -> Vec<MetricSpec> {
    let own = (workload == stalled_reader::ENTRY.name).then_some(&stalled_reader::UNRECLAIMED);
    OF_TRANSACTIONS.iter().chain(OF_STORE).chain(own).map(Metric::spec).collect()
}

/// The values of a slice by the metrics' names.
pub(super) fn values(slice: &Measurement) -> BTreeMap<String, f64> {
    let reading = Reading { slice, latency_ns: slice.stats.latency_ns() };
    let all = OF_TRANSACTIONS.iter().chain(OF_STORE).chain([&stalled_reader::UNRECLAIMED]);
    all.filter_map(|metric| Some((metric.name.to_owned(), (metric.read)(&reading)?))).collect()
}

/// What a slice says of the store, for a table: metrics and values.
pub fn of_store(slice: &Measurement) -> impl Iterator<Item = (&'static Metric, f64)> {
    let reading = Reading { slice, latency_ns: slice.stats.latency_ns() };
    OF_STORE.iter().filter_map(move |metric| Some((metric, (metric.read)(&reading)?)))
}

const fn metric(
    name: &'static str,
    title: &'static str,
    unit: Unit,
    better: Better,
    read: fn(&Reading<'_>) -> Option<f64>,
) -> Metric {
    Metric { name, title, unit, better, read }
}

fn bytes(bytes: Option<u64>) -> Option<f64> {
    bytes.map(|bytes| bytes as f64)
}

impl Metric {
    fn spec(&self) -> MetricSpec {
        MetricSpec { name: self.name.to_owned(), unit: self.unit.clone(), better: self.better }
    }
}

impl Reading<'_> {
    /// What was counted under a name, if anybody counts it.
    pub fn count(&self, name: &str) -> Option<f64> {
        self.slice.counters.get(name).map(|count| *count as f64)
    }

    fn footprint(&self) -> &Footprint {
        &self.slice.footprint
    }

    fn latency(&self, quantile: f64) -> Option<f64> {
        Some(self.latency_ns.value_at_quantile(quantile) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::Stats;

    fn value(metric: &str, counted: &[(&str, u64)]) -> Option<f64> {
        let counters = counted.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let (stats, footprint) = (Stats::new(&["read"]), Footprint::default());
        let slice = Measurement { stats, counters, waits: BTreeMap::new(), footprint };
        values(&slice).get(metric).copied()
    }

    #[test]
    fn ratios_are_of_what_was_counted_and_absent_without_it() {
        assert_eq!(value("leaf_hit_rate", &[("buffer.leaf_hits", 3), ("buffer.leaf_misses", 1)]), Some(0.75));
        assert_eq!(value("leaf_hit_rate", &[("buffer.leaf_hits", 0), ("buffer.leaf_misses", 0)]), None);
        assert_eq!(value("detection_ns", &[("deadlock.check_ns", 900), ("txn.lock_waits", 3)]), Some(300.0));
        assert_eq!(value("detection_ns", &[("deadlock.check_ns", 0), ("txn.lock_waits", 0)]), None);
        assert_eq!(value("unreclaimed", &[]), None);
    }

    #[test]
    fn a_workload_has_each_metric_once() {
        for workload in ["tpcc", stalled_reader::ENTRY.name] {
            let mut names: Vec<_> = specs(workload).into_iter().map(|spec| spec.name).collect();
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }
}
