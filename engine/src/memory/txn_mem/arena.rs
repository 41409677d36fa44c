//! Optimized: byte strings one behind the other in chunks that the next transaction takes over, as it does the lists.
//!
//! ```text
//!  chunk 0                                    chunk 1
//!  ┌───┬─────┬───┬─────────┬───┬───┬──────┐   ┌───┬─────┬ ─ ─ ─ ─ ─ ─ ┐
//!  │len│bytes│len│bytes    │len│…  │unused│   │len│bytes│ free → used
//!  └───┴─────┴───┴─────────┴───┴───┴──────┘   └───┴─────┴ ─ ─ ─ ─ ─ ─ ┘
//! ```
//! Keeping a byte string moves a position; releasing to a mark and resetting move it back. A transaction's memory is
//! recycled with its first chunk, so that all but large transactions allocate nothing (PostgreSQL's bump contexts,
//! `utils/mmgr`, do the same).

use std::fmt::Debug;

use super::{List, Mark, MemRef, Scratch, TxnMem};
use crate::metrics::Metrics;
use crate::sync::Arc;

/// Bytes of a chunk.
const CHUNK: usize = 64 * 1024;

/// Items whose room is kept for the next transaction.
const KEPT_ITEMS: usize = 1024;

/// Bytes of a length.
const LEN: usize = size_of::<u32>();

/// See the [module](self).
#[derive(Debug)]
pub struct ArenaMem<T> {
    chunks: Vec<Box<[u8]>>,
    /// Bytes in use, of all chunks as if they were one.
    used: usize,
    chunks_made: u64,
    items: List<T>,
}

impl<T> ArenaMem<T> {
    /// Room for `bytes` in one chunk; returns where.
    fn reserve(&mut self, bytes: usize) -> usize {
        assert!(bytes <= CHUNK, "a byte string of {bytes} bytes is longer than a chunk");
        if self.used % CHUNK + bytes > CHUNK {
            self.used = self.used.next_multiple_of(CHUNK);
        }
        let at = self.used;
        if at / CHUNK == self.chunks.len() {
            self.chunks.push(vec![0; CHUNK].into_boxed_slice());
            self.chunks_made += 1;
        }
        self.used += bytes;
        at
    }
}

impl<T: Copy + Debug + Send> TxnMem<T> for ArenaMem<T> {
    fn new(_metrics: &Arc<Metrics>) -> Self {
        Self { chunks: Vec::new(), used: 0, chunks_made: 0, items: List::default() }
    }

    fn bytes(&mut self, bytes: &[u8]) -> MemRef {
        let at = self.reserve(LEN + bytes.len());
        let place = &mut self.chunks[at / CHUNK][at % CHUNK..][..LEN + bytes.len()];
        let (len, content) = place.split_at_mut(LEN);
        len.copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        content.copy_from_slice(bytes);
        MemRef(u32::try_from(at).expect("fewer than 2³² bytes of keys in a transaction"))
    }

    fn get(&self, at: MemRef) -> &[u8] {
        let at = at.0 as usize;
        assert!(at < self.used, "a byte string from before a reset or release");
        let place = &self.chunks[at / CHUNK][at % CHUNK..];
        let mut len = [0; LEN];
        len.copy_from_slice(&place[..LEN]);
        &place[LEN..LEN + u32::from_le_bytes(len) as usize]
    }

    fn list(&self) -> &List<T> {
        &self.items
    }

    fn list_mut(&mut self) -> &mut List<T> {
        &mut self.items
    }

    fn mark(&self) -> Mark {
        Mark { blobs: self.used, items: self.items.len() }
    }

    fn release(&mut self, mark: Mark) {
        self.used = mark.blobs;
        self.items.truncate(mark.items);
    }

    fn reset(&mut self) {
        if cfg!(debug_assertions) {
            // Whoever still reads it sees that it is gone.
            self.chunks.iter_mut().take(1).for_each(|chunk| chunk.fill(0xdd));
        }
        self.chunks.truncate(1);
        self.used = 0;
        self.items.truncate(0);
        self.items.shrink_to(KEPT_ITEMS);
    }

    fn retire(&mut self, scratch: &mut impl Scratch) {
        scratch.hand_on();
    }

    fn footprint_bytes(&self) -> usize {
        self.chunks.len() * CHUNK + self.chunks.capacity() * size_of::<Box<[u8]>>() + self.items.footprint_bytes()
    }

    fn take_allocations(&mut self) -> u64 {
        std::mem::take(&mut self.chunks_made) + self.items.take_growths()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_transaction_of_the_same_size_allocates_nothing() {
        let mut mem = ArenaMem::new(&Arc::default());
        for round in 0..3 {
            for number in 0..100_u32 {
                mem.bytes(&number.to_be_bytes());
                mem.push(number);
            }
            assert_eq!(mem.take_allocations() > 0, round == 0);
            mem.reset();
        }
    }

    #[test]
    fn a_large_transaction_gives_its_memory_back() {
        let mut mem = ArenaMem::new(&Arc::default());
        for number in 0..200_000_u32 {
            mem.bytes(&number.to_be_bytes());
            mem.push(number);
        }
        assert!(mem.footprint_bytes() > 2_000_000);
        mem.reset();
        assert!(mem.footprint_bytes() < CHUNK + 8 * KEPT_ITEMS, "{}", mem.footprint_bytes());
    }
}
