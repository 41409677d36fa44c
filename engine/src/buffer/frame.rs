//! A frame: the place of one page in memory, and the latch that guards it.

use std::ptr::NonNull;

use super::dirty::DirtyWord;
use super::lines;
use super::memory::FrameMemory;
use super::page::{PAGE_SIZE, Page, PageId};
use super::page_table::Pins;
use crate::concurrent::latch::HybridLatch;
use crate::io::IoError;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Number of a frame, dense from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameId(pub u32);

impl FrameId {
    /// As an index into arrays with one element per frame.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The head of a frame, on a cache line of its own. `page` changes only under the exclusive latch.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Frame {
    pub(super) latch: HybridLatch,
    page: AtomicU64,
    pub(super) dirty: DirtyWord,
    /// How many use the page without a latch, where the page table counts them.
    pins: AtomicU32,
    /// What who read the page last noted of it. A hint: it may be of another page.
    pub(super) note: AtomicU64,
}

impl Frame {
    /// The page in the frame; reliable under the latch, a hint without.
    #[inline]
    pub(super) fn page_id(&self) -> PageId {
        PageId::new(self.page.load(Ordering::Relaxed))
    }

    pub(super) fn set_page_id(&self, page: PageId) {
        self.page.store(page.get(), Ordering::Relaxed);
    }
}

/// All frames of a pool.
#[derive(Debug)]
pub(super) struct Frames {
    heads: Box<[Frame]>,
    memory: FrameMemory,
}

impl Frames {
    pub(super) fn new(count: usize) -> Result<Self, IoError> {
        let head = |_| Frame {
            latch: HybridLatch::new(),
            page: AtomicU64::new(0),
            dirty: DirtyWord::new(),
            pins: AtomicU32::new(0),
            note: AtomicU64::new(0),
        };
        Ok(Self { heads: (0..count).map(head).collect(), memory: FrameMemory::new(count)? })
    }

    pub(super) fn count(&self) -> usize {
        self.heads.len()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = FrameId> + use<> {
        (0..self.heads.len() as u32).map(FrameId)
    }

    #[inline]
    pub(super) fn get(&self, frame: FrameId) -> &Frame {
        &self.heads[frame.index()]
    }

    /// Takes a pin back.
    #[inline]
    pub(super) fn unpin(&self, frame: FrameId) {
        // Release: what was read of the page was read before somebody else gets the frame.
        let before = self.get(frame).pins.fetch_sub(1, Ordering::Release);
        debug_assert!(before > 0, "a pin taken back that nobody had");
    }

    /// Asks the processor for the start of the frame, where headers and heads are, and for its last line, where the fences
    /// are, while the caller goes for the latch: a search would otherwise wait for these lines one after the other.
    #[inline]
    pub(super) fn prefetch(&self, frame: FrameId) {
        let first = self.prefetch_lines::<10>(frame);
        lines::prefetch_one(first.wrapping_add(PAGE_SIZE - lines::LINE));
    }

    /// As [`Self::prefetch`], for who reads one row: as much as every search looks at, and no fence. More lines would be in the
    /// way of the row's own.
    #[inline]
    pub(super) fn prefetch_start(&self, frame: FrameId) {
        self.prefetch_head(frame);
        self.prefetch_lines::<4>(frame);
    }

    /// Before the lines of the page: where its address is not in the TLB, what is asked for after them waits as long as they do.
    #[inline]
    fn prefetch_head(&self, frame: FrameId) {
        lines::prefetch_one(std::ptr::from_ref(self.get(frame)).cast());
    }

    #[inline]
    fn prefetch_lines<const COUNT: usize>(&self, frame: FrameId) -> *const u8 {
        let first = self.bytes(frame).as_ptr().cast_const().cast::<u8>();
        for line in 0..COUNT {
            lines::prefetch_one(first.wrapping_add(line * lines::LINE));
        }
        first
    }

    /// As [`Self::prefetch`], and for the head.
    #[inline]
    pub(super) fn prefetch_all(&self, frame: FrameId) {
        self.prefetch_head(frame);
        self.prefetch(frame);
    }

    /// Address of the frame's bytes. Reading or writing through it needs the frame's latch.
    #[inline]
    pub(super) fn bytes(&self, frame: FrameId) -> NonNull<Page> {
        assert!(frame.index() < self.heads.len());
        // SAFETY: there is memory for as many pages as there are heads.
        unsafe { self.memory.page(frame.index()) }
    }
}

impl Pins for Frames {
    #[inline]
    fn pin(&self, frame: FrameId) {
        self.get(frame).pins.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    fn is_pinned(&self, frame: FrameId) -> bool {
        self.get(frame).pins.load(Ordering::Acquire) != 0
    }
}
