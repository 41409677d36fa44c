//! The pages in memory: what the pool's policies (who goes, who writes) work on.
//!
//! A flusher sees this and not the pool, since the pool asks the flusher.

use super::error::BufferError;
use super::frame::{FrameId, Frames};
use super::guard::{ExclusivePage, SharedPage};
use super::page::{Page, PageId};
use super::page_table::PageTable as _;
use super::replacer::{Replacer as _, Take};
use super::store::PageStore;
use crate::metrics::{Counter, Metrics, Wait};
use crate::select;
use crate::sync::Mutex;

/// Why a page is visited: what the replacer and the counters distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// On the way down a tree.
    Inner,
    /// For a row.
    Leaf,
    /// One leaf after the other, probably never again.
    Scan,
}

/// Frames, the table that finds them, and the store behind them.
#[derive(Debug)]
pub struct Residents {
    pub(super) frames: Frames,
    pub(super) table: select::PageMap,
    pub(super) replacer: select::Replacement,
    pub(super) store: PageStore,
    /// Frames that hold no page.
    free: Mutex<Vec<FrameId>>,
}

impl Residents {
    pub(super) fn new(frame_count: usize, store: PageStore) -> Result<Self, BufferError> {
        let frames = Frames::new(frame_count)?;
        let mut free: Vec<FrameId> = frames.ids().collect();
        // Taken from the end; begin with frame 0, so that a small database stays in few huge pages.
        free.reverse();
        Ok(Self {
            table: select::PageMap::new(frame_count, &store.metrics),
            replacer: select::Replacement::new(frame_count, &store.metrics),
            frames,
            store,
            free: Mutex::new(free),
        })
    }

    /// Size of the pool.
    pub fn frame_count(&self) -> usize {
        self.frames.count()
    }

    /// Every frame, in pool order.
    pub fn frame_ids(&self) -> impl Iterator<Item = FrameId> + use<> {
        self.frames.ids()
    }

    /// The counters of the database this pool belongs to.
    pub fn metrics(&self) -> &Metrics {
        &self.store.metrics
    }

    /// Takes a frame that holds no page, if there is one, latched.
    pub fn take_free(&self) -> Option<ExclusivePage<'_>> {
        let frame = self.free.lock().pop()?;
        Some(self.latch_exclusive(frame))
    }

    /// Takes the frame of a page that `incoming` may replace, latched. The page in it stays findable until
    /// [`Self::unmap`]. Nothing if every frame is latched by somebody.
    pub fn take_victim(&self, incoming: PageId) -> Option<ExclusivePage<'_>> {
        let take = |frame: FrameId| if self.frames.get(frame).latch.try_exclusive() { Take::Taken } else { Take::Busy };
        let frame = self.replacer.evict(incoming, take)?;
        // SAFETY: `take` latched the frame that `evict` returned.
        Some(unsafe { ExclusivePage::latched(self, frame) })
    }

    /// Puts a victim back that could not be replaced after all.
    pub fn put_back(&self, victim: ExclusivePage<'_>) {
        self.replacer.admit(victim.frame(), victim.page_id(), Visit::Leaf);
    }

    /// Takes the page out of its frame: from here on, who looks for it reads the disk. The frame must be clean.
    pub fn unmap(&self, victim: &mut ExclusivePage<'_>) {
        assert!(!victim.is_dirty(), "{:?} would be lost", victim.page_id());
        self.table.remove(victim.page_id());
        self.frames.get(victim.frame()).set_page_id(PageId::NONE);
        self.metrics().inc(Counter::BufferEvictions);
    }

    /// Gives an unmapped frame back.
    pub fn release_free(&self, frame: ExclusivePage<'_>) {
        let id = frame.frame();
        self.frames.get(id).set_page_id(PageId::NONE);
        drop(frame);
        self.free.lock().push(id);
    }

    /// Latches a frame shared if it holds a dirty page. Without `wait`, also nothing if that would mean waiting: one who
    /// holds latches of other frames must not wait here.
    pub fn latch_if_dirty(&self, frame: FrameId, wait: bool) -> DirtyCheck<'_> {
        let latch = &self.frames.get(frame).latch;
        if !latch.try_shared() {
            if !wait {
                return DirtyCheck::Busy;
            }
            let _waiting = self.metrics().wait_timer(Wait::Latch);
            latch.shared();
        }
        // SAFETY: latched above.
        let page = unsafe { SharedPage::latched(self, frame) };
        if self.frames.get(frame).is_dirty() { DirtyCheck::Dirty(page) } else { DirtyCheck::Clean }
    }

    /// How many pages one [`Self::write_out`] may carry.
    pub fn batch_pages(&self) -> usize {
        self.store.batch_pages()
    }

    /// Writes latched pages out, after which they are clean. They are durable in place after [`Self::sync`].
    pub fn write_out(&self, pages: &[SharedPage<'_>], scratch: &mut Vec<Page>) -> Result<(), BufferError> {
        scratch.clear();
        scratch.extend(pages.iter().map(|page| (**page).clone()));
        self.store.write(scratch)?;
        for page in pages {
            self.frames.get(page.frame()).set_dirty(false);
        }
        Ok(())
    }

    /// Writes a victim out.
    pub fn write_victim(&self, victim: &mut ExclusivePage<'_>) -> Result<(), BufferError> {
        self.store.write(std::slice::from_mut(&mut **victim))?;
        self.frames.get(victim.frame()).set_dirty(false);
        Ok(())
    }

    /// Makes every page written out so far durable in place.
    pub fn sync(&self) -> Result<(), BufferError> {
        self.store.sync()
    }

    pub(super) fn latch_exclusive(&self, frame: FrameId) -> ExclusivePage<'_> {
        let latch = &self.frames.get(frame).latch;
        if !latch.try_exclusive() {
            let _waiting = self.metrics().wait_timer(Wait::Latch);
            latch.exclusive();
        }
        // SAFETY: latched above.
        unsafe { ExclusivePage::latched(self, frame) }
    }

    #[inline]
    pub(super) fn latch_shared(&self, frame: FrameId) -> SharedPage<'_> {
        let latch = &self.frames.get(frame).latch;
        if !latch.try_shared() {
            let _waiting = self.metrics().wait_timer(Wait::Latch);
            latch.shared();
        }
        // SAFETY: latched above.
        unsafe { SharedPage::latched(self, frame) }
    }
}

/// What [`Residents::latch_if_dirty`] found.
pub enum DirtyCheck<'p> {
    /// A dirty page, now latched.
    Dirty(SharedPage<'p>),
    /// A clean page or none.
    Clean,
    /// Latched by a writer; not waited for.
    Busy,
}
