//! The baseline: one allocation per byte string, from the heap or its pool, and lists that die with their transaction.

use std::fmt::Debug;

use super::{List, Mark, MemRef, Scratch, TxnMem};
use crate::memory::pool::{AnyPool as _, BytePool};
use crate::metrics::Metrics;
use crate::select;
use crate::sync::Arc;

type Keys = select::Pool<[u8]>;

/// See the [module](self).
#[derive(Debug)]
pub struct HeapMem<T> {
    pool: Keys,
    blobs: List<<Keys as BytePool>::Bytes>,
    /// Byte strings and retired lists.
    made: u64,
    items: List<T>,
}

impl<T: Copy + Debug + Send> TxnMem<T> for HeapMem<T> {
    fn new(metrics: &Arc<Metrics>) -> Self {
        Self { pool: Keys::new(metrics), blobs: List::default(), made: 0, items: List::default() }
    }

    fn bytes(&mut self, bytes: &[u8]) -> MemRef {
        let at = u32::try_from(self.blobs.len()).expect("fewer than 2³² writes in a transaction");
        self.made += 1;
        self.blobs.push(self.pool.copy(bytes));
        MemRef(at)
    }

    fn get(&self, at: MemRef) -> &[u8] {
        &self.blobs.items()[at.0 as usize]
    }

    fn list(&self) -> &List<T> {
        &self.items
    }

    fn list_mut(&mut self) -> &mut List<T> {
        &mut self.items
    }

    fn mark(&self) -> Mark {
        Mark { blobs: self.blobs.len(), items: self.items.len() }
    }

    fn release(&mut self, mark: Mark) {
        self.blobs.truncate(mark.blobs);
        self.items.truncate(mark.items);
    }

    fn reset(&mut self) {
        self.blobs.free();
        self.items.free();
    }

    fn retire(&mut self, scratch: &mut impl Scratch) {
        self.made += u64::from(scratch.has_memory());
        *scratch = Default::default();
    }

    fn footprint_bytes(&self) -> usize {
        let bytes: usize = self.blobs.items().iter().map(|blob| blob.len()).sum();
        bytes + self.blobs.footprint_bytes() + self.items.footprint_bytes()
    }

    fn take_allocations(&mut self) -> u64 {
        std::mem::take(&mut self.made) + self.blobs.take_growths() + self.items.take_growths()
    }
}
