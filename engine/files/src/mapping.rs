//! Memory by the megabyte: anonymous mappings, on huge pages where the kernel grants them.
//!
//! What that is good for, beside fewer misses of the TLB: a transfer by direct I/O is described to the device piece by piece, and
//! memory on pages of 4 KiB is as many pieces as it has pages, memory on a page of 2 MiB is one.

use std::io;
use std::ptr::NonNull;

/// Bytes of a huge page.
pub const HUGE_PAGE: usize = 2 << 20;

/// Zeroed memory that its owner shares under a protocol of its own. It takes room only where it is touched.
#[derive(Debug)]
pub struct Mapping {
    mapping: NonNull<u8>,
    mapped_bytes: usize,
    start: NonNull<u8>,
}

// SAFETY: plain memory, of which only the address is handed out.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Memory of so many bytes at a boundary of `align`, a power of two. What is as large as a huge page lies on such pages.
    ///
    /// # Errors
    /// If the kernel has none.
    pub fn zeroed(bytes: usize, align: usize) -> io::Result<Self> {
        let huge = bytes >= HUGE_PAGE;
        let align = if huge { align.max(HUGE_PAGE) } else { align };
        let mapped_bytes = bytes + align;
        let mapping = anonymous(mapped_bytes)?;
        let skip = mapping.as_ptr().align_offset(align);
        // SAFETY: `skip < align`, and the mapping is `align` bytes longer than what was asked for.
        let start = unsafe { mapping.add(skip) };
        if huge {
            ask_for_huge_pages(start, bytes);
        }
        Ok(Self { mapping, mapped_bytes, start })
    }

    /// The first byte.
    #[inline]
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        unmap(self.mapping, self.mapped_bytes);
    }
}

#[cfg(not(miri))]
fn anonymous(bytes: usize) -> io::Result<NonNull<u8>> {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
    let (access, kind) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
    // SAFETY: a fresh anonymous mapping at an address of the kernel's choice overlaps nothing.
    let mapping = unsafe { mmap_anonymous(std::ptr::null_mut(), bytes, access, kind) }?;
    NonNull::new(mapping.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

#[cfg(not(miri))]
fn ask_for_huge_pages(start: NonNull<u8>, bytes: usize) {
    // A refusal costs speed only, and there is nobody to tell.
    // SAFETY: advice on memory that was mapped just now.
    let _ = unsafe { rustix::mm::madvise(start.as_ptr().cast(), bytes, rustix::mm::Advice::LinuxHugepage) };
}

#[cfg(not(miri))]
fn unmap(mapping: NonNull<u8>, bytes: usize) {
    // SAFETY: mapped in `anonymous` with this length, and its owner is being dropped.
    let _ = unsafe { rustix::mm::munmap(mapping.as_ptr().cast(), bytes) };
}

/// Miri knows no such call of the system.
#[cfg(miri)]
fn anonymous(bytes: usize) -> io::Result<NonNull<u8>> {
    // SAFETY: the layout's size is not zero.
    let memory = unsafe { std::alloc::alloc_zeroed(layout(bytes)) };
    NonNull::new(memory).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

#[cfg(miri)]
fn ask_for_huge_pages(_: NonNull<u8>, _: usize) {}

#[cfg(miri)]
fn unmap(mapping: NonNull<u8>, bytes: usize) {
    // SAFETY: allocated in `anonymous` with the same layout.
    unsafe { std::alloc::dealloc(mapping.as_ptr(), layout(bytes)) }
}

#[cfg(miri)]
fn layout(bytes: usize) -> std::alloc::Layout {
    std::alloc::Layout::from_size_align(bytes, 1).expect("a mapping that fits the address space")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_aligned_zero_and_whole() {
        for (bytes, align) in [(1, 1), (4096, 4096), (HUGE_PAGE - 1, 4096), (HUGE_PAGE, 4096), (2 * HUGE_PAGE + 5, 8)] {
            let memory = Mapping::zeroed(bytes, align).unwrap();
            let start = memory.start().as_ptr();
            assert_eq!(start.align_offset(if bytes < HUGE_PAGE { align } else { HUGE_PAGE }), 0, "{bytes} bytes");
            // SAFETY: nobody else has the memory.
            let all = unsafe { std::slice::from_raw_parts_mut(start, bytes) };
            assert!(all.iter().all(|byte| *byte == 0), "{bytes} bytes");
            all.fill(7);
        }
    }

    #[test]
    fn more_than_there_can_be_is_an_error() {
        let error = Mapping::zeroed(isize::MAX as usize / 2, 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
    }
}
