//! Asking the processor for cache lines before they are needed: a line from memory takes as long as some hundred instructions, and
//! lines asked for together take hardly longer than one.

use std::ptr::NonNull;

/// Bytes of a cache line.
pub const LINE: usize = 64;

/// Asks for the lines of the `len` bytes from `first` on. A hint: nothing is read, wherever it points.
#[inline]
pub fn prefetch(first: NonNull<u8>, len: usize) {
    let into_line = first.addr().get() % LINE;
    for at in (0..into_line + len).step_by(LINE) {
        prefetch_one(first.as_ptr().wrapping_sub(into_line).wrapping_add(at));
    }
}

/// Asks for the line in which `at` is. A hint, as before.
#[inline]
pub fn prefetch_one(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch has no effect but on the caches.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast::<i8>()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}
