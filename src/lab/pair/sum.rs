//! The slices of one process, added up: the process is the unit, its slices are not samples.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use probe::protocol::{Check, Finished, SliceDone, Unit, WorkloadSpec};

use crate::lab::experiment::ArmRun;

/// What the measured slices of a process add up to, so far.
#[derive(Debug, Default)]
pub struct Sum {
    ops: u64,
    elapsed_ns: u64,
    cpu_ns: u64,
    values: BTreeMap<String, Weighted>,
    counters: BTreeMap<String, u64>,
    waits_ns: BTreeMap<String, u64>,
    latency: Option<Histogram<u64>>,
    latency_broken: bool,
    rates: Vec<f64>,
}

/// A metric, summed over the slices that have it.
#[derive(Debug, Default)]
struct Weighted {
    by_time: f64,
    elapsed_ns: u64,
    by_ops: f64,
    ops: u64,
}

impl Sum {
    /// Adds a measured slice; `rate` is its throughput, for the picture.
    pub fn add(&mut self, slice: SliceDone, rate: f64) {
        self.ops = self.ops.saturating_add(slice.ops);
        self.elapsed_ns = self.elapsed_ns.saturating_add(slice.elapsed_ns);
        self.cpu_ns = self.cpu_ns.saturating_add(slice.cpu_ns);
        for (name, value) in slice.values {
            let sum = self.values.entry(name).or_default();
            sum.by_time += value * slice.elapsed_ns as f64;
            sum.elapsed_ns = sum.elapsed_ns.saturating_add(slice.elapsed_ns);
            sum.by_ops += value * slice.ops as f64;
            sum.ops = sum.ops.saturating_add(slice.ops);
        }
        add_counts(&mut self.counters, slice.counters);
        add_counts(&mut self.waits_ns, slice.waits);
        if let Some(text) = slice.latency {
            self.add_latency(&text);
        }
        self.rates.push(rate);
    }

    fn add_latency(&mut self, text: &str) {
        let decoded = STANDARD.decode(text).ok();
        let histogram: Option<Histogram<u64>> =
            decoded.and_then(|bytes| Deserializer::new().deserialize(&mut bytes.as_slice()).ok());
        match (histogram, &mut self.latency) {
            (None, _) => self.latency_broken = true,
            (Some(one), None) => self.latency = Some(one),
            (Some(one), Some(sum)) => self.latency_broken |= sum.add(one).is_err(),
        }
    }

    /// The whole process: its slices, what its check said, and its totals.
    pub fn into_run(self, spec: &WorkloadSpec, check: Check, finished: Finished) -> ArmRun {
        let mut findings: Vec<String> = check
            .findings
            .iter()
            .filter(|finding| !finding.ok)
            .map(|finding| format!("{}: {}", finding.check, finding.detail))
            .collect();
        if !check.ok && findings.is_empty() {
            findings.push("the check failed and named no finding".to_owned());
        }
        if self.latency_broken {
            findings.push("a latency histogram could not be read".to_owned());
        }
        let values = self.values.iter().filter_map(|(name, sum)| {
            let unit = spec.metrics.iter().find(|metric| metric.name == *name).map(|metric| &metric.unit);
            Some((name.clone(), metric_value(name, unit, sum, self.latency.as_ref())?))
        });
        ArmRun {
            layout: 0,
            ops: self.ops,
            elapsed_ns: self.elapsed_ns,
            cpu_ns: self.cpu_ns,
            values: values.collect(),
            latency: self.latency.as_ref().map(encode).unwrap_or_default(),
            counters: self.counters,
            waits_ns: self.waits_ns,
            findings,
            state_hash: check.state_hash,
            peak_memory_bytes: finished.peak_memory_bytes.unwrap_or_default(),
            slice_rates: self.rates,
        }
    }
}

/// A metric over all slices that have it: rates are averaged over time, quantiles (`p50`, `p99`, `p999`) read from the
/// merged histogram, everything else averaged over operations.
fn metric_value(name: &str, unit: Option<&Unit>, sum: &Weighted, latency: Option<&Histogram<u64>>) -> Option<f64> {
    if let (Some(quantile), Some(histogram)) = (quantile(name), latency) {
        return Some(histogram.value_at_quantile(quantile) as f64);
    }
    let (sum, weight) = match unit {
        Some(Unit::PerSecond) => (sum.by_time, sum.elapsed_ns),
        Some(Unit::Nanoseconds | Unit::Bytes | Unit::Count | Unit::Ratio | Unit::Other(_)) | None => {
            (sum.by_ops, sum.ops)
        }
    };
    (weight > 0).then(|| sum / weight as f64)
}

