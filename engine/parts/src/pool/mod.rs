//! M001 — object pools: where small, hot, short-lived objects come from.
//!
//! *Problem.* Every change makes a version and every version a copy of its row: objects of a few sizes that live for
//! microseconds to a tenth of a second and are freed by another thread than the one that made them. Transactions make them,
//! vacuum frees them in bursts; a general allocator then takes the lock of the maker's arena for each one.
//!
//! *Baseline* ([`heap`]): the system allocator through `Box`.
//! *Optimized* ([`slab`]): slabs of equal objects, and two magazines of free ones per thread and size (Bonwick). Making and
//! freeing move a pointer; what another thread frees comes back thirty-two at a time.
//!
//! *When it wins.* With the whole rows of the baseline of T001, much; with T001 and M003, which leave little to allocate, a
//! little. *What it costs:* memory that was in use between two vacuums is kept for the time between the next two.
//!
//! *Why it is correct.* A pooled box is a `Box` by contract: unique, dropped once, raw only between
//! [`into_raw`](ObjPool::into_raw) and [`from_raw`](ObjPool::from_raw), whichever thread calls them.
//!
//! References: Bonwick, USENIX'94; Bonwick and Adams, USENIX'01; Leijen et al. (mimalloc), APLAS'19.

pub mod heap;
pub mod slab;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::metrics::Metrics;
use crate::sync::Arc;

/// A pool, of whatever.
pub trait AnyPool: Debug + Send + Sync {
    /// A pool that counts in `metrics`.
    fn new(metrics: &Arc<Metrics>) -> Self;

    /// Gives back the memory that was not asked for since the last call. To be called now and then.
    fn trim(&self);
}

/// A source of owned `T`s.
pub trait ObjPool<T>: AnyPool {
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

/// A source of owned byte strings.
pub trait BytePool: AnyPool {
    /// The owner of one byte string.
    type Bytes: Deref<Target = [u8]> + Debug + Send + Sync;

    /// Copies `bytes` into pooled memory.
    fn copy(&self, bytes: &[u8]) -> Self::Bytes;
}
