//! M003 — transaction memory: what a transaction keeps until it ends.
//!
//! *Problem.* A TPC-C transaction remembers some 25 keys and their places: to undo them, to stamp them. All
//! of it dies together at the end.
//!
//! *Baseline* ([`heap`]): one object of the pool per byte string and one `Vec` per list, freed one by one.
//! *Optimized* ([`arena`]): a bump arena of recycled chunks; the end of a transaction resets a position.
//!
//! *Why it is correct.* Contents are `Copy` or bytes: nothing needs dropping. References are indices that only their own
//! memory can resolve, and a reset ends a transaction in which they lived.

pub mod arena;
pub mod heap;
mod list;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

pub use list::List;

use crate::metrics::Metrics;
use crate::sync::Arc;

/// A byte string in a transaction's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemRef(u32);

/// A point to which a transaction's memory can be cut back (for savepoints).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    blobs: usize,
    items: usize,
}

/// The memory of one transaction: byte strings, and one list of `T` (the write set) in the order of the writes.
pub trait TxnMem<T: Copy + Debug>: Debug + Send {
    /// An empty memory, whose pool counts in `metrics`.
    fn new(metrics: &Arc<Metrics>) -> Self;

    /// Keeps a copy of `bytes`.
    fn bytes(&mut self, bytes: &[u8]) -> MemRef;

    /// The bytes kept.
    ///
    /// # Panics
    /// If `at` is from another memory or from before a reset or release.
    fn get(&self, at: MemRef) -> &[u8];

    /// The list.
    fn list(&self) -> &List<T>;

    /// The list, to be changed.
    fn list_mut(&mut self) -> &mut List<T>;

    /// Appends to the list.
    #[inline]
    fn push(&mut self, item: T) {
        self.list_mut().push(item);
    }

    /// Takes the last item off the list.
    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.list_mut().pop()
    }

    /// The list's items, oldest first.
    #[inline]
    fn items(&self) -> &[T] {
        self.list().items()
    }

    /// Where the memory stands now.
    fn mark(&self) -> Mark;

    /// Forgets everything kept since `mark`.
    fn release(&mut self, mark: Mark);

    /// Forgets everything.
    fn reset(&mut self);

    /// Bytes held at this moment, bookkeeping included.
    fn footprint_bytes(&self) -> usize;

    /// How often memory was asked of the heap since this was last called.
    fn take_allocations(&mut self) -> u64;
}
