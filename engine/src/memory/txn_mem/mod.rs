//! M003 — transaction memory: what a transaction keeps until it ends.
//!
//! *Problem.* A TPC-C transaction remembers some 25 keys and their places: to undo them, to stamp them; and its locks, and
//! the buffers in which rows and log records are put together. All of it dies together at the end.
//!
//! *Baseline* ([`heap`]): one object of the pool per byte string and one `Vec` per list, freed one by one at the end.
//! *Optimized* ([`arena`]): a bump arena of recycled chunks, and lists that the next transaction takes over empty; the end
//! of a transaction resets positions.
//!
//! *Why it is correct.* Contents are `Copy` or bytes: nothing needs dropping. References are indices that only their own
//! memory can resolve, and a reset ends a transaction in which they lived.
//!
//! *What is no part of it.* A transaction that only reads has no memory of this kind. What a part of the engine keeps with
//! whoever runs transactions (a reader's seat, an undo segment) is that part's own.

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

/// A list or buffer beside the byte strings that a transaction fills while it writes.
pub trait Scratch: Default {
    /// Whether it has memory of the heap.
    fn has_memory(&self) -> bool;

    /// Empties it, and gives memory back that only a large transaction needs.
    fn hand_on(&mut self);
}

/// Bytes of a list that are worth keeping from one transaction to the next.
const KEPT_BYTES: usize = 64 * 1024;

impl<T> Scratch for Vec<T> {
    fn has_memory(&self) -> bool {
        self.capacity() > 0
    }

    fn hand_on(&mut self) {
        self.clear();
        self.shrink_to(KEPT_BYTES / size_of::<T>());
    }
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

    /// Forgets everything: the transaction has ended.
    fn reset(&mut self);

    /// Does the same to what the transaction had beside this memory.
    fn retire(&mut self, scratch: &mut impl Scratch);

    /// Bytes held at this moment, bookkeeping included.
    fn footprint_bytes(&self) -> usize;

    /// How often memory was asked of the heap since this was last called. What was [retired](Self::retire) counts once, however
    /// often it had grown.
    fn take_allocations(&mut self) -> u64;
}
