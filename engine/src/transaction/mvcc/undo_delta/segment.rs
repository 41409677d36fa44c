//! Memory for undo records: segments filled from the front, one transaction after the other, freed as a whole.
//!
//! A segment belongs to the memory of *one* open transaction, which the next one takes over; so filling it needs no lock, and
//! consecutive transactions share it. Once full it goes to the shelf, from where vacuum frees it when no snapshot can
//! need any record in it.

use std::collections::VecDeque;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::record::RECORD_ALIGN;
use crate::concurrent::reclaim::Retired;
use crate::memory::pool::slab::MAX_BYTES;
use crate::memory::pool::{AnyPool as _, ObjPool};
use crate::metrics::Metrics;
use crate::select::Pool;
use crate::sync::{Arc, Mutex};
use crate::transaction::stamp::Ts;

/// Bytes of a segment: some hundred records, and as much as the pool has in one piece.
pub(super) const SEGMENT_BYTES: usize = MAX_BYTES / RECORD_ALIGN * RECORD_ALIGN;

/// A segment's memory, whatever is in it.
type Room = MaybeUninit<[u64; SEGMENT_BYTES / size_of::<u64>()]>;

const _: () = assert!(align_of::<Room>() == RECORD_ALIGN && size_of::<Room>() == SEGMENT_BYTES);

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Segment {
    memory: NonNull<Room>,
    used: usize,
    /// No snapshot from here on needs any record of the segment, those of an open transaction aside.
    pub(super) until: Ts,
}

// SAFETY: plain memory, owned.
unsafe impl Send for Segment {}

impl Drop for Segment {
    fn drop(&mut self) {
        // SAFETY: came from `into_raw` of this pool; owned.
        drop(unsafe { Pool::<Room>::from_raw(self.memory) });
    }
}

/// Full segments, oldest first.
#[derive(Debug)]
pub(super) struct Shelf {
    segments: Mutex<VecDeque<Segment>>,
    pool: Pool<Room>,
}

/// What a transaction fills: its own segment, and those it has filled up since its start.
#[derive(Debug, Default)]
pub(super) struct Undo {
    current: Option<Segment>,
    full: Vec<Segment>,
    /// Where they go at the end.
    shelf: Option<Arc<Shelf>>,
}

impl Retired for Segment {
    unsafe fn free(this: NonNull<Self>) {
        // SAFETY: leaked from a `Box` by whoever retired it; the caller vouches that this is the last pointer.
        drop(unsafe { Box::from_raw(this.as_ptr()) });
    }
}

impl Shelf {
    pub(super) fn new(metrics: &Arc<Metrics>) -> Self {
        Self { segments: Mutex::default(), pool: Pool::new(metrics) }
    }

    fn segment(&self) -> Segment {
        let memory = Pool::<Room>::into_raw(self.pool.put(MaybeUninit::uninit()));
        Segment { memory, used: 0, until: Ts(0) }
    }

    /// Gives back memory that no segment needs any more.
    pub(super) fn trim(&self) {
        self.pool.trim();
    }

    /// Takes the oldest segment, unless a snapshot from `oldest` on may need it. Segments come here slightly out of order:
    /// one too young at the front holds the others back until the next round.
    pub(super) fn take(&self, oldest: Ts) -> Option<Segment> {
        let mut segments = self.segments.lock();
        if segments.front()?.until <= oldest { segments.pop_front() } else { None }
    }
}

impl Undo {
    /// Memory for a record of `bytes`; it stays until nobody from `until` on can need it, and for as long as this
    /// transaction is open.
    pub(super) fn allocate(&mut self, shelf: &Arc<Shelf>, bytes: usize, until: Ts) -> NonNull<u8> {
        assert!(bytes <= SEGMENT_BYTES && bytes.is_multiple_of(RECORD_ALIGN), "a record of {bytes} bytes");
        if let Some(full) = self.current.take_if(|current| current.used + bytes > SEGMENT_BYTES) {
            self.full.push(full);
        }
        if self.shelf.is_none() {
            self.shelf = Some(Arc::clone(shelf));
        }
        let segment = self.current.get_or_insert_with(|| shelf.segment());
        // SAFETY: within the segment, by the lines above.
        let memory = unsafe { segment.memory.cast::<u8>().add(segment.used) };
        segment.used += bytes;
        segment.until = segment.until.max(until);
        memory
    }

    /// The transaction has committed at `ts`: until all snapshots see that, its records are needed.
    pub(super) fn commit(&mut self, ts: Ts) {
        for segment in self.current.iter_mut().chain(&mut self.full) {
            segment.until = segment.until.max(ts);
        }
    }

    /// The transaction is over.
    pub(super) fn end(&mut self) {
        if let (false, Some(shelf)) = (self.full.is_empty(), &self.shelf) {
            shelf.segments.lock().extend(self.full.drain(..));
        }
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        self.full.extend(self.current.take());
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_segment_waits_for_its_transaction_and_then_for_its_readers() {
        let (shelf, mut undo) = (Arc::new(Shelf::new(&Arc::default())), Undo::default());
        let first = undo.allocate(&shelf, 1024, Ts(0));
        undo.commit(Ts(5));
        undo.end();
        let second = undo.allocate(&shelf, 1024, Ts(0));
        assert_eq!(second.addr().get(), first.addr().get() + 1024, "consecutive transactions share a segment");
        for _ in 0..SEGMENT_BYTES / 1024 {
            undo.allocate(&shelf, 1024, Ts(0));
        }
        assert!(shelf.take(Ts(100)).is_none(), "the transaction is open");
        undo.commit(Ts(9));
        undo.end();
        assert!(shelf.take(Ts(8)).is_none());
        assert_eq!(shelf.take(Ts(9)).map(|segment| segment.until), Some(Ts(9)));
        assert!(shelf.take(Ts(100)).is_none(), "the last one is still being filled");
        drop(undo);
        assert!(shelf.take(Ts(100)).is_some(), "and now it is not");
    }
}
