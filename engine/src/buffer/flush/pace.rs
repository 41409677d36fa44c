//! How fast: the lowest constant rate at which no change grows too old.
//!
//! Every dirty page has a deadline: redo may begin at most so many bytes back, so the page must be written before the log
//! has grown that far beyond its oldest change. The oldest are written first; the question is how many per byte of log.
//!
//! ```text
//!    pages due
//!      ▲                     ╭──── deadlines
//!      │               ╭─────╯   ╱
//!      │         ╭─────╯    ╱
//!      │        │      ╱             the flattest line from here that stays above:
//!      │        │ ╱                  rate = max over k of (the k oldest / log until the k-th deadline)
//!      └────────┴──────────────────▶ log to come
//! ```
//!
//! So a burst of changes is written out over the whole interval before it comes due, and not when it does. And since
//! pages are reached only when they are old, a page that is being filled, or changed all the time, is written about once per
//! interval, as a sharp checkpoint would: that is why pages changed a moment ago need no rule of their own.

use crate::io::Lsn;

const BUCKETS: usize = 64;

/// How many dirty pages there are of each age.
#[derive(Debug)]
pub(super) struct Ages {
    /// Youngest first; the last one holds what is overdue, too.
    counts: [u32; BUCKETS],
    end: Lsn,
    deadline_bytes: u64,
}

impl Ages {
    /// No pages yet, when the log ends at `end` and changes must be written before they are `deadline_bytes` old.
    pub(super) fn new(end: Lsn, deadline_bytes: u64) -> Self {
        Self { counts: [0; BUCKETS], end, deadline_bytes: deadline_bytes.max(BUCKETS as u64) }
    }

    /// One more, changed since `since`.
    pub(super) fn add(&mut self, since: Lsn) {
        let age = self.end.0.saturating_sub(since.0);
        let bucket = u128::from(age) * BUCKETS as u128 / u128::from(self.deadline_bytes);
        self.counts[(bucket as usize).min(BUCKETS - 1)] += 1;
    }

    /// Pages to be written for each byte of log to come.
    pub(super) fn pages_per_byte(&self) -> f64 {
        let mut older = 0;
        let mut rate = 0.0_f64;
        for (bucket, &count) in self.counts.iter().enumerate().rev() {
            older += count;
            // For what is overdue, as if a bucket's worth of log were left.
            let bytes_left = self.deadline_bytes as f64 / BUCKETS as f64 * (BUCKETS - bucket) as f64;
            rate = rate.max(f64::from(older) / bytes_left);
        }
        rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: u64 = 64_000;

    fn rate(ages: impl IntoIterator<Item = u64>) -> f64 {
        let end = Lsn(1_000_000);
        let mut pages = Ages::new(end, DEADLINE);
        ages.into_iter().for_each(|age| pages.add(Lsn(end.0 - age)));
        pages.pages_per_byte() * DEADLINE as f64
    }

    fn about(expected: f64, found: f64) {
        assert!((found / expected - 1.0).abs() < 0.05, "{found} pages an interval, not about {expected}");
    }

    #[test]
    fn a_burst_is_spread_over_the_time_until_it_is_due() {
        about(1000.0, rate([0; 1000]));
        about(2000.0, rate([DEADLINE / 2; 1000]));
    }

    #[test]
    fn a_steady_stream_is_written_as_it_came() {
        about(1000.0, rate((0..1000).map(|n| n * DEADLINE / 1000)));
    }

    #[test]
    fn the_tightest_deadline_decides_and_what_is_overdue_is_urgent() {
        assert!(rate([0; 1000]) < rate(std::iter::repeat_n(0, 1000).chain([DEADLINE * 7 / 8; 400])));
        about(64.0 * 10.0, rate([3 * DEADLINE; 10]));
        assert_eq!(rate([]), 0.0);
    }
}
