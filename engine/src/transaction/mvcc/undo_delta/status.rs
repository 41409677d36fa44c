//! What became of each transaction: one slot per id, so that a commit is one store.
//!
//! ```text
//!   … settled │ ids from here on have a slot                         next id
//!  ───────────┼──────────────────────────────────────────────────────┬───────
//!    frozen   │ ts 17 │ ended │ ts 19 │ 0 (runs) │ ts 18 │ ts 21 │ … │
//!  ───────────┴──────────────────────────────────────────────────────┴───────
//! ```
//! An id below `settled` is of a transaction that every snapshot sees, or that left nothing: rows that bear such an id need no
//! look-up. Vacuum moves `settled` on. Slots live in chunks; chunks below `settled` are used again, and never freed while the
//! store lives: who looks into one that has changed hands finds out by looking at `settled` *afterwards*.

use std::ptr::{self, NonNull};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use crate::transaction::stamp::{Ts, TxnId};

/// Ids in a chunk.
const CHUNK: u64 = 4096;

/// Chunks at one time: a quarter of a thousand million transactions may end while one snapshot is open.
const CHUNKS: u64 = 64 * 1024;

/// Ids side by side are of transactions that run at the same time: their slots are this many lines apart.
const SPREAD: u64 = 16;

/// The lower half of [`Slot::kept`].
const BYTES: u64 = u32::MAX as u64;

/// Of a transaction that is over and left nothing.
const ENDED: u64 = u64::MAX;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Statuses {
    settled: AtomicU64,
    ring: Box<[AtomicPtr<Chunk>]>,
    spare: Mutex<Vec<NonNull<Chunk>>>,
}

#[derive(Debug)]
struct Chunk(Box<[Slot]>);

/// One transaction.
#[derive(Debug, Default)]
pub(super) struct Slot {
    ts: AtomicU64,
    /// Before-images it has made that are still needed: how many in the upper half, their bytes in the lower.
    kept: AtomicU64,
}

/// Versions and their bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) versions: u64,
    pub(super) bytes: u64,
}

// SAFETY: chunks are shared memory made of atomics; the pointers to spare ones are owned.
unsafe impl Send for Statuses {}
// SAFETY: as above.
unsafe impl Sync for Statuses {}

/// What is known about a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Every snapshot sees it.
    Settled,
    /// It committed.
    Committed(Ts),
    /// It has not, or not yet.
    Open,
}

impl Statuses {
    /// Ids below `first` are past.
    pub(super) fn new(first: TxnId) -> Self {
        Self {
            settled: AtomicU64::new(first.0),
            ring: (0..CHUNKS).map(|_| AtomicPtr::new(ptr::null_mut())).collect(),
            spare: Mutex::new(Vec::new()),
        }
    }

    /// What became of a writer.
    #[inline]
    pub(super) fn of(&self, id: TxnId) -> Status {
        if self.is_settled(id) {
            return Status::Settled;
        }
        let ts = self.slot(id).map_or(0, |slot| slot.ts.load(Ordering::Acquire));
        // The slot may have been cleared, or be another's by now: then this says so.
        if self.is_settled(id) {
            return Status::Settled;
        }
        if ts == 0 || ts == ENDED { Status::Open } else { Status::Committed(Ts(ts)) }
    }

    #[inline]
    fn is_settled(&self, id: TxnId) -> bool {
        id.0 < self.settled.load(Ordering::Acquire)
    }

    /// The transaction has committed. To be called before its timestamp is published.
    pub(super) fn commit(&self, id: TxnId, ts: Ts) {
        self.slot_or_new(id).ts.store(ts.0, Ordering::Release);
    }

    /// The transaction is over, however it ended.
    pub(super) fn end(&self, id: TxnId) {
        let slot = self.slot_or_new(id);
        if slot.ts.load(Ordering::Relaxed) == 0 {
            slot.ts.store(ENDED, Ordering::Release);
        }
    }

    /// The open transaction keeps one more version.
    pub(super) fn keep(&self, id: TxnId, bytes: u64) {
        let kept = &self.slot_or_new(id).kept;
        kept.store(kept.load(Ordering::Relaxed) + pack(bytes), Ordering::Relaxed);
    }

