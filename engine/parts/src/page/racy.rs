//! Reading bytes that somebody may be changing.
//!
//! This is the only place that does so. An optimistic reader holds no latch: a writer may change the page at any moment,
//! and the frame may even receive another page. What it reads is therefore worth nothing until
//! [`OptimisticPage::validate`](super::OptimisticPage::validate) has said that no writer came in between.
//!
//! Why that is sound in practice: the frame's memory stays mapped for the life of the pool; every access is clamped
//! to the page; and all loads are volatile, of integers and vectors of integers, for which any bit pattern is a value. So
//! a race yields a wrong number, never a fault, and the compiler neither repeats nor invents a load. (The language has
//! no byte-wise atomic copy yet, so like every seqlock this relies on volatile being the load it looks like.)

use std::cmp::Ordering;
use std::hint::select_unpredictable;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::{PAGE_SIZE, Page, lines};

/// Unaligned access as one load.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Unaligned<T>(T);

/// Sixteen bytes that are moved at once.
#[cfg(target_arch = "x86_64")]
type Sixteen = std::arch::x86_64::__m128i;
#[cfg(not(target_arch = "x86_64"))]
type Sixteen = u128;

/// Bytes of [`Sixteen`].
const SIXTEEN: usize = size_of::<Sixteen>();

/// So many numbers are compared with a bound one beside the other faster than the next half of them is chosen; a multiple of four.
const FEW: usize = 32;

/// The bytes of a page, as an optimistic reader may look at them.
#[derive(Clone, Copy, Debug)]
pub struct OptimisticBytes {
    page: NonNull<Page>,
}

impl OptimisticBytes {
    /// # Safety
    /// `page` stays mapped memory of one page for as long as the value is used.
    #[inline]
    pub unsafe fn new(page: NonNull<Page>) -> Self {
        Self { page }
    }

    /// A page that nobody changes, looked at in the same way.
    #[inline]
    pub fn still(page: &Page) -> Self {
        Self { page: NonNull::from(page) }
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
        let spare = &mut out.spare_capacity_mut()[..len];
        let (lines, left) = spare.as_chunks_mut::<{ 4 * SIXTEEN }>();
        let left_at = at + 4 * SIXTEEN * lines.len();
        for (line, places) in lines.iter_mut().enumerate() {
            // SAFETY: among the `len` bytes at `at`, which are in the page.
            unsafe { self.copy_sixteens(at + 4 * SIXTEEN * line, places.as_chunks_mut().0) };
        }
        // SAFETY: as before.
        unsafe { self.copy_sixteens(left_at, left.as_chunks_mut().0) };
        match spare.last_chunk_mut() {
            // What is left, together with bytes that were copied before.
            // SAFETY: as before.
            Some(last) => unsafe { self.copy_sixteens(at + len - SIXTEEN, std::slice::from_mut(last)) },
            None => {
                for (byte, place) in spare.iter_mut().enumerate() {
                    place.write(self.u8(at + byte));
                }
            }
        }
        // SAFETY: so many bytes were written just now.
        unsafe { out.set_len(len) };
    }

    /// How many of the `len` numbers from byte `at` on (little-endian, four bytes each, ascending) are below `bound`. Numbers
    /// that do not ascend give some count up to `len`.
    ///
    /// Halving until few are left, without a branch on what is read; those are all compared.
    #[inline]
    pub fn count_below(&self, at: usize, len: usize, bound: u32) -> usize {
        let at = at.min(PAGE_SIZE);
        let len = len.min((PAGE_SIZE - at) / 4);
        let (mut low, mut left) = (0, len);
        // SAFETY: within the page, as long as `low + left` numbers are.
        let first = unsafe { self.page.cast::<u8>().add(at) };
        while left > FEW {
            let half = left / 2;
            // SAFETY: one of those numbers.
            let last = unsafe { first.cast::<Unaligned<u32>>().add(low + half - 1).read_volatile() };
            low = select_unpredictable(u32::from_le(last.0) < bound, low + half, low);
            left -= half;
        }
        if len < FEW {
            // SAFETY: in the page.
            return unsafe { few_below(first, len, bound) };
        }
        // Always as many, so that it is no loop; those before `low` are below, too.
        let low = low.min(len - FEW);
        // SAFETY: so many from `low` on are in the page.
        low + unsafe { few_below(first.add(4 * low), FEW, bound) }
    }

    /// Asks the processor for the lines of the `len` bytes at `at`, or as many as the page has.
    #[inline]
    pub fn prefetch(&self, at: usize, len: usize) {
        let at = at.min(PAGE_SIZE);
        // SAFETY: within the page, or one behind it.
        lines::prefetch(unsafe { self.page.cast::<u8>().add(at) }, len.min(PAGE_SIZE - at));
    }

