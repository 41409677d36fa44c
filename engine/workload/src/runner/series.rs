//! Throughput over time: how steady a run was.

use std::time::{Duration, Instant};

/// How often the throughput is read.
const TICK: Duration = Duration::from_millis(100);

/// Fewer seconds than this have no worst one.
const SECONDS_MIN: usize = 5;

/// Readings one after the other. Those of several slices follow one another as if there were nothing between them.
#[derive(Debug, Clone, Default)]
pub struct Series(Vec<Tick>);

/// Between two readings.
#[derive(Debug, Clone, Copy, Default)]
struct Tick {
    elapsed: Duration,
    commits: u64,
    checkpoints: u64,
}

/// A series in seconds: the one with the least commits beside the median.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steadiness {
    /// Whole seconds.
    pub seconds: usize,
    /// Commits in the worst of them.
    pub worst: f64,
    /// Checkpoints made in it.
    pub checkpoints_in_worst: u64,
    /// Commits in the median one.
    pub median: f64,
    /// Checkpoints made in all of them.
    pub checkpoints: u64,
}

/// Writes a series down while it happens, from counts that only grow.
#[derive(Debug)]
pub(super) struct Recorder {
    series: Series,
    last: Instant,
    commits: u64,
    checkpoints: u64,
}

impl Recorder {
    pub(super) fn start(commits: u64, checkpoints: u64) -> Self {
        Recorder { series: Series::default(), last: Instant::now(), commits, checkpoints }
    }

    /// How long until the next reading.
    pub(super) fn rest(&self) -> Duration {
        TICK.saturating_sub(self.last.elapsed())
    }

    pub(super) fn note(&mut self, commits: u64, checkpoints: u64) {
        let now = Instant::now();
        self.series.0.push(Tick {
            elapsed: now - self.last,
            commits: commits - self.commits,
            checkpoints: checkpoints - self.checkpoints,
        });
        (self.last, self.commits, self.checkpoints) = (now, commits, checkpoints);
    }

    /// What was read. The rest of the slice, less than a tick, is not in it: sessions stop one by one there.
    pub(super) fn end(self) -> Series {
        self.series
    }
}

impl Series {
    /// Adds the readings of the next slice.
    pub fn extend(&mut self, next: &Series) {
        self.0.extend_from_slice(&next.0);
    }

    /// The seconds compared; nothing if there are too few.
    pub fn steadiness(&self) -> Option<Steadiness> {
        let (mut seconds, mut second) = (Vec::new(), Tick::default());
        for tick in &self.0 {
            second.elapsed += tick.elapsed;
            second.commits += tick.commits;
            second.checkpoints += tick.checkpoints;
            // A reading may come late: what counts is the rate.
            if second.elapsed + TICK / 2 >= Duration::from_secs(1) {
                seconds.push((second.commits as f64 / second.elapsed.as_secs_f64(), second.checkpoints));
                second = Tick::default();
            }
        }
        if seconds.len() < SECONDS_MIN {
            return None;
        }
        let checkpoints = seconds.iter().map(|(_, checkpoints)| checkpoints).sum();
        seconds.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let ((worst, checkpoints_in_worst), (median, _)) = (seconds[0], seconds[seconds.len() / 2]);
        Some(Steadiness { seconds: seconds.len(), worst, checkpoints_in_worst, median, checkpoints })
    }
}

impl Steadiness {
    /// The worst second as a share of the median one.
    pub fn ratio(&self) -> f64 {
        self.worst / self.median.max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_second_is_found_across_slices_and_whatever_the_ticks() {
        let ticks = |rates: &[u64], ms: u64| {
            let tick = |rate: &u64| Tick {
                elapsed: Duration::from_millis(ms),
                commits: rate * ms / 1000,
                checkpoints: u64::from(*rate < 500),
            };
            Series(rates.iter().flat_map(|rate| std::iter::repeat_n(tick(rate), (1000 / ms) as usize)).collect())
        };
        let mut series = ticks(&[1000, 1100, 400], 100);
        assert_eq!(series.steadiness(), None, "too short");
        series.extend(&ticks(&[1000, 900, 1000], 250));
        let found = series.steadiness().unwrap();
        let expected =
            Steadiness { seconds: 6, worst: 400.0, checkpoints_in_worst: 10, median: 1000.0, checkpoints: 10 };
        assert_eq!((found, found.ratio()), (expected, 0.4));
    }
}
