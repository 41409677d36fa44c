//! A frame: the place of one page in memory, and the latch that guards it.

use std::ptr::NonNull;

use super::dirty::DirtyWord;
use super::lines;
use super::memory::FrameMemory;
use super::page::{PAGE_SIZE, Page, PageId};
use crate::concurrent::latch::HybridLatch;
use crate::io::IoError;
use crate::sync::atomic::{AtomicU64, Ordering};

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
        let head = |_| Frame { latch: HybridLatch::new(), page: AtomicU64::new(0), dirty: DirtyWord::new() };
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

    /// Asks the processor for the start of the frame, where headers and heads are, and for its last line, where the fences
    /// are, while the caller goes for the latch: a search would otherwise wait for these lines one after the other.
    #[inline]
    pub(super) fn prefetch(&self, frame: FrameId) {
        const START: usize = 10 * lines::LINE;
        let first = self.bytes(frame).cast::<u8>();
        lines::prefetch(first, START);
        // SAFETY: within the frame.
        lines::prefetch(unsafe { first.add(PAGE_SIZE - lines::LINE) }, lines::LINE);
    }

    /// As [`Self::prefetch`], and for the head.
    #[inline]
    pub(super) fn prefetch_all(&self, frame: FrameId) {
        lines::prefetch(NonNull::from(self.get(frame)).cast(), size_of::<Frame>());
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
