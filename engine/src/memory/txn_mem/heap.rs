//! The baseline: the heap, one allocation per byte string.

use std::fmt::Debug;

use super::{Mark, MemRef, TxnMem};

/// See the [module](self).
#[derive(Debug)]
pub struct HeapMem<T> {
    blobs: Vec<Box<[u8]>>,
    items: Vec<T>,
}

impl<T> Default for HeapMem<T> {
    fn default() -> Self {
        Self { blobs: Vec::new(), items: Vec::new() }
    }
}

impl<T: Copy + Debug + Send> TxnMem<T> for HeapMem<T> {
    fn bytes(&mut self, bytes: &[u8]) -> MemRef {
        let at = u32::try_from(self.blobs.len()).expect("fewer than 2³² writes in a transaction");
        self.blobs.push(bytes.into());
        MemRef(at)
    }

    fn get(&self, at: MemRef) -> &[u8] {
        &self.blobs[at.0 as usize]
    }

    fn push(&mut self, item: T) {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_forgets_what_came_after_the_mark() {
        let mut mem = HeapMem::default();
        let first = mem.bytes(b"first");
        mem.push(1);
        let mark = mem.mark();
        mem.bytes(b"second");
        mem.push(2);
        mem.release(mark);
        assert_eq!(mem.items(), [1]);
        assert_eq!(mem.get(first), b"first");
        let again = mem.bytes(b"third");
        assert_eq!(mem.get(again), b"third");
        mem.reset();
        assert!(mem.items().is_empty());
    }
}
