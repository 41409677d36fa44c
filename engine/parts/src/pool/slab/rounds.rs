//! A magazine's rounds: pointers to free objects of one class.

use std::ptr::NonNull;

/// The most a magazine holds; in a model, whose threads have small stacks, two.
pub(super) const ROUNDS: usize = if cfg!(loom) { 2 } else { 32 };

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub(super) struct Rounds {
    len: usize,
    objects: [Option<NonNull<u8>>; ROUNDS],
}

// SAFETY: pointers to memory that nobody else uses.
unsafe impl Send for Rounds {}

impl Rounds {
    pub(super) const fn new() -> Self {
        Self { len: 0, objects: [None; ROUNDS] }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// There is room.
    #[inline]
    pub(super) fn push(&mut self, object: NonNull<u8>) {
        self.objects[self.len] = Some(object);
        self.len += 1;
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<NonNull<u8>> {
        self.len = self.len.checked_sub(1)?;
        self.objects[self.len]
    }

    /// Everything, leaving nothing.
    pub(super) fn take(&mut self) -> Self {
        let taken = *self;
        if !cfg!(planted = "magazine_handed_over_twice") {
            self.len = 0;
        }
        taken
    }
}
