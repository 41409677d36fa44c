//! What a slice counted.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::series::Series;

/// Latencies from 64 ns to 100 s, to three digits.
const LOWEST_NS: u64 = 64;
const HIGHEST_NS: u64 = 100_000_000_000;
const DIGITS: u8 = 3;

/// One kind of transaction.
#[derive(Debug, Clone)]
pub struct KindStats {
    /// Its name.
    pub name: &'static str,
    /// From begin to durable, of acknowledged commits.
    pub latency_ns: Histogram<u64>,
    /// Rolled back by its own decision.
    pub rolled_back: u64,
    /// Run again after a conflict.
    pub retries: u64,
}

/// All kinds of a workload, over one slice or many.
#[derive(Debug, Clone)]
pub struct Stats {
    /// By kind.
    pub kinds: Vec<KindStats>,
    /// From the first transaction's begin to the last one's acknowledgement.
    pub elapsed: Duration,
    /// Throughput over that time.
    pub series: Series,
}

impl Stats {
    /// Nothing yet.
    pub fn new(kinds: &[&'static str]) -> Self {
        let kind = |name: &&'static str| KindStats { name, latency_ns: histogram(), rolled_back: 0, retries: 0 };
        Stats { kinds: kinds.iter().map(kind).collect(), elapsed: Duration::ZERO, series: Series::default() }
    }

    /// Adds what another worker or slice counted. Elapsed time and series are the caller's: workers overlap,
    /// slices do not.
    pub fn add(&mut self, other: &Stats) {
        for (mine, theirs) in self.kinds.iter_mut().zip(&other.kinds) {
            merge(&mut mine.latency_ns, &theirs.latency_ns);
            mine.rolled_back += theirs.rolled_back;
            mine.retries += theirs.retries;
        }
    }

    /// Commits acknowledged.
    pub fn commits(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.latency_ns.len()).sum()
    }

    /// Transactions run again after a conflict.
    pub fn retries(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.retries).sum()
    }

    /// Transactions rolled back by their own decision.
    pub fn rolled_back(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.rolled_back).sum()
    }

    /// Commits per second.
    pub fn tps(&self) -> f64 {
        self.commits() as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Latencies of all kinds.
    pub fn latency_ns(&self) -> Histogram<u64> {
        let mut all = histogram();
        for kind in &self.kinds {
            merge(&mut all, &kind.latency_ns);
        }
        all
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(LOWEST_NS, HIGHEST_NS, DIGITS)
        .unwrap_or_else(|_| unreachable!("the bounds are constants"))
}

/// Both have the same bounds, so adding cannot fail.
fn merge(into: &mut Histogram<u64>, from: &Histogram<u64>) {
    let added = into.add(from);
    debug_assert!(added.is_ok());
}
