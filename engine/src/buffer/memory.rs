//! The memory of the frames: one anonymous mapping, on huge pages where the kernel grants them.
//!
//! A tree descent touches a few scattered lines of several pages. With 4 KiB pages nearly every one of them also misses
//! the TLB; with 2 MiB pages none does. The mapping is zero and takes memory only as frames are used.

use std::ptr::NonNull;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

use super::page::{PAGE_SIZE, Page};
use crate::io::{IoAction, IoError};

const HUGE_PAGE: usize = 2 << 20;

/// An array of pages that lives as long as the pool. Who may touch which page is decided by the frames' latches.
#[derive(Debug)]
pub(super) struct FrameMemory {
    mapping: NonNull<u8>,
    mapped_bytes: usize,
    first: NonNull<Page>,
}

// SAFETY: the mapping is plain memory; access to it is ordered by the frames' latches.
unsafe impl Send for FrameMemory {}
// SAFETY: as above; the methods only hand out addresses.
unsafe impl Sync for FrameMemory {}

impl FrameMemory {
    /// Zeroed memory for this many pages.
    pub(super) fn new(pages: usize) -> Result<Self, IoError> {
        let bytes = pages * PAGE_SIZE;
        let align = if bytes >= HUGE_PAGE { HUGE_PAGE } else { align_of::<Page>() };
        let mapped_bytes = bytes + align;
        let failed = |error: rustix::io::Errno| IoError::new(IoAction::Open, "buffer pool memory", error.into());
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice overlaps nothing.
        let mapping = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                mapped_bytes,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )
        }
        .map_err(failed)?;
        let mapping = NonNull::new(mapping.cast::<u8>()).ok_or_else(|| failed(rustix::io::Errno::NOMEM))?;
        let skip = mapping.as_ptr().align_offset(align);
        // SAFETY: `skip < align`, and the mapping is `align` bytes longer than the pages.
        let first = unsafe { mapping.add(skip) };
        if align == HUGE_PAGE {
            // A refusal costs speed only, and there is nobody to tell.
            // SAFETY: the range lies within the mapping.
            let _ = unsafe { madvise(first.as_ptr().cast(), bytes, Advice::LinuxHugepage) };
        }
        Ok(Self { mapping, mapped_bytes, first: first.cast() })
    }

    /// Address of page `at`.
    ///
    /// # Safety
    /// `at` is below the number of pages asked for.
    #[inline]
    pub(super) unsafe fn page(&self, at: usize) -> NonNull<Page> {
        // SAFETY: the caller's promise.
        unsafe { self.first.add(at) }
    }
}

impl Drop for FrameMemory {
    fn drop(&mut self) {
        // SAFETY: mapped in `new` with this length; no frame is in use any more, since they borrow from the pool.
        let _ = unsafe { munmap(self.mapping.as_ptr().cast(), self.mapped_bytes) };
    }
}
