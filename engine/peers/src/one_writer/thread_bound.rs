//! A value that stays with the thread that made it, in a place that all threads can see.

use std::mem::ManuallyDrop;
use std::thread::{self, ThreadId};

/// A write transaction may only be used and ended by the thread that began it (LMDB's holds a mutex of that thread). The
/// open batch is kept between calls, behind a mutex that all threads lock: this lets it be there, and only there.
pub(super) struct ThreadBound<T> {
    owner: ThreadId,
    value: ManuallyDrop<T>,
}

// SAFETY: the value is reached by `get` and `into_inner` alone, which refuse every thread but its own; another thread
// that drops it leaks it.
unsafe impl<T> Send for ThreadBound<T> {}

impl<T> ThreadBound<T> {
    pub(super) fn new(value: T) -> Self {
        ThreadBound { owner: thread::current().id(), value: ManuallyDrop::new(value) }
    }

    /// Whether it belongs to the calling thread.
    pub(super) fn is_mine(&self) -> bool {
        self.owner == thread::current().id()
    }

    /// The value. Panics on another thread than its own.
    pub(super) fn get(&mut self) -> &mut T {
        assert!(self.is_mine(), "a write transaction is used by another thread");
        &mut self.value
    }

    /// The value, out of it. Panics on another thread than its own.
    pub(super) fn into_inner(mut self) -> T {
        assert!(self.is_mine(), "a write transaction is ended by another thread");
        // SAFETY: `self` is forgotten right after, so the value is taken once.
        let value = unsafe { ManuallyDrop::take(&mut self.value) };
        std::mem::forget(self);
        value
    }
}

impl<T> Drop for ThreadBound<T> {
    fn drop(&mut self) {
        if self.is_mine() {
            // SAFETY: it is not used after.
            unsafe { ManuallyDrop::drop(&mut self.value) };
        }
    }
}
