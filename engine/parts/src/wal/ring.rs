//! The log buffer of group commit: many append at once, one drains.
//!
//! ```text
//!      released      drained            published  reserved
//!         |             |                   |          |
//!   ------+=============+###################+..##..####+------------  (one lap = the ring's capacity)
//!   free  | being zeroed | whole records     | some published, some still being copied
//! ```
//!
//! *Reserve* moves `reserved` forward by compare-exchange. (Not by fetch-add, though that never retries: a refusal,
//! because the ring, the disk or the log has come to its end, must come before a position exists, since a
//! position that is never filled would stop the log for ever.) *Copy* stores the payload, outside any lock. *Publish*
//! stores the record's frame word, which is never zero, with release; the drainer walks from record to record and
//! stops at the first zero. *Drain* copies published bytes out, zeroes their place and moves `released` forward,
//! which gives the place to the next lap.
//!
//! The memory is words of relaxed atomics, which compile to plain moves: so no copy is a data race, and the
//! ring needs no `unsafe`. `tests/loom_wal.rs` checks it under every interleaving.

use super::record::{ALIGN, Frame, framed_len};
use crate::io::Lsn;
use crate::sync::CachePadded;
use crate::sync::atomic::{AtomicU64, Ordering};
use std::fmt;

const WORD: usize = ALIGN as usize;

/// A ring of log bytes.
pub struct Ring {
    words: Box<[AtomicU64]>,
    reserved: CachePadded<AtomicU64>,
    released: CachePadded<AtomicU64>,
}

/// The draining end of a ring. There is one; whoever holds it may drain.
#[derive(Debug)]
pub struct Drain {
    /// Every record below this is published.
    published: u64,
    /// Everything below this was copied out, zeroed and released.
    drained: u64,
}

/// Why no place was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The ring is full until somebody drains it.
    Full,
    /// The record would end here, beyond the limit.
    BeyondLimit(Lsn),
}

impl Ring {
    /// An empty ring of `capacity` bytes, a power of two, whose first record will lie at `start`.
    pub fn new(capacity: usize, start: Lsn) -> (Ring, Drain) {
        assert!(capacity.is_power_of_two() && capacity >= 2 * WORD, "a ring of {capacity} bytes");
        let words = (0..capacity / WORD).map(|_| AtomicU64::new(0)).collect();
        let position = || CachePadded(AtomicU64::new(start.0));
        let ring = Ring { words, reserved: position(), released: position() };
        (ring, Drain { published: start.0, drained: start.0 })
    }

    /// Bytes the ring holds.
    pub fn capacity(&self) -> u64 {
        (self.words.len() * WORD) as u64
    }

    /// End of the last reserved record.
    #[inline]
    pub fn reserved(&self) -> Lsn {
        Lsn(self.reserved.load(Ordering::Acquire))
    }

    /// Bytes reserved and not yet drained.
    #[inline]
    pub fn in_use(&self) -> u64 {
        // In this order: `released` never overtakes a `reserved` read later.
        let released = self.released.load(Ordering::Acquire);
        self.reserved.load(Ordering::Acquire) - released
    }

    /// Reserves the place of a record with a payload of `len` bytes, ending at `limit` at the latest.
    /// The caller must [`publish`](Self::publish) there, whatever happens.
    #[inline]
    pub fn reserve(&self, len: usize, limit: Lsn) -> Result<Lsn, Refused> {
        let size = framed_len(len);
        let mut start = self.reserved.load(Ordering::Relaxed);
        loop {
            let end = start + size;
            if end > limit.0 {
                return Err(Refused::BeyondLimit(Lsn(end)));
            }
            // Acquire: the drainer's zeros come before whatever is stored in their place. The difference is signed
            // because `start` may be so old that the drainer has overtaken it; then the exchange fails.
            let lap = end as i64 - self.released.load(Ordering::Acquire) as i64;
            if lap > self.capacity() as i64 {
                return Err(Refused::Full);
            }
            match self.reserved.compare_exchange_weak(start, end, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Ok(Lsn(start)),
                Err(moved) => start = moved,
            }
        }
    }

    /// Stores the record whose place was reserved at `start`, and lets the drainer see it.
    #[inline]
    pub fn publish(&self, start: Lsn, frame: Frame, payload: &[u8]) {
        let (words, rest) = payload.as_chunks::<WORD>();
        let first = start.0 + WORD as u64;
        // In two runs, one of them nearly always empty: no place need be reckoned for each word.
        let (wrapped, places) = self.words.split_at(self.index(first));
        let (here, beyond) = words.split_at(words.len().min(places.len()));
        for (places, words) in [(places, here), (wrapped, beyond)] {
            for (place, word) in places.iter().zip(words) {
                place.store(u64::from_le_bytes(*word), Ordering::Relaxed);
            }
        }
        if !rest.is_empty() {
            let mut word = [0; WORD];
            word[..rest.len()].copy_from_slice(rest);
            self.word(first + (words.len() * WORD) as u64).store(u64::from_le_bytes(word), Ordering::Relaxed);
        }
        // Release: who sees the frame sees the payload.
        self.word(start.0).store(frame.word(), Ordering::Release);
    }

    /// Copies published bytes to `out`, as many as there are and fit, and frees their place. Returns how many.
    pub fn drain(&self, drain: &mut Drain, out: &mut [u8]) -> usize {
        self.walk(drain, out.len() as u64);
        let n = (drain.published - drain.drained).min(out.len() as u64) as usize / WORD * WORD;
        let (next_lap, lap) = self.words.split_at(self.index(drain.drained));
        let (first, second) = out[..n].as_chunks_mut::<WORD>().0.split_at_mut(lap.len().min(n / WORD));
        for (words, out) in [(lap, first), (next_lap, second)] {
            for (word, bytes) in words.iter().zip(out) {
                *bytes = word.load(Ordering::Relaxed).to_le_bytes();
                word.store(0, Ordering::Relaxed);
            }
        }
        drain.drained += n as u64;
        // Release: the zeros come before the next lap's stores.
        self.released.store(drain.drained, Ordering::Release);
        n
    }

    /// Moves `published` over the records that are complete, until it is `wanted` bytes ahead.
    fn walk(&self, drain: &mut Drain, wanted: u64) {
        // At a full lap the next frame word is the oldest record's own.
        while drain.published - drain.drained < wanted.min(self.capacity()) {
            let Some(frame) = Frame::from_word(self.word(drain.published).load(Ordering::Acquire)) else { return };
            drain.published += framed_len(frame.payload_len());
        }
    }

    #[inline]
    fn word(&self, lsn: u64) -> &AtomicU64 {
        &self.words[self.index(lsn)]
    }

    #[inline]
    fn index(&self, lsn: u64) -> usize {
        // The length is a power of two, so the mask also spares the bounds check.
        (lsn as usize / WORD) & (self.words.len() - 1)
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let positions = (&self.released.0, &self.reserved.0);
        f.debug_struct("Ring").field("released_reserved", &positions).finish_non_exhaustive()
    }
}
