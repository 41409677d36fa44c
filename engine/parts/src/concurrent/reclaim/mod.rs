//! C003 — reclamation: when memory that readers may still look at is freed.
//!
//! *Problem.* A reader follows a chain of old versions without a lock while vacuum cuts the chain's tail off. The
//! tail must live until the last reader that could see it has gone.
//!
//! *Baseline* ([`crossbeam`]): crossbeam-epoch as published, one pin per chain that is followed.
//! *Optimized* ([`epochs`]): a domain per store. What is retired is counted in bytes; a certain number of bytes moves the epoch
//! on, and what that sets free is freed at once by who retires, into the pool it came from.
//!
//! *When it wins.* Vacuum retires in bursts, the larger the longer a snapshot was open. The baseline's collector is driven by
//! the number of pins and frees eight bags a time, wherever they come from; so a burst lies about until enough pins have
//! come by. *What it costs:* retiring takes a lock, which is nothing to vacuum and would be much to a lock-free list.
//!
//! *Why it is correct.* Whoever may hold a pointer is announced; what was made unreachable while somebody was announced is freed
//! only after that announcement ended (Fraser 2004).
//!
//! References: Fraser, Practical lock-freedom, 2004; Brown (DEBRA), PODC'15; Kim, Brown and Singh, PPoPP'24.

pub mod crossbeam;
pub mod epochs;
mod gauge;
mod seats;
#[cfg(all(test, not(loom)))]
mod tests;

pub use seats::Reader;

use std::fmt::Debug;
use std::ptr::NonNull;

use crate::metrics::Metrics;
use crate::sync::Arc;

/// What can be retired: knows how to free itself.
pub trait Retired: Send + 'static {
    /// Frees the object.
    ///
    /// # Safety
    /// Called once per object, when nobody holds a pointer to it any more.
    unsafe fn free(this: NonNull<Self>);
}

/// A reclamation domain of objects of one type.
pub trait Reclaim<T: Retired>: Debug + Send + Sync {
    /// What a session keeps from read to read.
    type Reader: Default + Debug + Send;

    /// Proof of being announced: what was reachable when it was made stays allocated until it is dropped.
    type Guard<'r>;

    /// What makes many retirements in a row cheaper while it is held.
    type Batch;

    /// An empty domain that counts in `metrics`.
    fn new(metrics: &Arc<Metrics>) -> Self;

    /// Announces the reader.
    fn enter<'r>(&self, reader: &'r mut Self::Reader) -> Self::Guard<'r>;

    /// The reader holds no pointer and will not for a while. To be called between any two guards, now and then, and after
    /// the last one: until then the announcement may stand.
    fn rest(&self, reader: &mut Self::Reader);

    /// Begins a batch of retirements.
    fn batch(&self) -> Self::Batch;

    /// Frees `object`, of about `bytes`, once every guard of this moment is dropped.
    ///
    /// # Safety
    /// No new pointer to `object` can be had any more, and nobody else retires it.
    unsafe fn retire(&self, object: NonNull<T>, bytes: usize);

    /// A batch of objects has been retired: frees some of what can be freed.
    fn collect(&self);

    /// Frees as much as can be freed now. With no reader announced it frees all.
    fn quiesce(&self);

    /// Bytes retired and not yet freed.
    fn limbo_bytes(&self) -> u64;
}
