//! The depot of the process, and each thread's magazines.
//!
//! One depot for all: an object may be freed by a thread, and after a database, that its maker knows nothing about.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::cache::Cache;
use super::class::Class;
use super::depot::Depot;
use crate::metrics::Metrics;
use crate::sync::{Arc, OnceLock};

static DEPOT: OnceLock<Arc<Depot>> = OnceLock::new();

thread_local! {
    /// The cache that [`OWNED`] owns, without the price of asking whether that is still there.
    static CACHE: Cell<*mut Cache> = const { Cell::new(ptr::null_mut()) };
    static OWNED: Owned = Owned::new();
}

/// A thread's cache; its objects go home when the thread ends.
struct Owned(*mut Cache);

impl Owned {
    fn new() -> Self {
        let cache = Box::into_raw(Box::new(Cache::new(Arc::clone(depot()))));
        CACHE.set(cache);
        Owned(cache)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // What this thread's remaining destructors free goes home one by one.
        CACHE.set(ptr::null_mut());
        // SAFETY: made in `new`; nobody finds it any more.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// The depot of the process.
pub(super) fn depot() -> &'static Arc<Depot> {
    DEPOT.get_or_init(Arc::default)
}

/// Takes an object, which is the caller's then.
#[inline]
pub(super) fn take(class: Class, metrics: &Metrics) -> NonNull<u8> {
    // SAFETY: this thread's, and nothing that is called below comes back here.
    match unsafe { CACHE.get().as_mut() } {
        Some(cache) => cache.take(class, metrics),
        None => with_new_cache(|cache| cache.take(class, metrics)),
    }
}

/// Gives an object back.
///
/// # Safety
/// It came from [`take`] with this class, on whatever thread, and is the caller's.
#[inline]
pub(super) unsafe fn give(class: Class, object: NonNull<u8>) {
    // SAFETY: as in `take`, and the caller's promise.
    match unsafe { CACHE.get().as_mut() } {
        // SAFETY: the caller's promise.
        Some(cache) => unsafe { cache.give(class, object) },
        // SAFETY: the caller's promise.
        None => with_new_cache(|cache| unsafe { cache.give(class, object) }),
    }
}

/// Objects in the magazines of this thread.
pub(super) fn cached() -> usize {
    // SAFETY: as in `take`.
    unsafe { CACHE.get().as_ref() }.map_or(0, Cache::len)
}

/// Runs `work` with this thread's cache, or, if it is gone already, with one for the occasion.
#[cold]
fn with_new_cache<R>(work: impl FnOnce(&mut Cache) -> R) -> R {
    let cache = OWNED.try_with(|owned| owned.0).ok();
    match cache {
        // SAFETY: this thread's, and `work` does not come back here.
        Some(cache) => work(unsafe { &mut *cache }),
        None => work(&mut Cache::new(Arc::clone(depot()))),
    }
}
