//! The optimized variant: page numbers are dense, so a page's number is its place in an array of atomic words.
//!
//! ```text
//!   page 5000 ──▶ segment 3, word 904 ──▶ frame + 1, or 0 if the page is not in memory
//!
//!   segment   0            1            2                  3                …   as long as all before it together
//!   pages     0 … 1023     1024 … 2047  2048 … 4095        4096 … 8191
//! ```
//!
//! A look-up is two loads and writes nothing, so cores that look pages up share the cache lines instead of passing them
//! around. Segments double, so the array grows without ever moving; they are zero memory, which the system provides as it
//! is touched: 4 bytes for each page of 8 KiB.
//!
//! vmcache (Leis et al., SIGMOD 2023) keeps state and version in the same word. Here both are in the latch of the frame,
//! common to both variants: a page that leaves its frame moves the latch's version, so that a word which names the same
//! frame again (the ABA problem) is told apart there.
//!
//! Orderings: an answer is a hint, and relaxed loads would do for correctness. Acquire and release add one thing: who finds
//! the frame also finds its latch taken by the one who is loading the page, and sleeps there instead of asking again.

use std::ptr;

use super::rwlock_map::RwLockMap;
use super::{PageTable, Pins};
use crate::buffer::frame::FrameId;
use crate::buffer::page::PageId;
use crate::metrics::{Counter, Metrics};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// Pages of the first segment; a power of two. A model checker follows every word, so there it is small.
const FIRST: u64 = if cfg!(loom) { 2 } else { 1024 };
/// Pages that have a word. A number beyond, 8 TiB into the file, can hardly be anything but damage, which whoever reads the
/// page reports; it must not become an allocation of that size.
const LIMIT: u64 = 1 << 30;
const SEGMENTS: usize = segment_of(LIMIT - 1) + 1;

/// No frame: what a word holds whose page is not in memory.
const ABSENT: u32 = 0;

/// One word per page; see the module.
#[derive(Debug)]
pub struct AtomicArray {
    /// First word of each segment, or null. A segment that is there stays as long as the table.
    segments: [AtomicPtr<AtomicU32>; SEGMENTS],
    beyond: RwLockMap,
    metrics: Arc<Metrics>,
}

impl PageTable for AtomicArray {
    fn new(_frames: usize, metrics: &Arc<Metrics>) -> Self {
        Self {
            segments: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            beyond: RwLockMap::new(0, metrics),
            metrics: Arc::clone(metrics),
        }
    }

    #[inline]
    fn get(&self, page: PageId, _pins: &dyn Pins) -> Option<FrameId> {
        let number = page.get();
        if number >= LIMIT {
            return self.get_beyond(page);
        }
        let segment = segment_of(number);
        frame_of(self.words(segment)?[place_in(segment, number)].load(Ordering::Acquire))
    }

    #[inline]
    fn pins(&self) -> bool {
        false
    }

    fn install(&self, page: PageId, frame: FrameId) -> Result<(), FrameId> {
        let Some(word) = self.word(page) else { return self.beyond.install(page, frame) };
        self.metrics.inc(Counter::PageTableExchanges);
        if cfg!(planted = "page_installed_twice") {
            word.store(frame.0 + 1, Ordering::Release);
            return Ok(());
        }
        // Release: who finds the frame also finds its latch taken by the loader. (No model shows a weaker order to be wrong:
        // loom gives a read-modify-write the latest value always.)
        match word.compare_exchange(ABSENT, frame.0 + 1, Ordering::Release, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(taken) => Err(FrameId(taken - 1)),
        }
    }

    fn retire(&self, page: PageId, _frame: FrameId, _pins: &dyn Pins) -> bool {
        self.remove(page);
        true
    }

    fn remove(&self, page: PageId) {
        let Some(word) = self.word(page) else { return self.beyond.remove(page) };
        self.metrics.inc(Counter::PageTableExchanges);
        // Whoever removes a page holds its frame, so nobody else changes the word.
        word.store(ABSENT, Ordering::Release);
    }
}

/// Who finds a page here goes by the latch's version, also beyond the limit.
struct Unpinned;

impl Pins for Unpinned {
    fn pin(&self, _frame: FrameId) {}

    fn is_pinned(&self, _frame: FrameId) -> bool {
        false
    }
}

