//! Up to which commit everything is known to be durable, so that who saw nothing newer need not wait.
//!
//! Under early lock release a transaction may read what a crash can still take back, and must not answer before that is
//! durable. For the last few ten thousand commits the [clock](super::clock) knows up to where that is. For the rest, and
//! so that it need not be looked up, a *mark* is made now and then: a timestamp, and a position behind the records of all
//! commits up to it. Once the log is durable there, all these commits are.
//!
//! ```text
//! commits   1  2  3  4  5  6  7  8  9
//! known ────────────┘        │
//! mark ──────────────────────┘ durable up to there? then it is known, and the next mark is made
//! ```
//! The mark is looked at by those who have seen something newer, so it costs the others nothing, and the more there are the
//! newer it is.
//!
//! Vacuum goes by it as well: while a deletion is not durable, its ghost stays and says so to whoever looks for the row; a row
//! that is not there at all is nothing to wait for.

use super::clock::Clock;
use super::stamp::Ts;
use crate::io::Lsn;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU64, Ordering};

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Durable {
    known: AtomicU64,
    mark: Mutex<Mark>,
}

#[derive(Debug)]
struct Mark {
    ts: Ts,
    /// The commits up to `ts` end below.
    end: Lsn,
}

impl Durable {
    /// Everything up to `past` is durable.
    pub(super) fn new(past: Ts) -> Self {
        Self { known: AtomicU64::new(past.0), mark: Mutex::new(Mark { ts: past, end: Lsn::ZERO }) }
    }

    /// The last commit that is durable with all before it, as far as is known.
    #[inline]
    pub(super) fn known(&self) -> Ts {
        Ts(self.known.load(Ordering::Acquire))
    }

    /// Looks at the mark, and returns what is known then. `log` says up to where the log is durable.
    pub(super) fn look(&self, clock: &Clock, log: impl Fn() -> Lsn) -> Ts {
        // Who finds somebody looking goes by what was known.
        if let Some(mut mark) = self.mark.try_lock()
            && mark.end <= log()
        {
            // The timestamp first: the horizon then covers at least what it shows.
            let (past, ts) = (mark.ts, clock.now());
            *mark = Mark { ts, end: clock.horizon() };
            // Often nothing is on its way.
            let known = if mark.end <= log() { ts } else { past };
            self.known.store(known.0, Ordering::Release);
        }
        self.known()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_known_when_the_log_has_passed_a_mark_behind_it() {
        let (clock, durable) = (Clock::new(Ts(10)), Durable::new(Ts(10)));
        let commit = |end| {
            let ts = clock.take();
            clock.publish(ts, Lsn(end));
            ts
        };
        assert_eq!(durable.known(), Ts(10));
        let first = commit(100);
        assert_eq!(durable.look(&clock, || Lsn(99)), Ts(10), "the mark is made");
        let second = commit(200);
        assert_eq!(durable.look(&clock, || Lsn(100)), first);
        assert_eq!(durable.look(&clock, || Lsn(199)), first);
        assert_eq!(durable.look(&clock, || Lsn(200)), second);
        let third = commit(300);
        assert_eq!(durable.look(&clock, || Lsn(300)), third, "nothing is on its way");
        assert_eq!(durable.known(), third);
    }
}
