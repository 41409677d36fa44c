//! Reading bytes that somebody may be changing.
//!
//! This is the only place that does so. An optimistic reader holds no latch: a writer may change the page at any moment,
//! and the frame may even receive another page. What it reads is therefore worth nothing until
//! [`OptimisticPage::validate`](super::OptimisticPage::validate) has said that no writer came in between.
//!
//! Why that is sound in practice: the frame's memory stays mapped for the life of the pool; every access is clamped
//! to the page; and all loads are volatile, of integers of at most eight bytes, for which any bit pattern is a value. So
//! a race yields a wrong number, never a fault, and the compiler neither repeats nor invents a load. (The language has
//! no byte-wise atomic copy yet, so like every seqlock this relies on volatile being the load it looks like.)

use std::cmp::Ordering;
use std::ptr::NonNull;

use super::lines;
use super::page::{PAGE_SIZE, Page};

/// Unaligned access as one load.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Unaligned<T>(T);

/// The bytes of a page, as an optimistic reader may look at them.
#[derive(Clone, Copy, Debug)]
pub struct OptimisticBytes {
    page: NonNull<Page>,
}

impl OptimisticBytes {
    /// # Safety
    /// `page` stays mapped memory of one page for as long as the value is used.
    #[inline]
    pub(super) unsafe fn new(page: NonNull<Page>) -> Self {
        Self { page }
    }

    /// The byte at `at`.
    #[inline]
    pub fn u8(&self, at: usize) -> u8 {
        self.load::<u8>(at)
    }

    /// Little-endian u16 at byte `at`.
    #[inline]
    pub fn u16(&self, at: usize) -> u16 {
        u16::from_le(self.load(at))
    }

    /// Little-endian u32 at byte `at`.
    #[inline]
    pub fn u32(&self, at: usize) -> u32 {
        u32::from_le(self.load(at))
    }

    /// Little-endian u64 at byte `at`.
    #[inline]
    pub fn u64(&self, at: usize) -> u64 {
        u64::from_le(self.load(at))
    }

    /// How the `len` bytes at `at` order against `key`.
    pub fn compare(&self, at: usize, len: usize, key: &[u8]) -> Ordering {
        let len = len.min(PAGE_SIZE);
        let common = len.min(key.len());
        let words = key[..common].chunks_exact(8);
        let tail = words.remainder();
        for (word, chunk) in words.enumerate() {
            let ours = self.load::<u64>(at + 8 * word).to_ne_bytes();
            if ours != *chunk {
                return ours.as_slice().cmp(chunk);
            }
        }
        let tail_at = at + common - tail.len();
        for (byte, &theirs) in tail.iter().enumerate() {
            let ours = self.u8(tail_at + byte);
            if ours != theirs {
                return ours.cmp(&theirs);
            }
        }
        len.cmp(&key.len())
    }

    /// Replaces the contents of `out` by the `len` bytes at `at`, or as many as the page has.
    ///
    /// A loop of few instructions, so that the processor asks for all the lines of a row at once.
    #[inline]
    pub fn copy(&self, at: usize, len: usize, out: &mut Vec<u8>) {
        let at = at.min(PAGE_SIZE);
        let len = len.min(PAGE_SIZE - at);
        out.clear();
        out.reserve(len);
        let (words, tail) = out.spare_capacity_mut()[..len].as_chunks_mut::<8>();
        for (word, place) in words.iter_mut().enumerate() {
            place.write_copy_of_slice(&self.load::<u64>(at + 8 * word).to_ne_bytes());
        }
        for (byte, place) in tail.iter_mut().enumerate() {
            place.write(self.u8(at + len / 8 * 8 + byte));
        }
        // SAFETY: so many bytes were written just now.
        unsafe { out.set_len(len) };
    }

    /// Asks the processor for the lines of the `len` bytes at `at`, or as many as the page has.
    #[inline]
    pub fn prefetch(&self, at: usize, len: usize) {
        let at = at.min(PAGE_SIZE);
        // SAFETY: within the page, or one behind it.
        lines::prefetch(unsafe { self.page.cast::<u8>().add(at) }, len.min(PAGE_SIZE - at));
    }

    #[inline]
    fn load<T: Copy>(&self, at: usize) -> T {
        let at = at.min(PAGE_SIZE - size_of::<T>());
        // SAFETY: in bounds by the line above, mapped by the promise to `new`, any alignment by `Unaligned`; called with
        // integers only. Racing writers: see the module.
        unsafe { self.page.cast::<u8>().add(at).cast::<Unaligned<T>>().read_volatile().0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_as_slices_do_and_never_leaves_the_page() {
        let mut page = Box::new(Page::zeroed());
        page.bytes_mut()[100..120].copy_from_slice(b"abcdefghijklmnopqrst");
        // SAFETY: the box outlives the view.
        let view = unsafe { OptimisticBytes::new(NonNull::from(&mut *page)) };
        let ours = |len: usize| &b"abcdefghijklmnopqrst"[..len];
        for len in [0, 1, 7, 8, 9, 16, 20] {
            for key in
                [&b""[..], b"a", b"abcdefgh", b"abcdefgi", b"abcdefghijklmnopqrst", b"abcdefghijklmnopqrstu", b"b"]
            {
                assert_eq!(view.compare(100, len, key), ours(len).cmp(key), "{len} bytes against {key:?}");
            }
        }
        let mut copy = vec![1; 3];
        for len in [0, 1, 7, 8, 9, 16, 20] {
            view.copy(100, len, &mut copy);
            assert_eq!(copy, ours(len));
        }
        view.copy(PAGE_SIZE - 9, usize::MAX, &mut copy);
        assert_eq!(copy, [0; 9]);
        view.copy(usize::MAX, usize::MAX, &mut copy);
        assert_eq!(copy, []);
        assert_eq!(view.u64(usize::MAX - 7), 0);
        assert_eq!(view.compare(PAGE_SIZE + 5, usize::MAX, b"x"), Ordering::Less);
    }
}
