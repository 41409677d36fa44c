//! The baseline pool: every object is a `Box` of its own.

use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::{AnyPool, BytePool, ObjPool};
use crate::metrics::{Counter, Metrics};
use crate::sync::Arc;

/// See the [module](self).
pub struct HeapPool<T: ?Sized> {
    metrics: Arc<Metrics>,
    of: PhantomData<fn(&T)>,
}

impl<T: ?Sized> Debug for HeapPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeapPool")
    }
}

impl<T: ?Sized> AnyPool for HeapPool<T> {
    fn new(metrics: &Arc<Metrics>) -> Self {
        Self { metrics: Arc::clone(metrics), of: PhantomData }
    }

    fn trim(&self) {}
}

impl<T> ObjPool<T> for HeapPool<T> {
    type Boxed = Box<T>;

    #[inline]
    fn put(&self, value: T) -> Box<T> {
        self.metrics.inc(Counter::PoolHeapAllocations);
        Box::new(value)
    }

    #[inline]
    fn into_raw(boxed: Box<T>) -> NonNull<T> {
        NonNull::from(Box::leak(boxed))
    }

    #[inline]
    unsafe fn from_raw(raw: NonNull<T>) -> Box<T> {
        // SAFETY: by the trait's contract `raw` was leaked from a `Box` and has no other owner.
        unsafe { Box::from_raw(raw.as_ptr()) }
    }
}

impl BytePool for HeapPool<[u8]> {
    type Bytes = Box<[u8]>;

    #[inline]
    fn copy(&self, bytes: &[u8]) -> Box<[u8]> {
        self.metrics.inc(Counter::PoolHeapAllocations);
        bytes.into()
    }
}
