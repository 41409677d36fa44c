//! The transactions that run: who holds which snapshot, and since where in the log somebody writes.
//!
//! A fixed array of slots, one per running transaction, each on a cache line of its own. A thread looks for a free one from the
//! place that is its own onwards, so that those who run at the same time do not meet; and only who locks or writes gets an id
//! (as in PostgreSQL): so a transaction that reads changes no memory that others change. Two questions are asked of the array,
//! both rarely and by background threads, both answered by walking it:
//!
//! * *Which is the oldest snapshot?* (vacuum) A reader stores its timestamp and then looks whether vacuum has meanwhile
//!   announced a younger floor; vacuum announces first and then looks at the readers. So one of the two sees the other.
//! * *Where does the oldest writer begin?* (checkpoint) A writer stores a lower bound of its first record *before* it
//!   appends it, and clears it after its last.

use super::clock::Clock;
use super::stamp::{Ts, TxnId};
use crate::io::Lsn;
use crate::metrics::shard_of_this_thread;
use crate::sync::CachePadded;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Transactions that may be open at one time.
pub const MAX_RUNNING: usize = 4096;

const NONE: u64 = u64::MAX;

/// See the [module](self).
#[derive(Debug)]
pub struct Running {
    next_id: CachePadded<AtomicU64>,
    floor: CachePadded<AtomicU64>,
    slots: Box<[CachePadded<Slot>]>,
    /// So many, from the front, have ever been taken.
    seats: AtomicU32,
}

#[derive(Debug)]
struct Slot {
    taken: AtomicBool,
    id: AtomicU64,
    snapshot: AtomicU64,
    first_lsn: AtomicU64,
}

/// A place among the running transactions. Given back through [`Running::leave`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat(u32);

impl Seat {
    /// Below [`MAX_RUNNING`], and low if few transactions run.
    #[inline]
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A transaction that had written when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writer {
    /// Its id.
    pub id: TxnId,
    /// None of its records lies below.
    pub first_lsn: Lsn,
}

impl Running {
    /// Nobody runs; the next transaction to get an id gets `next_id`.
    #[must_use]
    pub fn new(next_id: TxnId) -> Self {
        let slot = || Slot {
            taken: AtomicBool::new(false),
            id: AtomicU64::new(TxnId::NONE.0),
            snapshot: AtomicU64::new(NONE),
            first_lsn: AtomicU64::new(NONE),
        };
        Self {
            next_id: CachePadded(AtomicU64::new(next_id.0)),
            floor: CachePadded(AtomicU64::new(0)),
            slots: (0..MAX_RUNNING).map(|_| CachePadded(slot())).collect(),
            seats: AtomicU32::new(0),
        }
    }

    /// Seats a new transaction; `None` if [`MAX_RUNNING`] are open.
    #[inline]
    pub fn enter(&self) -> Option<Seat> {
        let home = shard_of_this_thread();
        let at = (home..MAX_RUNNING).chain(0..home).find(|at| self.slots[*at].take())?;
        let seat = Seat(at as u32);
        if self.seats.load(Ordering::SeqCst) <= seat.0 {
            self.seats.fetch_max(seat.0 + 1, Ordering::SeqCst);
        }
        Some(seat)
    }

    /// Gives a seated transaction its id: before its first lock, without which it writes nothing.
    pub fn identify(&self, seat: Seat) -> TxnId {
        let id = TxnId(self.next_id.fetch_add(1, Ordering::Relaxed));
        assert!(id <= TxnId::MAX, "transaction ids are used up");
        self.slot(seat).id.store(id.0, Ordering::Relaxed);
        id
    }

    /// The transaction has ended: its last record is appended and its snapshot is no longer read.
    #[inline]
    pub fn leave(&self, seat: Seat) {
        let slot = self.slot(seat);
        slot.snapshot.store(NONE, Ordering::Release);
        slot.first_lsn.store(NONE, Ordering::Release);
        slot.taken.store(false, Ordering::Release);
    }

    /// The first id no transaction has yet.
    pub fn next_id(&self) -> TxnId {
        TxnId(self.next_id.load(Ordering::Relaxed))
    }

    /// Takes a snapshot: from now until `leave`, nothing it needs is dropped.
    #[inline]
    pub fn take_snapshot(&self, seat: Seat, clock: &Clock) -> Ts {
        loop {
            let ts = clock.now();
            self.slot(seat).snapshot.store(ts.0, Ordering::SeqCst);
            if self.floor.load(Ordering::SeqCst) <= ts.0 {
                return ts;
            }
        }
    }

