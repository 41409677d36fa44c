//! M001 — object pools: where small, hot, short-lived objects come from.
//!
//! *Problem.* Every update makes a version, every wait a waiter: objects of a few sizes that live for
//! microseconds to milliseconds and are often freed by another thread than the one that made them.
//!
//! *Baseline* ([`heap`]): the system allocator through `Box`.
//! *Optimized* (to come): typed slabs per thread with magazines (Bonwick, USENIX'94/'01), remote frees in batches.
//!
//! *Why it is correct.* A pooled box is a `Box` by contract: unique, dropped once, raw only between
//! [`into_raw`](ObjPool::into_raw) and [`from_raw`](ObjPool::from_raw), whichever thread calls them.

pub mod heap;

use std::ops::DerefMut;
use std::ptr::NonNull;

/// A source of owned `T`s.
pub trait ObjPool<T>: Default + Send + Sync {
    /// The owner of one object; dropping it drops the object and gives the memory back.
    type Boxed: DerefMut<Target = T>;

    /// Moves `value` into pooled memory.
    fn put(&self, value: T) -> Self::Boxed;

    /// Gives up ownership without dropping, for structures linked by pointers.
    fn into_raw(boxed: Self::Boxed) -> NonNull<T>;

    /// Takes ownership again. No pool is named: an object may outlive the handle it was made by.
    ///
    /// # Safety
    /// `raw` came from [`into_raw`](Self::into_raw) of the same pool type, and this is the only owner made from it.
    unsafe fn from_raw(raw: NonNull<T>) -> Self::Boxed;
}