    /// Sixteen bytes at a time: where that is four times, as for a line, it becomes no loop.
    ///
    /// # Safety
    /// The page has as many bytes from `at` on.
    #[inline]
    unsafe fn copy_sixteens(&self, at: usize, places: &mut [[MaybeUninit<u8>; SIXTEEN]]) {
        for (sixteen, place) in places.iter_mut().enumerate() {
            // SAFETY: the caller's promise; racing writers: see the module.
            let from = unsafe { self.page.cast::<u8>().add(at + SIXTEEN * sixteen).cast::<Unaligned<Sixteen>>() };
            // SAFETY: as before; the place is as long, and neither needs to be aligned.
            unsafe { place.as_mut_ptr().cast::<Unaligned<Sixteen>>().write(from.read_volatile()) };
        }
    }

    #[inline]
    fn load<T: Copy>(&self, at: usize) -> T {
        let at = at.min(PAGE_SIZE - size_of::<T>());
        // SAFETY: in bounds by the line above, mapped by the promise to `new`, any alignment by `Unaligned`; called with
        // integers only. Racing writers: see the module.
        unsafe { self.page.cast::<u8>().add(at).cast::<Unaligned<T>>().read_volatile().0 }
    }
}

/// How many of `len` numbers are below `bound`.
///
/// # Safety
/// There is memory for so many from `first` on. (SSE2 is part of every x86-64.)
#[inline]
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "sse2"))]
unsafe fn few_below(first: NonNull<u8>, len: usize, bound: u32) -> usize {
    // SAFETY: the caller's promise, for all numbers below `len`.
    let number = |at: usize| unsafe { u32::from_le(first.cast::<Unaligned<u32>>().add(at).read_volatile().0) };
    #[cfg(target_arch = "x86_64")]
    let (done, below) = {
        use std::arch::x86_64::{
            _mm_add_epi32, _mm_cmplt_epi32, _mm_cvtsi128_si32, _mm_set1_epi32, _mm_setzero_si128, _mm_shuffle_epi32,
            _mm_sub_epi32, _mm_xor_si128,
        };
        // There is no unsigned comparison: with the highest bit turned over, the signed one is that.
        let flip = _mm_set1_epi32(i32::MIN);
        let bound = _mm_xor_si128(_mm_set1_epi32(bound.cast_signed()), flip);
        let mut below = _mm_setzero_si128();
        for four in 0..len / 4 {
            // SAFETY: numbers `4 * four` to `4 * four + 3` are below `len`.
            let numbers = unsafe { first.cast::<Unaligned<Sixteen>>().add(four).read_volatile().0 };
            // A lane that is below is minus one.
            below = _mm_sub_epi32(below, _mm_cmplt_epi32(_mm_xor_si128(numbers, flip), bound));
        }
        let pairs = _mm_add_epi32(below, _mm_shuffle_epi32::<0b01_00_11_10>(below));
        let sum = _mm_add_epi32(pairs, _mm_shuffle_epi32::<0b10_11_00_01>(pairs));
        (len / 4 * 4, _mm_cvtsi128_si32(sum) as usize)
    };
    #[cfg(not(target_arch = "x86_64"))]
    let (done, below) = (0, 0);
    (done..len).fold(below, |below, at| below + usize::from(number(at) < bound))
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

    #[test]
    fn counts_as_a_partition_does_and_never_leaves_the_page() {
        let mut page = Box::new(Page::zeroed());
        let numbers: Vec<u32> = (0..700).map(|n| n / 3 * 0x00ff_ffff).collect();
        for (number, place) in numbers.iter().zip(page.bytes_mut()[64..].as_chunks_mut::<4>().0) {
            *place = number.to_le_bytes();
        }
        let view = OptimisticBytes::still(&page);
        for len in [0, 1, 3, 4, 5, 31, 32, 33, 37, 64, 65, 300, 700] {
            for bound in numbers[..len].iter().flat_map(|n| [*n, n + 1, n.saturating_sub(1)]).chain([0, u32::MAX]) {
                let expected = numbers[..len].partition_point(|number| *number < bound);
                assert_eq!(view.count_below(64, len, bound), expected, "{len} numbers, {bound}");
            }
        }
        assert!(view.count_below(PAGE_SIZE - 5, 9, u32::MAX) <= 1);
        assert_eq!(view.count_below(usize::MAX, usize::MAX, 1), 0);
    }

    #[test]
    fn copies_whole_lines_and_what_is_left() {
        let mut page = Box::new(Page::zeroed());
        page.bytes_mut().iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 7 + at / 256) as u8);
        let mut copy = Vec::new();
        for at in [0, 1, 77, 4000] {
            for len in (0..200).chain([1000, PAGE_SIZE - at]) {
                OptimisticBytes::still(&page).copy(at, len, &mut copy);
                assert_eq!(copy, page.bytes()[at..at + len], "{len} bytes at {at}");
            }
        }
    }
}