impl AtomicArray {
    /// The word of a page, making its segment if need be; nothing beyond the limit.
    fn word(&self, page: PageId) -> Option<&AtomicU32> {
        let number = page.get();
        if number >= LIMIT {
            return None;
        }
        let segment = segment_of(number);
        let words = self.words(segment).unwrap_or_else(|| self.make(segment));
        Some(&words[place_in(segment, number)])
    }

    #[inline]
    fn words(&self, segment: usize) -> Option<&[AtomicU32]> {
        let first = self.segments[segment].load(Ordering::Acquire);
        // SAFETY: what is not null was put there by `make`, with this many words, whole before it was published; and it is
        // freed with the table only.
        (!first.is_null()).then(|| unsafe { std::slice::from_raw_parts(first, pages_in(segment)) })
    }

    #[cold]
    fn get_beyond(&self, page: PageId) -> Option<FrameId> {
        self.beyond.get(page, &Unpinned)
    }

    /// The segment, made by us or by somebody who was faster.
    #[cold]
    fn make(&self, segment: usize) -> &[AtomicU32] {
        let ours = Box::into_raw(absent_words(pages_in(segment)));
        let place = &self.segments[segment];
        match place.compare_exchange(ptr::null_mut(), ours.cast(), Ordering::Release, Ordering::Acquire) {
            // SAFETY: published a moment ago, and freed with the table only.
            Ok(_) => unsafe { &*ours },
            Err(theirs) => {
                // SAFETY: from `into_raw` above, and seen by nobody else.
                drop(unsafe { Box::from_raw(ours) });
                // SAFETY: as in `words`.
                unsafe { std::slice::from_raw_parts(theirs, pages_in(segment)) }
            }
        }
    }
}

impl Drop for AtomicArray {
    fn drop(&mut self) {
        for (segment, place) in self.segments.iter().enumerate() {
            let first = place.load(Ordering::Acquire);
            if !first.is_null() {
                // SAFETY: from `into_raw` in `make`, with this many words; nobody else holds the table any more.
                drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(first, pages_in(segment))) });
            }
        }
    }
}

#[inline]
fn frame_of(word: u32) -> Option<FrameId> {
    (word != ABSENT).then(|| FrameId(word - 1))
}

#[inline]
const fn segment_of(number: u64) -> usize {
    // Segment s > 0 begins at FIRST << (s - 1) and is as long.
    if number < FIRST { 0 } else { (number.ilog2() - FIRST.ilog2() + 1) as usize }
}

#[inline]
const fn place_in(segment: usize, number: u64) -> usize {
    (if segment == 0 { number } else { number - (FIRST << (segment - 1)) }) as usize
}

const fn pages_in(segment: usize) -> usize {
    (if segment == 0 { FIRST } else { FIRST << (segment - 1) }) as usize
}

#[cfg(not(loom))]
fn absent_words(count: usize) -> Box<[AtomicU32]> {
    // Zero integers come from the allocator untouched; built word by word, a large segment would be written through.
    let zeros = Box::into_raw(vec![ABSENT; count].into_boxed_slice());
    // SAFETY: `AtomicU32` has the size, alignment and bit patterns of `u32`, and the box is ours alone.
    unsafe { Box::from_raw(zeros as *mut [AtomicU32]) }
}

#[cfg(loom)]
fn absent_words(count: usize) -> Box<[AtomicU32]> {
    (0..count).map(|_| AtomicU32::new(ABSENT)).collect()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_one_place() {
        let mut next = 0;
        for segment in 0..8 {
            for place in 0..pages_in(segment) {
                assert_eq!((segment_of(next), place_in(segment, next)), (segment, place), "page {next}");
                next += 1;
            }
        }
        assert_eq!((SEGMENTS, segment_of(LIMIT - 1)), (21, 20));
    }

    #[test]
    fn a_number_beyond_every_file_costs_no_memory() {
        let table = AtomicArray::new(16, &Arc::default());
        for number in [LIMIT, u64::MAX] {
            let page = PageId::new(number);
            assert_eq!(table.get(page, &Unpinned), None);
            assert_eq!(table.install(page, FrameId(3)), Ok(()));
            assert_eq!(table.install(page, FrameId(4)), Err(FrameId(3)));
            assert_eq!(table.get(page, &Unpinned), Some(FrameId(3)));
            table.remove(page);
            assert_eq!(table.get(page, &Unpinned), None);
        }
        assert!((0..SEGMENTS).all(|segment| table.words(segment).is_none()));
    }
}
