//! Where threads sleep until a latch is free: a futex in portable clothes.
//!
//! A latch has one word and no room for a queue, so sleepers gather in one of a few buckets chosen by the latch's
//! address. The sleeper marks the latch as having sleepers *under the bucket's mutex*; the waker takes the same mutex
//! before it notifies. So a wake-up cannot fall between "still taken" and "asleep".

#[cfg(not(loom))]
mod buckets {
    use std::sync::{Condvar, Mutex, PoisonError};

    const BUCKETS: usize = 64;

    struct Bucket {
        gate: Mutex<()>,
        bell: Condvar,
    }

    static TABLE: [Bucket; BUCKETS] = [const { Bucket { gate: Mutex::new(()), bell: Condvar::new() } }; BUCKETS];

    fn bucket(address: usize) -> &'static Bucket {
        // Latches stand 64 bytes apart.
        &TABLE[(address >> 6) % BUCKETS]
    }

    /// Sleeps until woken, if `announce` (run under the bucket's mutex) still finds reason to. May wake early.
    pub(in crate::concurrent) fn park(address: usize, announce: impl FnOnce() -> bool) {
        let bucket = bucket(address);
        let gate = bucket.gate.lock().unwrap_or_else(PoisonError::into_inner);
        if announce() {
            drop(bucket.bell.wait(gate).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Wakes every sleeper of the latch after `clear` has withdrawn their announcement.
    pub(in crate::concurrent) fn unpark_all(address: usize, clear: impl FnOnce()) {
        let bucket = bucket(address);
        let gate = bucket.gate.lock().unwrap_or_else(PoisonError::into_inner);
        clear();
        drop(gate);
        bucket.bell.notify_all();
    }
}

/// Under loom nobody sleeps: a model explores the word's protocol, and yielding is what bounds it.
#[cfg(loom)]
mod buckets {
    pub(in crate::concurrent) fn park(_address: usize, _announce: impl FnOnce() -> bool) {
        loom::thread::yield_now();
    }

    pub(in crate::concurrent) fn unpark_all(_address: usize, clear: impl FnOnce()) {
        clear();
    }
}

pub(super) use buckets::{park, unpark_all};
