//! Memory that direct I/O accepts.

use super::{BLOCK, HUGE_PAGE, Mapping};
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// A zero-initialised byte buffer at a [`BLOCK`] boundary, a whole number of blocks long. What is as large as a [`HUGE_PAGE`]
/// lies on such pages: see [`Mapping`].
#[derive(Debug)]
pub struct AlignedBuf {
    memory: Memory,
    len: usize,
}

#[derive(Debug)]
enum Memory {
    Allocated(NonNull<u8>),
    Mapped(Mapping),
}

// SAFETY: the buffer owns its memory and hands out access by the usual borrow rules only.
unsafe impl Send for AlignedBuf {}
// SAFETY: as above; `&AlignedBuf` allows reading only.
unsafe impl Sync for AlignedBuf {}

impl AlignedBuf {
    /// `len` zero bytes.
    ///
    /// # Panics
    /// If `len` is zero or no multiple of [`BLOCK`].
    pub fn zeroed(len: usize) -> AlignedBuf {
        let layout = layout(len);
        let memory = if len < HUGE_PAGE {
            // SAFETY: the layout's size is not zero, `layout` checked it.
            NonNull::new(unsafe { alloc_zeroed(layout) }).map(Memory::Allocated)
        } else {
            Mapping::zeroed(len).ok().map(Memory::Mapped)
        };
        let Some(memory) = memory else { handle_alloc_error(layout) };
        AlignedBuf { memory, len }
    }

    fn start(&self) -> *mut u8 {
        match &self.memory {
            Memory::Allocated(start) => start.as_ptr(),
            Memory::Mapped(mapping) => mapping.start().as_ptr(),
        }
    }
}

impl Deref for AlignedBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the memory is ours, `len` bytes long and initialised.
        unsafe { std::slice::from_raw_parts(self.start(), self.len) }
    }
}

impl DerefMut for AlignedBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `self` is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.start(), self.len) }
    }
}

impl Drop for AlignedBuf {
    fn drop(&mut self) {
        if let Memory::Allocated(start) = self.memory {
            // SAFETY: allocated in `zeroed` with the same layout.
            unsafe { dealloc(start.as_ptr(), layout(self.len)) }
        }
    }
}

fn layout(len: usize) -> Layout {
    assert!(
        len > 0 && len.is_multiple_of(BLOCK),
        "a buffer of {len} bytes is not a whole number of {BLOCK}-byte blocks"
    );
    match Layout::from_size_align(len, BLOCK) {
        Ok(layout) => layout,
        Err(_) => panic!("a buffer of {len} bytes does not fit the address space"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_aligned_zero_and_whole_on_either_kind_of_memory() {
        for len in [BLOCK, HUGE_PAGE - BLOCK, HUGE_PAGE, HUGE_PAGE + BLOCK] {
            let mut buf = AlignedBuf::zeroed(len);
            assert_eq!((buf.len(), buf.as_ptr().align_offset(BLOCK)), (len, 0));
            assert!(buf.iter().all(|byte| *byte == 0), "{len} bytes");
            buf.fill(7);
        }
    }
}