    /// One version made by `id`, which has committed, is gone early.
    pub(super) fn let_go(&self, id: TxnId, bytes: u64) {
        if self.is_settled(id) {
            return;
        }
        if let Some(slot) = self.slot(id) {
            // Saturating, since vacuum may clear the slot meanwhile, and a merged record has another size.
            let less = |kept: u64| {
                let bytes = (kept & BYTES).saturating_sub(bytes);
                Some((kept >> 32).saturating_sub(1) << 32 | bytes)
            };
            let _ = slot.kept.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
    }

    /// Moves on over everybody whom all snapshots from `oldest` on see. Returns what they had kept. One caller at a time.
    pub(super) fn settle(&self, oldest: Ts) -> Kept {
        let first = self.settled.load(Ordering::Relaxed);
        let (mut id, mut gone) = (first, Kept::default());
        while let Some(slot) = self.slot(TxnId(id)) {
            let ts = slot.ts.load(Ordering::Acquire);
            if ts == 0 || ts != ENDED && ts > oldest.0 {
                break;
            }
            gone.add(slot.kept.load(Ordering::Relaxed));
            id += 1;
        }
        self.settled.store(id, Ordering::SeqCst);
        for chunk in first / CHUNK..id / CHUNK {
            let place = &self.ring[(chunk % CHUNKS) as usize];
            if let Some(chunk) = NonNull::new(place.swap(ptr::null_mut(), Ordering::AcqRel)) {
                // SAFETY: chunks are not freed before the store.
                for slot in &unsafe { chunk.as_ref() }.0 {
                    slot.kept.store(0, Ordering::Relaxed);
                    // Release: who finds it cleared finds `settled` moved on.
                    slot.ts.store(0, Ordering::Release);
                }
                self.spare.lock().push(chunk);
            }
        }
        gone
    }

    /// What is kept for the sake of snapshots from `oldest` on, and of open transactions.
    pub(super) fn kept(&self, oldest: Ts) -> Kept {
        let mut kept = Kept::default();
        for place in &self.ring {
            let Some(chunk) = NonNull::new(place.load(Ordering::Acquire)) else { continue };
            // SAFETY: chunks are not freed before the store.
            for slot in &unsafe { chunk.as_ref() }.0 {
                let ts = slot.ts.load(Ordering::Relaxed);
                if ts == 0 || ts != ENDED && ts > oldest.0 {
                    kept.add(slot.kept.load(Ordering::Relaxed));
                }
            }
        }
        kept
    }

    #[inline]
    fn slot(&self, id: TxnId) -> Option<&Slot> {
        let chunk = NonNull::new(self.ring[(id.0 / CHUNK % CHUNKS) as usize].load(Ordering::Acquire))?;
        // SAFETY: chunks are not freed before the store.
        let Chunk(slots) = unsafe { chunk.as_ref() };
        Some(&slots[(id.0 % SPREAD * (CHUNK / SPREAD) + id.0 % CHUNK / SPREAD) as usize])
    }

    /// The slot of a transaction that is not over.
    #[inline]
    fn slot_or_new(&self, id: TxnId) -> &Slot {
        match self.slot(id) {
            Some(slot) => slot,
            None => self.add_chunk(id),
        }
    }

    #[cold]
    fn add_chunk(&self, id: TxnId) -> &Slot {
        let settled = self.settled.load(Ordering::Acquire);
        assert!(id.0 / CHUNK - settled / CHUNK < CHUNKS, "{} transactions ended during one snapshot", id.0 - settled);
        let mut spare = self.spare.lock();
        let place = &self.ring[(id.0 / CHUNK % CHUNKS) as usize];
        if place.load(Ordering::Acquire).is_null() {
            let fresh = || NonNull::from(Box::leak(Box::new(Chunk((0..CHUNK).map(|_| Slot::default()).collect()))));
            place.store(spare.pop().unwrap_or_else(fresh).as_ptr(), Ordering::Release);
        }
        drop(spare);
        match self.slot(id) {
            Some(slot) => slot,
            None => unreachable!("the chunk of a transaction that is not over was taken away"),
        }
    }
}

impl Drop for Statuses {
    fn drop(&mut self) {
        let used = self.ring.iter().filter_map(|place| NonNull::new(place.load(Ordering::Relaxed)));
        let spare = std::mem::take(&mut *self.spare.lock());
        for chunk in used.chain(spare) {
            // SAFETY: leaked in `add_chunk`; in the ring or among the spare ones, never in both.
            drop(unsafe { Box::from_raw(chunk.as_ptr()) });
        }
    }
}

impl Kept {
    fn add(&mut self, packed: u64) {
        self.versions += packed >> 32;
        self.bytes += packed & BYTES;
    }
}

fn pack(bytes: u64) -> u64 {
    1 << 32 | bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_settled_is_forgotten_and_the_slots_are_used_again() {
        let first = 3 * CHUNK - 2;
        let statuses = Statuses::new(TxnId(first));
        assert_eq!(statuses.of(TxnId(first - 1)), Status::Settled);
        for round in 0..3 {
            let first = first + round * 2 * CHUNK;
            for id in first..first + 2 * CHUNK {
                assert_eq!(statuses.of(TxnId(id)), Status::Open);
                statuses.keep(TxnId(id), 10);
                if id % 3 == 0 {
                    statuses.end(TxnId(id))
                } else {
                    statuses.commit(TxnId(id), Ts(id))
                }
                statuses.end(TxnId(id));
            }
            let middle = first + CHUNK;
            statuses.settle(Ts(middle));
            assert_eq!(statuses.of(TxnId(middle)), Status::Settled);
            let after = (middle + 1..).find(|id| id % 3 != 0).unwrap_or_default();
            assert_eq!(statuses.of(TxnId(after)), Status::Committed(Ts(after)));
            assert!(statuses.kept(Ts(middle)).versions > CHUNK / 2);
            statuses.settle(Ts(first + 2 * CHUNK));
            assert_eq!(statuses.kept(Ts(first + 2 * CHUNK)), Kept::default());
        }
        assert!(statuses.spare.lock().len() <= 3, "chunks are used again");
    }

    #[test]
    fn an_open_transaction_holds_up_those_behind_it() {
        let statuses = Statuses::new(TxnId(1));
        statuses.keep(TxnId(1), 8);
        statuses.commit(TxnId(2), Ts(1));
        assert_eq!(statuses.settle(Ts(9)), Kept::default());
        assert_eq!(statuses.of(TxnId(2)), Status::Committed(Ts(1)));
        statuses.commit(TxnId(1), Ts(2));
        statuses.let_go(TxnId(1), 8);
        assert_eq!(statuses.kept(Ts(0)), Kept::default());
        statuses.settle(Ts(9));
        assert_eq!((statuses.of(TxnId(1)), statuses.of(TxnId(2))), (Status::Settled, Status::Settled));
    }
}
