//! Something that goes on beside the sessions while a slice runs, and stands still between slices.
//!
//! It has a thread of its own, since what it does (hold a snapshot for long, say) outlasts slices; but the machine is
//! another driver's between two of them, so it works in pieces and asks before each.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Tells a thread when it may work. See the [module](self).
#[derive(Debug, Default)]
pub struct Slices {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Since when a slice runs.
    running: Option<Instant>,
    /// Length of the slices before.
    past: Duration,
    /// The thread is within a piece.
    busy: bool,
    /// There will be no slice any more, or no thread.
    over: bool,
}

impl Slices {
    /// Between two pieces of work: rests for `pause`, then waits until a slice runs. False: there will be none.
    pub fn go_on(&self, pause: Duration) -> bool {
        let mut state = self.state();
        state.busy = false;
        self.changed.notify_all();
        let until = Instant::now() + pause;
        while !state.over {
            let left = until.saturating_duration_since(Instant::now());
            state = match state.running {
                Some(_) if left.is_zero() => break,
                Some(_) => self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        state.busy = !state.over;
        state.busy
    }

    /// How long slices have run so far.
    pub fn elapsed(&self) -> Duration {
        let state = self.state();
        state.past + state.running.map_or(Duration::ZERO, |since| since.elapsed())
    }

    pub(super) fn start(&self) {
        self.state().running = Some(Instant::now());
        self.changed.notify_all();
    }

    /// Returns once the thread is between two pieces.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        if let Some(since) = state.running.take() {
            state.past += since.elapsed();
        }
        while state.busy {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// No more slices; or, said by the thread, nobody who would work in them.
    pub(super) fn end(&self) {
        let mut state = self.state();
        (state.over, state.busy) = (true, false);
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn work_is_done_in_slices_and_only_there() {
        let (slices, pieces) = (Slices::default(), AtomicU64::new(0));
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| {
                while slices.go_on(Duration::from_micros(50)) {
                    pieces.fetch_add(1, Ordering::SeqCst);
                }
            });
            for _ in 0..3 {
                let before = pieces.load(Ordering::SeqCst);
                slices.start();
                while pieces.load(Ordering::SeqCst) < before + 5 {
                    std::thread::yield_now();
                }
                slices.stop();
                let (done, elapsed) = (pieces.load(Ordering::SeqCst), slices.elapsed());
                std::thread::sleep(Duration::from_millis(3));
                assert_eq!((pieces.load(Ordering::SeqCst), slices.elapsed()), (done, elapsed));
            }
            slices.end();
            worker.join().unwrap();
        });
    }
}
