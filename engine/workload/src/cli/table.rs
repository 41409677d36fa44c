//! The table of a run.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use probe::protocol::{Check, Unit};
use tabled::builder::Builder;
use tabled::settings::object::{Columns, Object, Rows};
use tabled::settings::{Alignment, Style};

use super::layers;
use crate::measure::{Measurement, metric};
use crate::runner::{Stats, Steadiness};

/// All that a run found out.
pub(super) struct Run<'a> {
    pub(super) params: &'a BTreeMap<String, serde_json::Value>,
    pub(super) features: String,
    pub(super) slice: Measurement,
    pub(super) cpu_ns: u64,
    pub(super) check: Check,
    /// A folded CPU profile, if the layers are to be shown.
    pub(super) profile: Option<String>,
}

/// The whole report.
pub(super) fn render(workload: &str, run: &Run<'_>) -> String {
    let params: Vec<_> =
        run.params.iter().filter(|(_, value)| *value != "").map(|(name, value)| format!("{name}={value}")).collect();
    format!(
        "{workload} {}\nimprovements on: {}\n\n{}\n{}\n{}{}\n",
        params.join(" ").replace('"', ""),
        run.features,
        transactions(&run.slice.stats),
        figures(run),
        run.profile
            .as_ref()
            .map_or_else(String::new, |folded| layers::render(folded, &run.slice.stats, run.cpu_ns) + "\n"),
        checks(&run.check),
    )
}

fn transactions(stats: &Stats) -> String {
    let mut rows = Builder::default();
    rows.push_record(["transaction", "commits", "per s", "p50", "p95", "p99", "max", "retries", "rolled back"]);
    let seconds = stats.elapsed.as_secs_f64();
    let mut row = |name: &str, latency_ns: &Histogram<u64>, retries: u64, rolled_back: u64| {
        rows.push_record([
            name.to_owned(),
            latency_ns.len().to_string(),
            format!("{:.0}", latency_ns.len() as f64 / seconds),
            time(latency_ns.value_at_quantile(0.50)),
            time(latency_ns.value_at_quantile(0.95)),
            time(latency_ns.value_at_quantile(0.99)),
            time(latency_ns.max()),
            retries.to_string(),
            rolled_back.to_string(),
        ]);
    };
    for kind in &stats.kinds {
        row(kind.name, &kind.latency_ns, kind.retries, kind.rolled_back);
    }
    if stats.kinds.len() > 1 {
        row("all", &stats.latency_ns(), stats.retries(), stats.rolled_back());
    }
    rows.build().with(Style::rounded()).modify(Columns::new(1..).not(Rows::first()), Alignment::right()).to_string()
}

/// Totals, ratios that say whether a mechanism fired, waiting, and the store's counters.
fn figures(run: &Run<'_>) -> String {
    let Measurement { stats, counters, waits, footprint } = &run.slice;
    let commits = stats.commits().max(1) as f64;
    let mut rows = Builder::default();
    rows.push_record(["figure", "value"]);
    rows.push_record(["throughput".to_owned(), format!("{:.0} tps", stats.tps())]);
    rows.push_record(["cpu per transaction".to_owned(), format!("{:.1} µs", run.cpu_ns as f64 / 1e3 / commits)]);
    for (metric, value) in metric::of_store(&run.slice) {
        rows.push_record([metric.title.to_owned(), shown(value, &metric.unit)]);
    }
    for (kind, bytes) in &footprint.disk_bytes {
        rows.push_record([format!("on disk: {kind}"), shown(*bytes as f64, &Unit::Bytes)]);
    }
    if let Some(Steadiness { seconds, worst, checkpoints_in_worst, median, checkpoints }) = stats.series.steadiness() {
        rows.push_record([format!("worst of {seconds} seconds"), format!("{worst:.0} tps")]);
        rows.push_record(["median second".to_owned(), format!("{median:.0} tps")]);
        if checkpoints > 0 {
            let made = format!("{checkpoints}, {checkpoints_in_worst} in the worst second");
            rows.push_record(["checkpoints".to_owned(), made]);
        }
    }
    let counter = |name: &str| counters.get(name).copied().unwrap_or_default();
    if counter("wal.syncs") > 0 {
        let ratio = counter("wal.commits") as f64 / counter("wal.syncs") as f64;
        rows.push_record(["commits per fdatasync".to_owned(), format!("{ratio:.2}")]);
    }
    for (cause, waited) in waits.iter().filter(|(_, waited)| waited.times > 0) {
        let each = format!("{:.1} µs per transaction", waited.ns as f64 / 1e3 / commits);
        rows.push_record([format!("waited: {cause}"), each]);
    }
    for (name, count) in counters.iter().filter(|(_, count)| **count > 0) {
        rows.push_record([name.clone(), count.to_string()]);
    }
    rows.build().with(Style::rounded()).modify(Columns::new(1..).not(Rows::first()), Alignment::right()).to_string()
}

fn checks(check: &Check) -> String {
    let mut rows = Builder::default();
    rows.push_record(["check", "", "finding"]);
    for finding in &check.findings {
        rows.push_record([finding.check.as_str(), if finding.ok { "ok" } else { "BROKEN" }, &finding.detail]);
    }
    let verdict = if check.ok { "every check held" } else { "THE DATA IS WRONG: the figures above mean nothing" };
    let hash = check.state_hash.as_deref().unwrap_or("unknown");
    format!("{}\n{verdict}; state {hash}", rows.build().with(Style::rounded()))
}

fn shown(value: f64, unit: &Unit) -> String {
    match unit {
        Unit::PerSecond => format!("{value:.0}/s"),
        Unit::Nanoseconds => time(value as u64),
        Unit::Bytes => format!("{:.1} MB", value / 1e6),
        Unit::Count => format!("{value:.0}"),
        Unit::Ratio => format!("{:.2} %", 100.0 * value),
        Unit::Other(unit) => format!("{value:.2} {unit}"),
    }
}

fn time(ns: u64) -> String {
    match ns {
        0..10_000 => format!("{ns} ns"),
        10_000..10_000_000 => format!("{:.0} µs", ns as f64 / 1e3),
        _ => format!("{:.0} ms", ns as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_and_carry_their_unit() {
        assert_eq!([950, 115_400, 45_000_000].map(time), ["950 ns", "115 µs", "45 ms"]);
    }
}
