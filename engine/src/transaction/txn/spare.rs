//! What ended transactions leave to the next ones: each seat keeps the last one's.

use super::txn::TxnState;
use crate::sync::CachePadded;
use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::transaction::running::Seat;
use std::ptr;

/// Seats that keep memory. Where more transactions than this are open at a time, those beyond start from nothing.
const KEEPERS: usize = 256;

/// A state per seat, if it has been used. Put in and taken out by whoever has the seat: no two threads meet here, and a seat
/// that changes hands orders what the one did before what the other does.
#[derive(Debug)]
pub(in crate::transaction) struct Spares(Box<[CachePadded<AtomicPtr<TxnState>>]>);

impl Spares {
    /// Nothing is kept yet.
    pub(in crate::transaction) fn new() -> Self {
        Self((0..KEEPERS).map(|_| CachePadded(AtomicPtr::new(ptr::null_mut()))).collect())
    }

    /// What the seat's last holder left. The caller has the seat.
    #[inline]
    pub(super) fn take(&self, seat: Seat) -> Option<Box<TxnState>> {
        let place = self.0.get(seat.index())?;
        let state = place.load(Ordering::Relaxed);
        // No exchange: nobody else looks here before the seat is given back.
        place.store(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: what is not null is from `keep`, and by the line above it is taken once.
        unsafe { owned(state) }
    }

    /// Leaves a state to the seat's next holder. The caller has the seat, and has taken what was there.
    #[inline]
    pub(super) fn keep(&self, seat: Seat, state: Box<TxnState>) {
        if let Some(place) = self.0.get(seat.index()) {
            debug_assert!(place.load(Ordering::Relaxed).is_null(), "a seat with two states");
            place.store(Box::into_raw(state), Ordering::Relaxed);
        }
    }
}

impl Drop for Spares {
    fn drop(&mut self) {
        for place in &self.0 {
            // SAFETY: as in `take`; nobody else has the spares any more.
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
