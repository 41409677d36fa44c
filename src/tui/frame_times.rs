//! What frames cost: the time to take in what came since the last one and to draw. Told by the palette's `frame times`, so that
//! whoever finds the interface slow can say how slow.

use std::collections::VecDeque;
use std::fmt;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// Frames that are remembered.
const FRAMES_MAX: usize = 4_096;

/// What a frame, or a part of one, cost. Where the two differ much, the machine gave the processor to others meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cost {
    /// Wall time.
    pub took: Duration,
    /// Processor time of the thread.
    pub worked: Duration,
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.took += other.took;
        self.worked += other.worked;
    }
}

/// Both clocks of a thread.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    began: Instant,
    worked: Duration,
}

impl Stopwatch {
    /// Starts now, for this thread.
    pub fn start() -> Self {
        Self { began: Instant::now(), worked: worked() }
    }

    /// The cost since the start, on the thread that started it.
    pub fn cost(&self) -> Cost {
        Cost { took: self.began.elapsed(), worked: worked().saturating_sub(self.worked) }
    }
}

/// What this thread has worked; nothing where the kernel does not tell.
fn worked() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// The last frames.
#[derive(Debug, Clone, Default)]
pub struct FrameTimes {
    frames: VecDeque<Cost>,
    /// Spent since the last frame.
    open: Cost,
}

impl FrameTimes {
    /// What messages cost.
    pub fn spent(&mut self, cost: Cost) {
        self.open += cost;
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, cost: Cost) {
        self.spent(cost);
        if self.frames.len() == FRAMES_MAX {
            self.frames.pop_front();
        }
        self.frames.push_back(std::mem::take(&mut self.open));
    }

    /// Forgets all frames.
    pub fn clear(&mut self) {
        self.frames.clear();
    }
}

impl fmt::Display for FrameTimes {
    /// `412 frames: half in 1.2 ms, 99 % in 3.1 ms, longest 9.0 ms (0.8 at work)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut frames: Vec<Cost> = self.frames.iter().copied().collect();
        frames.sort_unstable();
        // The smallest time that so many hundredths of all do not exceed.
        let within = |percent: usize| {
            let place = (frames.len() * percent).div_ceil(100).max(1) - 1;
            frames.get(place).copied().unwrap_or_default()
        };
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let [half, most, longest] = [50, 99, 100].map(within);
        write!(
            f,
            "{} frames: half in {:.1} ms, 99 % in {:.1} ms, longest {:.1} ms ({:.1} at work)",
            frames.len(),
            ms(half.took),
            ms(most.took),
            ms(longest.took),
            ms(longest.worked)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(took_ms: u64, worked_ms: u64) -> Cost {
        Cost { took: Duration::from_millis(took_ms), worked: Duration::from_millis(worked_ms) }
    }

    #[test]
    fn quantiles_by_hand() {
        let mut frames = FrameTimes::default();
        assert_eq!(frames.to_string(), "0 frames: half in 0.0 ms, 99 % in 0.0 ms, longest 0.0 ms (0.0 at work)");
        frames.spent(cost(40, 4));
        frames.spent(cost(59, 5));
        frames.drawn(cost(1, 1));
        (1..100).for_each(|ms| frames.drawn(cost(ms, 1)));
        assert_eq!(frames.to_string(), "100 frames: half in 50.0 ms, 99 % in 99.0 ms, longest 100.0 ms (10.0 at work)");
        frames.clear();
        (0..FRAMES_MAX + 1).for_each(|_| frames.drawn(Cost::default()));
        assert!(frames.to_string().starts_with("4096 frames"));
    }

    #[test]
    fn sleep_is_no_work() {
        let watch = Stopwatch::start();
        std::thread::sleep(Duration::from_millis(30));
        let slept = watch.cost();
        assert!(slept.took >= Duration::from_millis(30) && slept.worked < slept.took / 2, "{slept:?}");
        let mut sum = 0_u64;
        while watch.cost().worked < slept.worked + Duration::from_millis(2) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(watch.cost().took >= slept.took + Duration::from_millis(1));
    }
}
