//! C003 — reclamation: when memory that readers may still look at is freed.
//!
//! *Problem.* A reader follows a chain of old versions without a lock while vacuum cuts the chain's tail off. The
//! tail must live until the last reader that could see it has gone.
//!
//! *Baseline* ([`crossbeam`]): crossbeam-epoch as published, with the bytes in limbo counted.
//! *Optimized* (to come): a domain of our own with typed limbo lists, bounded by bytes.
//!
//! *Why it is correct.* Whoever may hold a pointer is pinned; what was made unreachable while somebody was pinned is freed
//! only after that pin ended (Fraser 2004).

pub mod crossbeam;

use std::ptr::NonNull;

/// What can be retired: knows how to free itself.
pub trait Retired: Send + 'static {
    /// Frees the object.
    ///
    /// # Safety
    /// Called once per object, when nobody holds a pointer to it any more.
    unsafe fn free(this: NonNull<Self>);
}

/// A reclamation domain.
pub trait Reclaim: Default + Send + Sync {
    /// Proof of being pinned: what was reachable when it was made stays allocated until it is dropped.
    type Guard;

    /// Pins the calling thread. Hold it briefly.
    fn pin(&self) -> Self::Guard;

    /// Frees `object`, of about `bytes`, once every guard of this moment is dropped.
    ///
    /// # Safety
    /// No new pointer to `object` can be had any more, and nobody else retires it.
    unsafe fn retire<T: Retired>(&self, guard: &Self::Guard, object: NonNull<T>, bytes: usize);

    /// Frees as much as can be freed now. With no guard in the process it frees all.
    fn quiesce(&self);

    /// Bytes retired and not yet freed.
    fn limbo_bytes(&self) -> u64;
}
