//! A measured quantity: its middle, and how far its ends lie apart.

use std::fmt;
use std::time::Duration;

/// Least, median and 99th percentile of repeated measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) min: Duration,
    pub(super) median: Duration,
    pub(super) p99: Duration,
    pub(super) count: usize,
}

impl Spread {
    /// Of at least one time.
    pub(super) fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let rank = |share: f64| times.get(((times.len() as f64 * share).ceil() as usize).max(1) - 1).copied();
        Some(Self { min: *times.first()?, median: rank(0.5)?, p99: rank(0.99)?, count: times.len() })
    }

    /// By how much the slow end exceeds the middle, as a factor.
    pub(super) fn tail(&self) -> f64 {
        self.p99.as_secs_f64() / self.median.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min, median, p99, count } = *self;
        write!(f, "median {}, least {}, p99 {} ({count} times)", short(median), short(min), short(p99))
    }
}

/// Three digits: `812 ns`, `2.41 ms`.
pub(super) fn short(time: Duration) -> String {
    let ns = time.as_nanos() as f64;
    let (value, unit) = match time.as_nanos() {
        0..1_000 => (ns, "ns"),
        1_000..1_000_000 => (ns / 1e3, "µs"),
        1_000_000..1_000_000_000 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    let digits = if value >= 100.0 || unit == "ns" {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle_of_a_hundred_times() {
        let spread = Spread::of((1..=100).rev().map(Duration::from_micros).collect()).unwrap();
        assert_eq!(
            (spread.min, spread.median, spread.p99),
            (Duration::from_micros(1), Duration::from_micros(50), Duration::from_micros(99))
        );
        assert_eq!(spread.to_string(), "median 50.0 µs, least 1.00 µs, p99 99.0 µs (100 times)");
        assert!((spread.tail() - 1.98).abs() < 1e-9);
        assert_eq!(Spread::of(Vec::new()), None);
        assert_eq!(short(Duration::from_nanos(812)), "812 ns");
        assert_eq!(short(Duration::from_micros(2_413)), "2.41 ms");
    }
}
