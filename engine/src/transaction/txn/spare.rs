//! The memory of ended transactions, for the next ones: each seat keeps the last one's.

use super::txn::TxnState;
use crate::sync::CachePadded;
use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::transaction::running::Seat;
use std::ptr;

/// Seats that keep memory. Where more transactions than this are open at a time, those beyond start from nothing.
const KEEPERS: usize = 256;

/// A state per seat, if it has been used. Swapped in and out, each by whoever has the seat: no two threads meet here.
#[derive(Debug)]
pub(in crate::transaction) struct Spares(Box<[CachePadded<AtomicPtr<TxnState>>]>);

impl Spares {
    /// Nothing is kept yet.
    pub(in crate::transaction) fn new() -> Self {
        Self((0..KEEPERS).map(|_| CachePadded(AtomicPtr::new(ptr::null_mut()))).collect())
    }

    /// What the seat's last holder left.
    #[inline]
    pub(super) fn take(&self, seat: Seat) -> Option<Box<TxnState>> {
        // SAFETY: what is not null is from `keep`, and the swap makes it ours alone.
        unsafe { owned(self.0.get(seat.index())?.swap(ptr::null_mut(), Ordering::Acquire)) }
    }

    /// Leaves a state to the seat's next holder.
    #[inline]
    pub(super) fn keep(&self, seat: Seat, state: Box<TxnState>) {
        if let Some(place) = self.0.get(seat.index()) {
            // SAFETY: as in `take`.
            drop(unsafe { owned(place.swap(Box::into_raw(state), Ordering::AcqRel)) });
        }
    }
}

impl Drop for Spares {
    fn drop(&mut self) {
        for place in &self.0 {
            // SAFETY: as in `take`.
            drop(unsafe { owned(place.swap(ptr::null_mut(), Ordering::Acquire)) });
        }
    }
}

/// # Safety
/// `state` is null or from `Box::into_raw`, and nobody else has it.
unsafe fn owned(state: *mut TxnState) -> Option<Box<TxnState>> {
    // SAFETY: the caller's promise.
    (!state.is_null()).then(|| unsafe { Box::from_raw(state) })
}
