//! Memory for pages, on huge pages where there are enough of them.
//!
//! A tree descent touches a few scattered lines of several pages. With 4 KiB pages nearly every one of them also misses
//! the TLB; with 2 MiB pages none does. And what is written from them is a few pieces for the device, not hundreds.

use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::page::{PAGE_SIZE, Page};
use crate::io::{BLOCK, IoAction, IoError, Mapping};

/// An array of pages that lives as long as the pool. Who may touch which page is decided by the frames' latches.
#[derive(Debug)]
pub(super) struct FrameMemory(Mapping);

impl FrameMemory {
    /// Zeroed memory for this many pages.
    pub(super) fn new(pages: usize) -> Result<Self, IoError> {
        map(pages).map(Self)
    }

    /// Address of page `at`.
    ///
    /// # Safety
    /// `at` is below the number of pages asked for.
    #[inline]
    pub(super) unsafe fn page(&self, at: usize) -> NonNull<Page> {
        // SAFETY: the caller's promise.
        unsafe { self.0.start().cast::<Page>().add(at) }
    }
}

/// Pages that have one owner, zero at first.
#[derive(Debug)]
pub(super) struct PageMemory {
    memory: Mapping,
    pages: usize,
}

impl PageMemory {
    /// Memory for this many pages.
    ///
    /// # Errors
    /// If the kernel has none.
    pub(super) fn new(pages: usize) -> Result<Self, IoError> {
        Ok(Self { memory: map(pages)?, pages })
    }
}

impl Deref for PageMemory {
    type Target = [Page];

    #[inline]
    fn deref(&self) -> &[Page] {
        // SAFETY: there are so many, zeroed and aligned, and nobody else has them.
        unsafe { std::slice::from_raw_parts(self.memory.start().cast().as_ptr(), self.pages) }
    }
}

impl DerefMut for PageMemory {
    #[inline]
    fn deref_mut(&mut self) -> &mut [Page] {
        // SAFETY: as above, and borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.memory.start().cast().as_ptr(), self.pages) }
    }
}

fn map(pages: usize) -> Result<Mapping, IoError> {
    const { assert!(align_of::<Page>() <= BLOCK) };
    let failed = |error| IoError::new(IoAction::Open, "memory for pages", error);
    Mapping::zeroed(pages * PAGE_SIZE).map_err(failed)
}
