//! The three ways to hold a page, as values: what may be done with it, and its release, follow from the type.

use std::ops::{Deref, DerefMut};

use super::frame::{Frame, FrameId};
use super::page::{Page, PageId};
use super::page_table::{PageTable as _, Pins as _};
use super::racy::OptimisticBytes;
use super::residents::Residents;
use crate::concurrent::latch::Version;
use crate::io::Lsn;
use crate::sync::atomic::Ordering;

/// A frame in which a page was found, pinned if the page table pins.
#[derive(Debug)]
pub(super) struct Found<'p> {
    residents: &'p Residents,
    frame: FrameId,
}

/// A page that is read without a latch. Nothing read is worth anything before [`Self::validate`].
#[derive(Debug)]
pub struct OptimisticPage<'p> {
    found: Found<'p>,
    head: &'p Frame,
    bytes: OptimisticBytes,
    version: Version,
}

/// A page held shared: it does not change. Dereferences to [`Page`].
#[derive(Debug)]
pub struct SharedPage<'p> {
    residents: &'p Residents,
    frame: FrameId,
}

/// A page held exclusively. Dereferences to [`Page`]; a change must be followed by
/// [`BufferPool::mark_dirty`](super::BufferPool::mark_dirty).
#[derive(Debug)]
pub struct ExclusivePage<'p> {
    residents: &'p Residents,
    frame: FrameId,
}

impl<'p> Found<'p> {
    /// The page that is in `frame`, pinned by the table that was asked for it.
    #[inline]
    pub(super) fn by_table(residents: &'p Residents, frame: FrameId) -> Self {
        Self { residents, frame }
    }

    /// The page that is in `frame`, which the caller has latched, so that it cannot leave.
    fn latched(residents: &'p Residents, frame: FrameId) -> Self {
        if residents.table.pins() {
            residents.frames.pin(frame);
        }
        Self { residents, frame }
    }

    #[inline]
    pub(super) fn frame(&self) -> FrameId {
        self.frame
    }
}

impl Drop for Found<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.residents.table.pins() {
            self.residents.frames.unpin(self.frame);
        }
    }
}

impl<'p> OptimisticPage<'p> {
    #[inline]
    pub(super) fn new(found: Found<'p>, version: Version) -> Self {
        let frames = &found.residents.frames;
        // SAFETY: the frames stay mapped as long as the pool, which `'p` borrows.
        let bytes = unsafe { OptimisticBytes::new(frames.bytes(found.frame)) };
        Self { head: frames.get(found.frame), bytes, version, found }
    }

    /// The page's bytes as they fly by.
    #[inline]
    pub fn bytes(&self) -> OptimisticBytes {
        self.bytes
    }

    /// Whether everything read through [`Self::bytes`] until now was the page, whole.
    #[inline]
    pub fn validate(&self) -> bool {
        self.head.latch.validate(self.version)
    }

    /// What was noted beside the page, where it costs no line of it: a hint, which may be of the page that was in the frame before.
    #[inline]
    pub fn note(&self) -> u64 {
        self.head.note.load(Ordering::Relaxed)
    }

    /// Notes something for the next who read the page.
    #[inline]
    pub fn set_note(&self, note: u64) {
        // Mostly it is what is there: then the line stays where it is in every processor's cache.
        if self.note() != note {
            self.head.note.store(note, Ordering::Relaxed);
        }
    }

    /// The same page held exclusively, unless it has changed since: then nothing.
    #[inline]
    pub fn into_exclusive(self) -> Option<ExclusivePage<'p>> {
        // Pinned until the page is latched, and no longer.
        let Found { residents, frame } = &self.found;
        let (residents, frame) = (*residents, *frame);
        // SAFETY: latched by the condition.
        self.head.latch.exclusive_if(self.version).then(|| unsafe { ExclusivePage::latched(residents, frame) })
    }
}

impl<'p> SharedPage<'p> {
    /// # Safety
    /// The frame is latched shared, and the hold passes to the guard.
    #[inline]
    pub(super) unsafe fn latched(residents: &'p Residents, frame: FrameId) -> Self {
        Self { residents, frame }
    }

    pub(super) fn frame(&self) -> FrameId {
        self.frame
    }

    /// The page that is held.
    #[inline]
    pub fn page_id(&self) -> PageId {
        self.residents.frames.get(self.frame).page_id()
    }
}

impl Deref for SharedPage<'_> {
    type Target = Page;

    #[inline]
    fn deref(&self) -> &Page {
        // SAFETY: held shared, so nobody writes; the frames live as long as the pool.
        unsafe { self.residents.frames.bytes(self.frame).as_ref() }
    }
}

impl Drop for SharedPage<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: held since `latched`.
        unsafe { self.residents.frames.get(self.frame).latch.unlock_shared() }
    }
}

impl<'p> ExclusivePage<'p> {
    /// # Safety
    /// The frame is latched exclusively, and the hold passes to the guard.
    #[inline]
    pub(super) unsafe fn latched(residents: &'p Residents, frame: FrameId) -> Self {
        Self { residents, frame }
    }

    pub(super) fn frame(&self) -> FrameId {
        self.frame
    }

    /// The page that is held.
    #[inline]
    pub fn page_id(&self) -> PageId {
        self.residents.frames.get(self.frame).page_id()
    }

    /// Whether every change of the page is in the data file.
    pub fn is_clean(&self) -> bool {
        self.residents.frames.get(self.frame).dirty.is_clean()
    }

    /// Says that the change described by the log up to `lsn` is now in the page. `since` is asked, if the page had no
    /// change before, for a position in the log at or below the start of that record.
    #[inline]
    pub(super) fn mark_dirty(&mut self, lsn: Lsn, since: impl FnOnce() -> Lsn) {
        debug_assert!(lsn >= self.lsn(), "{:?} would go back from {} to {lsn}", self.page_id(), self.lsn());
        self.set_lsn(lsn);
        let dirty = &self.residents.frames.get(self.frame).dirty;
        if !dirty.is_changed() {
            dirty.change(since());
        }
    }

    /// Gives writing up and goes on reading; no other writer gets in between.
    pub fn into_shared(self) -> SharedPage<'p> {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: held exclusively until here; the shared hold passes to the new guard.
        unsafe {
            this.residents.frames.get(this.frame).latch.exclusive_to_shared();
            SharedPage::latched(this.residents, this.frame)
        }
    }

    /// Lets go and goes on reading without holding anything.
    pub fn into_optimistic(self) -> OptimisticPage<'p> {
        let this = std::mem::ManuallyDrop::new(self);
        let found = Found::latched(this.residents, this.frame);
        // SAFETY: held exclusively until here.
        let version = unsafe { this.residents.frames.get(this.frame).latch.exclusive_to_optimistic() };
        OptimisticPage::new(found, version)
    }
}

impl Deref for ExclusivePage<'_> {
    type Target = Page;

    #[inline]
    fn deref(&self) -> &Page {
        // SAFETY: held exclusively; the frames live as long as the pool.
        unsafe { self.residents.frames.bytes(self.frame).as_ref() }
    }
}

impl DerefMut for ExclusivePage<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Page {
        // SAFETY: held exclusively, and `self` is borrowed exclusively; the frames live as long as the pool.
        unsafe { self.residents.frames.bytes(self.frame).as_mut() }
    }
}

impl Drop for ExclusivePage<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: held since `latched`.
        unsafe { self.residents.frames.get(self.frame).latch.unlock_exclusive() }
    }
}
