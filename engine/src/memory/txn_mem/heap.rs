//! The baseline: the heap, one allocation per byte string.

use std::fmt::Debug;

use super::{Mark, MemRef, TxnMem};

/// See the [module](self).
#[derive(Debug)]
pub struct HeapMem<T> {
    blobs: Vec<Box<[u8]>>,
    items: Vec<T>,
    allocations: u64,
}

impl<T> Default for HeapMem<T> {
    fn default() -> Self {
        Self { blobs: Vec::new(), items: Vec::new(), allocations: 0 }
    }
}

impl<T: Copy + Debug + Send> TxnMem<T> for HeapMem<T> {
    fn bytes(&mut self, bytes: &[u8]) -> MemRef {
        let at = u32::try_from(self.blobs.len()).expect("fewer than 2³² writes in a transaction");
        self.allocations += 1 + u64::from(self.blobs.len() == self.blobs.capacity());
        self.blobs.push(bytes.into());
        MemRef(at)
    }

    fn get(&self, at: MemRef) -> &[u8] {
        &self.blobs[at.0 as usize]
    }

    fn push(&mut self, item: T) {
        self.allocations += u64::from(self.items.len() == self.items.capacity());
        self.items.push(item);
    }

    fn pop(&mut self) -> Option<T> {
        self.items.pop()
    }

    fn items(&self) -> &[T] {
        &self.items
    }

    fn mark(&self) -> Mark {
        Mark { blobs: self.blobs.len(), items: self.items.len() }
    }

    fn release(&mut self, mark: Mark) {
        self.blobs.truncate(mark.blobs);
        self.items.truncate(mark.items);
    }

    fn reset(&mut self) {
        self.blobs.clear();
        self.items.clear();
    }

    fn footprint_bytes(&self) -> usize {
        let bytes: usize = self.blobs.iter().map(|blob| blob.len()).sum();
        bytes + self.blobs.capacity() * size_of::<Box<[u8]>>() + self.items.capacity() * size_of::<T>()
    }

    fn take_allocations(&mut self) -> u64 {
        std::mem::take(&mut self.allocations)
    }
}
