//! The pool as its users see it, and the owners of its objects.

use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::class::Class;
use super::thread;
use crate::metrics::{Counter, Metrics};
use crate::pool::{AnyPool, BytePool, ObjPool};
use crate::sync::Arc;

/// A pool of `T`s in slabs; see the [module](super).
pub struct SlabPool<T: ?Sized> {
    metrics: Arc<Metrics>,
    of: PhantomData<fn(&T)>,
}

/// One object.
pub struct SlabBox<T> {
    object: NonNull<T>,
    owns: PhantomData<T>,
}

/// One byte string.
pub struct SlabBytes {
    bytes: NonNull<u8>,
    len: usize,
}

// SAFETY: owns its object, as a `Box` does.
unsafe impl<T: Send> Send for SlabBox<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for SlabBox<T> {}
// SAFETY: owns its bytes.
unsafe impl Send for SlabBytes {}
// SAFETY: as above.
unsafe impl Sync for SlabBytes {}

impl<T> SlabBox<T> {
    const CLASS: Option<Class> = Class::of(size_of::<T>(), align_of::<T>());
}

impl<T: ?Sized> Debug for SlabPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SlabPool")
    }
}

impl<T: ?Sized> AnyPool for SlabPool<T> {
    fn new(metrics: &Arc<Metrics>) -> Self {
        Self { metrics: Arc::clone(metrics), of: PhantomData }
    }

    fn trim(&self) {
        thread::depot().trim();
    }
}

impl<T> ObjPool<T> for SlabPool<T> {
    type Boxed = SlabBox<T>;

    #[inline]
    fn put(&self, value: T) -> SlabBox<T> {
        let object = match SlabBox::<T>::CLASS {
            Some(class) => {
                self.metrics.inc(Counter::PoolSlabObjects);
                let object = thread::take(class, &self.metrics).cast();
                // SAFETY: ours, of the class for such values.
                unsafe { object.write(value) };
                object
            }
            None => {
                self.metrics.inc(Counter::PoolHeapAllocations);
                NonNull::from(Box::leak(Box::new(value)))
            }
        };
        SlabBox { object, owns: PhantomData }
    }

    #[inline]
    fn into_raw(boxed: SlabBox<T>) -> NonNull<T> {
        ManuallyDrop::new(boxed).object
    }

    #[inline]
    unsafe fn from_raw(raw: NonNull<T>) -> SlabBox<T> {
        SlabBox { object: raw, owns: PhantomData }
    }
}

impl<T> Deref for SlabBox<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: owned, and a `T` since `put`.
        unsafe { self.object.as_ref() }
    }
}

impl<T> DerefMut for SlabBox<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { self.object.as_mut() }
    }
}

impl<T> Drop for SlabBox<T> {
    #[inline]
    fn drop(&mut self) {
        match Self::CLASS {
            Some(class) => {
                // SAFETY: owned, and not used again.
                unsafe { self.object.drop_in_place() };
                // SAFETY: taken by `put` with this class.
                unsafe { thread::give(class, self.object.cast()) };
            }
            // SAFETY: leaked from a `Box` by `put`.
            None => drop(unsafe { Box::from_raw(self.object.as_ptr()) }),
        }
    }
}

impl<T: Debug> Debug for SlabBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl BytePool for SlabPool<[u8]> {
    type Bytes = SlabBytes;

    #[inline]
    fn copy(&self, bytes: &[u8]) -> SlabBytes {
        let memory = match class_of(bytes.len()) {
            Some(class) => {
                self.metrics.inc(Counter::PoolSlabObjects);
                let memory = thread::take(class, &self.metrics);
                // SAFETY: ours, of the class for so many bytes.
                unsafe { memory.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len()) };
                memory
            }
            None => {
                self.metrics.inc(Counter::PoolHeapAllocations);
                NonNull::from(Box::leak(Box::<[u8]>::from(bytes))).cast()
            }
        };
        SlabBytes { bytes: memory, len: bytes.len() }
    }
}

/// Byte strings beyond the graded sizes are not worth a slab.
#[inline]
fn class_of(len: usize) -> Option<Class> {
    Class::of(len, align_of::<u8>())
}

impl Deref for SlabBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: owned, and so many were written by `copy`.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr(), self.len) }
    }
}

impl Drop for SlabBytes {
    #[inline]
    fn drop(&mut self) {
        match class_of(self.len) {
            // SAFETY: taken by `copy` with this class.
            Some(class) => unsafe { thread::give(class, self.bytes) },
            None => {
                let bytes = std::ptr::slice_from_raw_parts_mut(self.bytes.as_ptr(), self.len);
                // SAFETY: leaked from such a `Box` by `copy`.
                drop(unsafe { Box::from_raw(bytes) });
            }
        }
    }
}

impl Debug for SlabBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Objects in use, of all pools of the process. Exact once every other thread that used one has ended.
pub fn outstanding() -> usize {
    thread::depot().lent() - thread::cached()
}

/// Bytes of all slabs of the process, those kept for later included.
pub fn footprint_bytes() -> usize {
    thread::depot().footprint_bytes()
}
