//! What frames cost: the time to take in what came since the last one and to draw. Told by the palette's `frame times`, so that
//! whoever finds the interface slow can say how slow.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// Frames that are remembered.
const FRAMES_MAX: usize = 4_096;

/// The last frames.
#[derive(Debug, Clone, Default)]
pub struct FrameTimes {
    times: VecDeque<Duration>,
    /// Spent since the last frame.
    open: Duration,
}

impl FrameTimes {
    /// Time that messages took.
    pub fn spent(&mut self, time: Duration) {
        self.open += time;
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, time: Duration) {
        if self.times.len() == FRAMES_MAX {
            self.times.pop_front();
        }
        self.times.push_back(self.open + time);
        self.open = Duration::ZERO;
    }

    /// Forgets all frames.
    pub fn clear(&mut self) {
        self.times.clear();
    }
}

impl fmt::Display for FrameTimes {
    /// `412 frames: half within 1.2 ms, 99 % within 3.1 ms, the longest 9.0 ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut times: Vec<Duration> = self.times.iter().copied().collect();
        times.sort_unstable();
        // The smallest time that so many hundredths of all do not exceed.
        let within = |percent: usize| {
            let place = (times.len() * percent).div_ceil(100).max(1) - 1;
            times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        let (half, most, longest) = (within(50), within(99), within(100));
        write!(
            f,
            "{} frames: half within {half:.1} ms, 99 % within {most:.1} ms, the longest {longest:.1} ms",
            times.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_by_hand() {
        let mut frames = FrameTimes::default();
        assert_eq!(frames.to_string(), "0 frames: half within 0.0 ms, 99 % within 0.0 ms, the longest 0.0 ms");
        frames.spent(Duration::from_millis(40));
        frames.spent(Duration::from_millis(59));
        frames.drawn(Duration::from_millis(1));
        (1..100).for_each(|ms| frames.drawn(Duration::from_millis(ms)));
        assert_eq!(frames.to_string(), "100 frames: half within 50.0 ms, 99 % within 99.0 ms, the longest 100.0 ms");
        frames.clear();
        (0..FRAMES_MAX + 1).for_each(|_| frames.drawn(Duration::ZERO));
        assert!(frames.to_string().starts_with("4096 frames"));
    }
}
