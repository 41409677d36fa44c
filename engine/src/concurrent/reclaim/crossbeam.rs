//! The baseline: crossbeam-epoch's process-wide collector, with a gauge of what waits in it.

use std::ptr::NonNull;

use crossbeam_epoch::{self as epoch, Guard};

use super::{Reclaim, Retired};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Rounds of collection in [`quiesce`](Reclaim::quiesce): an epoch takes two to pass, and each round frees a bounded
/// number of bags.
const QUIESCE_ROUNDS: usize = 256;

/// See the [module](self).
#[derive(Debug, Default)]
pub struct Crossbeam {
    limbo_bytes: Arc<AtomicU64>,
}

struct SendPtr<T>(NonNull<T>);

// SAFETY: the pointer is used once, to free a `Retired`, which is `Send`.
unsafe impl<T: Retired> Send for SendPtr<T> {}

impl Reclaim for Crossbeam {
    type Guard = Guard;

    fn pin(&self) -> Guard {
        epoch::pin()
    }

    unsafe fn retire<T: Retired>(&self, guard: &Guard, object: NonNull<T>, bytes: usize) {
        self.limbo_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let gauge = Arc::clone(&self.limbo_bytes);
        let object = SendPtr(object);
        // SAFETY: the object is `Send + 'static`, unreachable for new readers and retired once (this function's contract),
        // so it may be freed on any thread after the epoch has passed.
        unsafe {
            guard.defer_unchecked(move || {
                let SendPtr(object) = { object };
                T::free(object);
                gauge.fetch_sub(bytes as u64, Ordering::Relaxed);
            });
        }
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
        self.limbo_bytes.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::atomic::AtomicUsize;

    static FREED: AtomicUsize = AtomicUsize::new(0);

    struct Node(#[expect(dead_code, reason = "something to free")] u64);

    impl Retired for Node {
        unsafe fn free(this: NonNull<Self>) {
            // SAFETY: made by `Box::leak` below, freed once.
            drop(unsafe { Box::from_raw(this.as_ptr()) });
            FREED.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn freed_only_after_the_last_guard() {
        let domain = Crossbeam::default();
        let reader = domain.pin();
        for i in 0..10 {
            let node = NonNull::from(Box::leak(Box::new(Node(i))));
            let guard = domain.pin();
            // SAFETY: nobody else has a pointer to the node.
            unsafe { domain.retire(&guard, node, 100) };
        }
        domain.quiesce();
        assert_eq!(domain.limbo_bytes(), 1000);
        assert_eq!(FREED.load(Ordering::SeqCst), 0);
        drop(reader);
        while domain.limbo_bytes() > 0 {
            domain.quiesce();
        }
        assert_eq!(FREED.load(Ordering::SeqCst), 10);
    }
}