/// The quantile that a metric of this name is of, which is read from the latency histogram: `p99` is of 0.99, `p999` of 0.999.
pub fn quantile(name: &str) -> Option<f64> {
    let digits = name.strip_prefix('p').filter(|digits| (2..=5).contains(&digits.len()))?;
    let value: u32 = digits.parse().ok()?;
    Some(f64::from(value) / 10f64.powi(i32::try_from(digits.len()).ok()?))
}

fn add_counts(sum: &mut BTreeMap<String, u64>, slice: BTreeMap<String, u64>) {
    for (name, count) in slice {
        let sum = sum.entry(name).or_default();
        // A driver may say any number; a sum that is wrong is judged, one that ends the program is not.
        *sum = sum.saturating_add(count);
    }
}

fn encode(histogram: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    // Writing into memory fails for histograms larger than their encoding allows, which a decoded one is not.
    match V2Serializer::new().serialize(histogram, &mut bytes) {
        Ok(_) => STANDARD.encode(bytes),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use probe::protocol::{Finding, MetricSpec};

    use super::*;

    fn slice(ops: u64, elapsed_ms: u64, p99: u64) -> SliceDone {
        let mut latency = Histogram::<u64>::new(3).unwrap();
        latency.record_n(p99, ops).unwrap();
        SliceDone {
            ops,
            elapsed_ns: elapsed_ms * 1_000_000,
            cpu_ns: 5,
            values: BTreeMap::from([
                ("tps".to_owned(), ops as f64 / (elapsed_ms as f64 / 1e3)),
                ("p99".to_owned(), p99 as f64),
                ("bytes_per_op".to_owned(), elapsed_ms as f64),
            ]),
            latency: Some(encode(&latency)),
            counters: BTreeMap::from([("wal.syncs".to_owned(), ops / 10)]),
            waits: BTreeMap::from([("fsync".to_owned(), 7)]),
        }
    }

    fn spec() -> WorkloadSpec {
        let metrics = vec![
            MetricSpec::higher("tps", Unit::PerSecond),
            MetricSpec::lower("p99", Unit::Nanoseconds),
            MetricSpec::lower("bytes_per_op", Unit::Bytes),
        ];
        WorkloadSpec { metrics, ..WorkloadSpec::default() }
    }

    #[test]
    fn slices_of_unequal_length_add_up_to_the_whole() {
        let mut sum = Sum::default();
        sum.add(slice(1000, 100, 200), 10_000.0);
        let mut last = slice(1000, 300, 900);
        last.values.insert("hit_rate".to_owned(), 0.5);
        sum.add(last, 3_333.0);
        let run = sum.into_run(&spec(), Check { ok: true, ..Check::default() }, Finished::default());
        // 2000 operations in 400 ms, not the mean of 10,000/s and 3,333/s.
        assert!((run.values["tps"] - 5000.0).abs() < 1e-9);
        assert!((run.values["bytes_per_op"] - 200.0).abs() < 1e-9);
        assert!((run.values["p99"] - 900.0).abs() < 2.0, "{}", run.values["p99"]);
        assert_eq!(run.values["hit_rate"], 0.5, "one slice has it");
        assert_eq!((run.ops, run.elapsed_ns, run.cpu_ns), (2000, 400_000_000, 10));
        assert_eq!((run.counters["wal.syncs"], run.waits_ns["fsync"]), (200, 14));
        assert!(!run.latency.is_empty() && run.findings.is_empty());
    }

    #[test]
    fn a_driver_may_say_any_number() {
        let mut sum = Sum::default();
        for _ in 0..2 {
            sum.add(
                SliceDone { counters: BTreeMap::from([("syncs".to_owned(), u64::MAX)]), ..slice(u64::MAX, 1, 1) },
                1.0,
            );
        }
        let run = sum.into_run(&spec(), Check { ok: true, ..Check::default() }, Finished::default());
        assert_eq!((run.ops, run.counters["syncs"]), (u64::MAX, u64::MAX));
    }

    #[test]
    fn what_is_wrong_becomes_a_finding() {
        let mut sum = Sum::default();
        sum.add(SliceDone { latency: Some("no histogram".to_owned()), ..slice(10, 1, 5) }, 1.0);
        let failed = Finding { check: "sum".to_owned(), ok: false, detail: "1 ≠ 2".to_owned() };
        let check = Check { ok: false, findings: vec![failed], state_hash: None };
        let run = sum.into_run(&spec(), check, Finished::default());
        assert_eq!(run.findings, ["sum: 1 ≠ 2", "a latency histogram could not be read"]);
        let silent = Sum::default().into_run(&spec(), Check::default(), Finished::default());
        assert_eq!(silent.findings, ["the check failed and named no finding"]);
    }

    #[test]
    fn quantiles_are_named_by_their_digits() {
        assert_eq!(quantile("p50"), Some(0.5));
        assert_eq!(quantile("p999"), Some(0.999));
        assert_eq!((quantile("p9"), quantile("pages"), quantile("tps")), (None, None, None));
    }
}
