//! The baseline: crossbeam-epoch's process-wide collector, with a gauge of what waits in it.

use std::marker::PhantomData;
use std::ptr::NonNull;

use crossbeam_epoch::{self as epoch, Guard};

use super::gauge::Gauge;
use super::{Reclaim, Retired};
use crate::metrics::Metrics;
use crate::sync::Arc;

/// Rounds of collection in [`quiesce`](Reclaim::quiesce): an epoch takes two to pass, and each round frees a bounded
/// number of bags.
const QUIESCE_ROUNDS: usize = 256;

/// See the [module](self).
#[derive(Debug)]
pub struct Crossbeam<T> {
    gauge: Arc<Gauge>,
    of: PhantomData<fn(T)>,
}

/// Crossbeam keeps what it needs by thread: a session brings nothing.
#[derive(Debug, Default)]
pub struct NoReader;

struct SendPtr<T>(NonNull<T>);

// SAFETY: the pointer is used once, to free a `Retired`, which is `Send`.
unsafe impl<T: Retired> Send for SendPtr<T> {}

impl<T: Retired + std::fmt::Debug> Reclaim<T> for Crossbeam<T> {
    type Reader = NoReader;
    type Guard<'r> = Guard;
    /// A pin within a pin is a count.
    type Batch = Guard;

    fn new(metrics: &Arc<Metrics>) -> Self {
        Self { gauge: Arc::new(Gauge::new(metrics)), of: PhantomData }
    }

    fn enter(&self, _reader: &mut NoReader) -> Guard {
        epoch::pin()
    }

    fn rest(&self, _reader: &mut NoReader) {}

    fn batch(&self) -> Guard {
        epoch::pin()
    }

    unsafe fn retire(&self, object: NonNull<T>, bytes: usize) {
        self.gauge.retired(bytes as u64);
        let gauge = Arc::clone(&self.gauge);
        let object = SendPtr(object);
        // SAFETY: the object is `Send + 'static`, unreachable for new readers and retired once (this function's contract),
        // so it may be freed on any thread after the epoch has passed.
        unsafe {
            epoch::pin().defer_unchecked(move || {
                let SendPtr(object) = { object };
                T::free(object);
                gauge.freed(bytes as u64);
            });
        }
    }

    fn collect(&self) {
        epoch::pin().flush();
    }

    fn quiesce(&self) {
        for _ in 0..QUIESCE_ROUNDS {
            if self.limbo_bytes() == 0 {
                return;
            }
            epoch::pin().flush();
            crate::sync::thread::yield_now();
        }
    }

    fn limbo_bytes(&self) -> u64 {
        self.gauge.limbo_bytes()
    }
}
