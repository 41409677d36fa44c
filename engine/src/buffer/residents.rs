//! The pages in memory: what the pool's policies (who goes, who writes) work on.
//!
//! A flusher sees this and not the pool, since the pool asks the flusher.

use super::error::BufferError;
use super::frame::{FrameId, Frames};
use super::guard::{ExclusivePage, Found, SharedPage};
use super::page::{Page, PageId};
use super::page_table::{PageTable as _, Pins as _};
use super::replacer::{Replacer as _, Take};
use super::store::PageStore;
use crate::io::Lsn;
use crate::metrics::{Counter, Metrics, Wait};
use crate::select;
use crate::sync::{Arc, Mutex};

/// Why a page is visited: what the replacer and the counters distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// On the way down a tree.
    Inner,
    /// For a row.
    Leaf,
    /// For a row that the same transaction has used already: no second reference, and so no hit either.
    Return,
    /// One leaf after the other, probably never again.
    Scan,
}

/// Frames, the table that finds them, and the store behind them.
#[derive(Debug)]
pub struct Residents {
    pub(super) frames: Frames,
    pub(super) table: select::PageMap,
    pub(super) replacer: select::Replacement,
    pub(super) store: Arc<PageStore>,
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
            store: Arc::new(store),
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
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.store.metrics
    }

    /// Looks a page up.
    #[inline]
    pub(super) fn find(&self, page: PageId) -> Option<Found<'_>> {
        self.table.get(page, &self.frames).map(|frame| Found::by_table(self, frame))
    }

    /// Takes a frame that holds no page, if there is one, latched; and says how many are left.
    pub fn take_free(&self) -> Option<(ExclusivePage<'_>, usize)> {
        let mut free = self.free.lock();
        let (frame, left) = (free.pop()?, free.len());
        drop(free);
        Some((self.latch_exclusive(frame), left))
    }

    /// Frames that hold no page, at this moment.
    pub fn free_count(&self) -> usize {
        self.free.lock().len()
    }

    /// Takes the frame of a page that `incoming` may replace, latched. The page in it stays findable until
    /// [`Self::unmap`]. Nothing if every frame is latched or pinned by somebody.
    pub fn take_victim(&self, incoming: PageId) -> Option<ExclusivePage<'_>> {
        let mut victim = None;
        self.replacer.evict(incoming, &mut |frame: FrameId| {
            if !self.try_victim(frame) {
                return Take::Busy;
            }
            // SAFETY: latched just now.
            victim = Some(unsafe { ExclusivePage::latched(self, frame) });
            Take::Last
        });
        victim
    }

    /// As [`Self::take_victim`], but `count` frames in one go, and at most `dirty` whose pages have to be written first: those are not
    /// latched, for the page is used as before until [`Self::take_written`]. What can be neither is passed over, no more than
    /// `patience` times.
    pub fn take_victims(&self, incoming: PageId, count: usize, dirty: usize, mut patience: usize) -> Victims<'_> {
        assert!(count > 0);
        let mut victims = Victims { clean: Vec::with_capacity(count), dirty: Vec::with_capacity(dirty) };
        self.replacer.evict(incoming, &mut |frame: FrameId| {
            if !self.take_into(&mut victims, frame, dirty) {
                patience = patience.saturating_sub(1);
                return if patience == 0 { Take::Enough } else { Take::Busy };
            }
            if victims.clean.len() + victims.dirty.len() == count { Take::Last } else { Take::Taken }
        });
        victims
    }

    /// Adds a frame to the victims, unless it is busy, or dirty beside `most_dirty` others.
    fn take_into<'p>(&'p self, victims: &mut Victims<'p>, frame: FrameId, most_dirty: usize) -> bool {
        let head = self.frames.get(frame);
        if !head.dirty.is_clean() {
            let takes = victims.dirty.len() < most_dirty && head.dirty.is_claimable();
            if takes {
                victims.dirty.push(frame);
            }
            return takes;
        }
        if !self.try_victim(frame) {
            return false;
        }
        let clean = head.dirty.is_clean();
        if clean {
            // SAFETY: latched just now.
            victims.clean.push(unsafe { ExclusivePage::latched(self, frame) });
        } else {
            // SAFETY: latched just now, and nothing was written.
            unsafe { head.latch.unlock_exclusive_unchanged() };
        }
        clean
    }

    /// The frame of a dirty victim, latched and without its page, if that was written and nobody is at it. Otherwise the page stays,
    /// as one that was asked for again.
    pub fn take_written(&self, frame: FrameId) -> Option<ExclusivePage<'_>> {
        if !self.try_victim(frame) {
            self.readmit(frame);
            return None;
        }
        // SAFETY: latched just now.
        let victim = unsafe { ExclusivePage::latched(self, frame) };
        if victim.is_clean() {
            return self.unmap(victim);
        }
        self.put_back(victim);
        None
    }

    /// Visits every frame that holds changes which are not in the data file: its page, and since when.
    ///
    /// A change is logged, made and marked under one exclusive latch, and each frame is looked at when nobody holds that.
    /// So of the records appended before the call, no change is overlooked: it is marked, or in the data file.
    pub fn visit_dirty(&self, mut visit: impl FnMut(FrameId, PageId, Lsn)) {
        for frame in self.frames.ids() {
            let head = self.frames.get(frame);
            head.latch.optimistic();
            if let Some(since) = head.dirty.since() {
                visit(frame, head.page_id(), since);
            }
        }
    }

    /// The page in a frame: a hint without its latch.
    pub fn page_in(&self, frame: FrameId) -> PageId {
        self.frames.get(frame).page_id()
    }

    /// Claims the change in a frame and adds a copy of the page to `copies`. Without `wait`, a latch that is taken makes it
    /// [`Claim::Busy`]: whoever holds latches must not wait here.
    ///
    /// After the copy is written, or could not be, [`Self::settle`] must follow.
    pub fn claim_copy(&self, frame: FrameId, wait: bool, copies: &mut Vec<Page>) -> Claim {
        let head = self.frames.get(frame);
        if head.dirty.is_clean() {
            return Claim::Clean;
        }
        if !head.dirty.is_claimable() || !wait && !head.latch.try_shared() {
            return Claim::Busy;
        }
        // SAFETY: latched by the condition above.
        let page = if wait { self.latch_shared(frame) } else { unsafe { SharedPage::latched(self, frame) } };
        if head.dirty.claim() {
            copies.push(page.clone());
            return Claim::Copied;
        }
        if head.dirty.is_clean() { Claim::Clean } else { Claim::Busy }
    }

    /// Writes claimed copies to the data file: not yet synced.
    pub fn write_copies(&self, copies: &mut [Page]) -> Result<(), BufferError> {
        self.store.write(copies)
    }

    /// Ends a claim. `next`: where changes begin, at the earliest, that are not in the copy; nothing if it was not written.
    pub fn settle(&self, frame: FrameId, next: Option<Lsn>) {
        let dirty = &self.frames.get(frame).dirty;
        match next {
            Some(next) => dirty.written(next),
            None => dirty.not_written(),
        }
    }

    /// Puts a victim back that could not be replaced after all.
    pub fn put_back(&self, victim: ExclusivePage<'_>) {
        self.readmit(victim.frame());
    }

    /// The page in a frame that the replacer has given up stays.
    fn readmit(&self, frame: FrameId) {
        self.replacer.admit(frame, self.page_in(frame), Visit::Leaf);
    }

    /// Takes the page out of its frame: from here on, who looks for it reads the disk. The frame must be clean. Nothing if somebody
    /// has meanwhile begun to use the page: then it stays where it was.
    pub fn unmap<'p>(&self, victim: ExclusivePage<'p>) -> Option<ExclusivePage<'p>> {
        let (page, frame) = (victim.page_id(), victim.frame());
        assert!(victim.is_clean(), "{page:?} would be lost");
        if !self.table.retire(page, frame, &self.frames) {
            self.put_back(victim);
            return None;
        }
        self.frames.get(frame).set_page_id(PageId::NONE);
        self.metrics().inc(Counter::BufferEvictions);
        Some(victim)
    }

    /// Latches a frame exclusively, unless somebody uses the page in it.
    fn try_victim(&self, frame: FrameId) -> bool {
        !(self.table.pins() && self.frames.is_pinned(frame)) && self.frames.get(frame).latch.try_exclusive()
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
        if self.frames.get(frame).dirty.is_changed() { DirtyCheck::Dirty(page) } else { DirtyCheck::Clean }
    }

    /// How many pages one [`Self::write_out`] may carry.
    pub fn batch_pages(&self) -> usize {
        self.store.batch_pages()
    }

    /// Writes latched pages out, after which they are clean. They are durable in place after [`Self::sync`].
    pub fn write_out(&self, pages: &[SharedPage<'_>], scratch: &mut Vec<Page>) -> Result<(), BufferError> {
        scratch.clear();
        scratch.extend(pages.iter().map(|page| (**page).clone()));
        self.write_held(pages.iter().map(SharedPage::frame), scratch)
    }

    /// Writes a victim out.
    pub fn write_victim(&self, victim: &mut ExclusivePage<'_>) -> Result<(), BufferError> {
        let frame = victim.frame();
        self.write_held(std::iter::once(frame), std::slice::from_mut(&mut **victim))
    }

    /// Writes pages whose frames are latched until the end, so that nothing changes meanwhile.
    fn write_held(&self, frames: impl Iterator<Item = FrameId> + Clone, pages: &mut [Page]) -> Result<(), BufferError> {
        for frame in frames.clone() {
            assert!(self.frames.get(frame).dirty.claim(), "two writers of one page");
        }
        let written = self.store.write(pages);
        let next = written.is_ok().then_some(Lsn::ZERO);
        frames.for_each(|frame| self.settle(frame, next));
        written
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

/// Frames that the replacer has given up, and that nobody else will.
#[derive(Debug)]
pub struct Victims<'p> {
    /// Latched; their pages need not be written.
    pub clean: Vec<ExclusivePage<'p>>,
    /// Their pages must be written. Each is to be given to [`Residents::take_written`], whatever comes of that.
    pub dirty: Vec<FrameId>,
}

/// What came of [`Residents::claim_copy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The page is the caller's to write.
    Copied,
    /// There is nothing to write.
    Clean,
    /// Somebody else is writing it, or holds its latch.
    Busy,
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
