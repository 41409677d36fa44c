//! Memory by the megabyte: anonymous mappings, on huge pages where the kernel grants them.
//!
//! What that is good for, beside fewer misses of the TLB: a transfer by direct I/O is described to the device piece by piece, and
//! memory on pages of 4 KiB is as many pieces as it has pages, memory on a page of 2 MiB is one.

use super::BLOCK;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};
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
    /// Memory of so many bytes at a [`BLOCK`] boundary. What is as large as a huge page lies on such pages.
    ///
    /// # Errors
    /// If the kernel has none.
    pub fn zeroed(bytes: usize) -> io::Result<Self> {
        let align = if bytes >= HUGE_PAGE { HUGE_PAGE } else { BLOCK };
        let mapped_bytes = bytes + align;
        let (access, kind) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice overlaps nothing.
        let mapping = unsafe { mmap_anonymous(std::ptr::null_mut(), mapped_bytes, access, kind) }?;
        let mapping = NonNull::new(mapping.cast::<u8>()).ok_or(io::ErrorKind::OutOfMemory)?;
        let skip = mapping.as_ptr().align_offset(align);
        // SAFETY: `skip < align`, and the mapping is `align` bytes longer than what was asked for.
        let start = unsafe { mapping.add(skip) };
        if align == HUGE_PAGE {
            // A refusal costs speed only, and there is nobody to tell.
            // SAFETY: the range lies within the mapping.
            let _ = unsafe { madvise(start.as_ptr().cast(), bytes, Advice::LinuxHugepage) };
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
        // SAFETY: mapped in `zeroed` with this length, and nobody uses it once its owner drops it.
        let _ = unsafe { munmap(self.mapping.as_ptr().cast(), self.mapped_bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_aligned_zero_and_whole() {
        for (bytes, align) in
            [(1, BLOCK), (BLOCK, BLOCK), (HUGE_PAGE - 1, BLOCK), (HUGE_PAGE, HUGE_PAGE), (2 * HUGE_PAGE + 5, HUGE_PAGE)]
        {
            let memory = Mapping::zeroed(bytes).unwrap();
            let start = memory.start().as_ptr();
            assert_eq!(start.align_offset(align), 0, "{bytes} bytes");
            // SAFETY: nobody else has the memory.
            let all = unsafe { std::slice::from_raw_parts_mut(start, bytes) };
            assert!(all.iter().all(|byte| *byte == 0), "{bytes} bytes");
            all.fill(7);
        }
    }

    #[test]
    fn more_than_there_can_be_is_an_error() {
        let error = Mapping::zeroed(isize::MAX as usize / 2).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
    }
}
