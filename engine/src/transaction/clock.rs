//! The order of commits, and the point up to which it is complete.
//!
//! A committer takes the next timestamp, stamps its rows, then publishes. Publications arrive out of order; what a
//! snapshot may see is the *contiguous prefix* of them:
//!
//! ```text
//! ring   … ● ● ● ● ○ ● ● ○ ○ …        ● published   ○ taken, still stamping
//!                ↑ now()  ↑ last taken
//! ```
//! So nobody copies a list of running transactions: a snapshot is one number. And a row that still bears its writer's
//! id is invisible to every snapshot, without looking anything up.
//!
//! With the timestamp goes the *log horizon*: where the commit records of everything up to it end. Under early lock release
//! a reply may leave only when the log is durable up to the horizon of the newest commit of which something was seen.

use super::stamp::Ts;
use crate::io::Lsn;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{CachePadded, hint, thread};

/// More commits than this cannot be between taking and publishing; [`super::running::MAX_RUNNING`] is far below.
const RING: usize = 64 * 1024;

/// How often a committer looks for its predecessors before it lets them run.
const SPINS: u32 = 128;

/// See the [module](self).
#[derive(Debug)]
pub struct Clock {
    taken: CachePadded<AtomicU64>,
    now: CachePadded<AtomicU64>,
    horizon: CachePadded<AtomicU64>,
    ring: Box<[Slot]>,
}

#[derive(Debug, Default)]
struct Slot {
    /// The last commit of those that share the slot.
    ts: AtomicU64,
    /// Its horizon, or a later one. Grows.
    horizon: AtomicU64,
}

impl Clock {
    /// A clock whose past ends at `past` and is durable.
    #[must_use]
    pub fn new(past: Ts) -> Self {
        Self {
            taken: CachePadded(AtomicU64::new(past.0)),
            now: CachePadded(AtomicU64::new(past.0)),
            horizon: CachePadded(AtomicU64::new(0)),
            ring: (0..RING).map(|_| Slot::default()).collect(),
        }
    }

    /// The newest timestamp a snapshot may see.
    #[inline]
    pub fn now(&self) -> Ts {
        Ts(self.now.load(Ordering::SeqCst))
    }

    /// Where the log of everything that [`now`](Self::now) showed earlier ends (or of a little more).
    #[inline]
    pub fn horizon(&self) -> Lsn {
        Lsn(self.horizon.load(Ordering::SeqCst))
    }

    /// The last timestamp handed out: at least every stamp on any row.
    pub fn last_taken(&self) -> Ts {
        Ts(self.taken.load(Ordering::SeqCst))
    }

    /// Takes the next timestamp. It must be published, also if the commit fails.
    pub fn take(&self) -> Ts {
        Ts(self.taken.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// Makes `ts` visible as soon as all before it are, and returns when it is: the committer's next snapshot, and that
    /// of whoever gets its locks, contains it. Every row is stamped; the commit record ends at `log_end`.
    pub fn publish(&self, ts: Ts, log_end: Lsn) {
        self.horizon.fetch_max(log_end.0, Ordering::SeqCst);
        self.slot(ts.0).ts.store(ts.0, Ordering::SeqCst);
        let mut spins = 0;
        loop {
            self.advance();
            if self.now.load(Ordering::SeqCst) >= ts.0 {
                return;
            }
            // A predecessor is stamping, or was preempted at it.
            spins += 1;
            if spins < SPINS { hint::spin_loop() } else { thread::yield_now() }
        }
    }

    /// Moves `now` over everything published without a gap. Every publisher does this after its own store, so the one
    /// that closes a gap also passes those that waited behind it.
    fn advance(&self) {
        loop {
            let now = self.now.load(Ordering::SeqCst);
            let next = self.slot(now + 1);
            if next.ts.load(Ordering::SeqCst) != now + 1 {
                return;
            }
            // All up to it are published, so the horizon covers them. The maximum, since whoever was interrupted here may
            // come when the slot is another commit's.
            next.horizon.fetch_max(self.horizon.load(Ordering::SeqCst), Ordering::Relaxed);
            // Failure means that somebody else moved it: look again.
            let _ = self.now.compare_exchange(now, now + 1, Ordering::SeqCst, Ordering::SeqCst);
        }
    }

    /// Where the log of all commits up to `ts` ends (or of a little more), if that is one of the last few ten thousand. The
    /// caller sees it.
    #[inline]
    pub fn horizon_of(&self, ts: Ts) -> Option<Lsn> {
        let slot = self.slot(ts.0);
        (slot.ts.load(Ordering::Acquire) == ts.0).then(|| Lsn(slot.horizon.load(Ordering::Relaxed)))
    }

    fn slot(&self, ts: u64) -> &Slot {
        &self.ring[ts as usize % RING]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_holds_back_what_came_after_it() {
        let clock = Clock::new(Ts(100));
        let (first, second) = (clock.take(), clock.take());
        assert_eq!((first, second), (Ts(101), Ts(102)));
        std::thread::scope(|scope| {
            let late = scope.spawn(|| clock.publish(second, Lsn(8)));
            std::thread::sleep(std::time::Duration::from_millis(5));
            assert_eq!(clock.now(), Ts(100));
            assert!(!late.is_finished());
            clock.publish(first, Lsn(16));
        });
        assert_eq!((clock.now(), clock.horizon()), (Ts(102), Lsn(16)));
        // The second one's record came first, but it is seen only together with the first.
        assert_eq!([first, second].map(|ts| clock.horizon_of(ts)), [Some(Lsn(16)); 2]);
        assert_eq!(clock.horizon_of(Ts(100)), None, "before this clock");
    }

    #[test]
    fn many_committers_leave_no_gap() {
        const EACH: u64 = if cfg!(miri) { 100 } else { 50_000 };
        let clock = Clock::new(Ts(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        let ts = clock.take();
                        clock.publish(ts, Lsn(ts.0));
                        assert!(clock.now() >= ts);
                    }
                });
            }
        });
        assert_eq!((clock.now(), clock.horizon()), (Ts(4 * EACH), Lsn(4 * EACH)));
    }
}
