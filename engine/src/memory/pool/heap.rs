//! The baseline pool: every object is a `Box` of its own.

use std::marker::PhantomData;
use std::ptr::NonNull;

use super::ObjPool;

/// See the [module](self).
#[derive(Debug)]
pub struct HeapPool<T>(PhantomData<fn() -> T>);

impl<T> Default for HeapPool<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T> ObjPool<T> for HeapPool<T> {
    type Boxed = Box<T>;

    fn put(&self, value: T) -> Box<T> {
        Box::new(value)
    }

    fn into_raw(boxed: Box<T>) -> NonNull<T> {
        NonNull::from(Box::leak(boxed))
    }

    unsafe fn from_raw(raw: NonNull<T>) -> Box<T> {
        // SAFETY: by the trait's contract `raw` was leaked from a `Box` and has no other owner.
        unsafe { Box::from_raw(raw.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn an_object_is_dropped_once_also_by_way_of_a_pointer() {
        let pool = HeapPool::default();
        let witness = Rc::new(());
        let boxed = pool.put(Rc::clone(&witness));
        let raw = HeapPool::into_raw(boxed);
        assert_eq!(Rc::strong_count(&witness), 2);
        // SAFETY: made two lines above, taken back once.
        drop(unsafe { <HeapPool<_> as ObjPool<_>>::from_raw(raw) });
        assert_eq!(Rc::strong_count(&witness), 1);
    }
}