    /// The oldest snapshot that is, or may still be, taken. What only older ones need can go.
    pub fn oldest_snapshot(&self, clock: &Clock) -> Ts {
        let now = clock.now().0;
        self.floor.fetch_max(now, Ordering::SeqCst);
        let oldest = self.slots.iter().map(|slot| slot.snapshot.load(Ordering::SeqCst)).min();
        Ts(oldest.unwrap_or(NONE).min(now))
    }

    /// Appends every snapshot that is open now. Those taken later are not older than the clock now.
    pub fn open_snapshots(&self, clock: &Clock, open: &mut Vec<Ts>) {
        self.floor.fetch_max(clock.now().0, Ordering::SeqCst);
        let seats = self.seats.load(Ordering::SeqCst) as usize;
        let snapshots = self.slots[..seats].iter().map(|slot| slot.snapshot.load(Ordering::SeqCst));
        open.extend(snapshots.filter(|snapshot| *snapshot != NONE).map(Ts));
    }

    /// Announces that a transaction is going to append, and that `tail` was the end of the log before.
    #[inline]
    pub fn will_write(&self, seat: Seat, tail: Lsn) {
        self.slot(seat).first_lsn.store(tail.0, Ordering::SeqCst);
    }

    /// Those who have written and not ended. A superset in this sense: whoever is missing either has its
    /// end in the log already, or will append its first record only after this call began.
    pub fn writers(&self) -> Vec<Writer> {
        let read = |slot: &CachePadded<Slot>| {
            let first_lsn = slot.first_lsn.load(Ordering::SeqCst);
            let id = TxnId(slot.id.load(Ordering::SeqCst));
            (first_lsn != NONE).then_some(Writer { id, first_lsn: Lsn(first_lsn) })
        };
        self.slots.iter().filter_map(read).collect()
    }

    #[inline]
    fn slot(&self, seat: Seat) -> &Slot {
        &self.slots[seat.index()]
    }
}

impl Slot {
    #[inline]
    fn take(&self) -> bool {
        // Acquire: what the last holder stored is from before.
        !self.taken.load(Ordering::Relaxed)
            && self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_snapshot_holds_vacuum_back() {
        let (clock, running) = (Clock::new(Ts(5)), Running::new(TxnId(1)));
        let old = running.enter().expect("a seat");
        assert_eq!(running.take_snapshot(old, &clock), Ts(5));
        let ts = clock.take();
        clock.publish(ts, Lsn(8));
        let young = running.enter().expect("a seat");
        assert_eq!(running.take_snapshot(young, &clock), Ts(6));
        assert_eq!(running.oldest_snapshot(&clock), Ts(5));
        running.leave(old);
        assert_eq!(running.oldest_snapshot(&clock), Ts(6));
        running.leave(young);
        assert_eq!(running.oldest_snapshot(&clock), Ts(6));
    }

    #[test]
    fn seats_run_out_and_come_back_but_ids_do_not() {
        let running = Running::new(TxnId(9));
        let seats: Vec<_> = std::iter::from_fn(|| running.enter()).collect();
        let distinct: std::collections::BTreeSet<_> = seats.iter().map(|seat| seat.index()).collect();
        assert_eq!(distinct, (0..MAX_RUNNING).collect());
        assert_eq!((running.identify(seats[7]), running.identify(seats[2])), (TxnId(9), TxnId(10)));
        running.leave(seats[7]);
        assert_eq!(running.enter(), Some(seats[7]), "the only free one");
        assert_eq!(running.identify(seats[7]), TxnId(11));
    }

    /// Whoever finds its seat taken twice would find another's number in it.
    #[test]
    fn nobody_shares_a_seat() {
        let running = Running::new(TxnId(1));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let mine = [(); 3].map(|()| running.enter().expect("a seat"));
                        let ids = mine.map(|seat| running.identify(seat));
                        assert_eq!(mine.map(|seat| TxnId(running.slot(seat).id.load(Ordering::Relaxed))), ids);
                        mine.into_iter().for_each(|seat| running.leave(seat));
                    }
                });
            }
        });
        assert_eq!(running.next_id(), TxnId(1 + 4 * 20_000 * 3));
        assert!(running.slots.iter().all(|slot| !slot.taken.load(Ordering::Relaxed)));
    }

    #[test]
    fn writers_are_those_who_announced_it() {
        let running = Running::new(TxnId(1));
        let seat = running.enter().expect("a seat");
        assert_eq!(running.writers(), []);
        let id = running.identify(seat);
        running.will_write(seat, Lsn(64));
        assert_eq!(running.writers(), [Writer { id, first_lsn: Lsn(64) }]);
        running.leave(seat);
        assert_eq!(running.writers(), []);
    }
}
