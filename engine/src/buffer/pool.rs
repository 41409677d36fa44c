//! Getting pages: the way from a page number to a guard.

use super::bulk_writer::BulkWriter;
use super::doublewrite::HealReport;
use super::error::BufferError;
use super::flush::{Flusher, MakeFlusher, make};
use super::frame::FrameId;
use super::guard::{ExclusivePage, OptimisticPage, SharedPage};
use super::page::{Page, PageId};
use super::page_table::PageTable as _;
use super::prefetch::{PageSource, Prefetcher as _};
use super::replacer::Replacer as _;
use super::residents::{Residents, Visit};
use super::store::PageStore;
use crate::io::{DurableHorizon, File, Lsn, Vfs};
use crate::metrics::{Counter, Metrics, Wait};
use crate::select;
use crate::sync::Arc;

/// One frame of so many is left free by pages that are kept only because there is room.
const SPARED_SHARE: usize = 16;

/// Sizes of a pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolOptions {
    /// Pages in memory. At least 16: a split holds a handful at once, and so may every thread.
    pub frames: usize,
    /// Slots of a new double-write area; each holds one page. At least 2.
    pub doublewrite_slots: usize,
    /// Whether pages are made durable and safe from tearing. Without, a crash may leave nothing of use: for measuring
    /// everything but the disk.
    pub sync: bool,
    /// Who writes dirty pages: what the features chose, or what a test names.
    pub flusher: MakeFlusher,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { frames: 32 * 1024, doublewrite_slots: 512, sync: true, flusher: make::<select::Flush> }
    }
}

/// The pool. See the module for its rules.
#[derive(Debug)]
pub struct BufferPool {
    residents: Residents,
    flusher: Box<dyn Flusher>,
    prefetcher: select::Prefetch,
}

/// What came of bringing a page in.
enum Loaded<'p> {
    /// It is in this frame, latched by us.
    Here(ExclusivePage<'p>),
    /// Somebody else was first: look again.
    Elsewhere,
}

impl BufferPool {
    /// A pool over the data file, healing torn pages from the double-write area first.
    ///
    /// `horizon` is the log: no page is written before the log is durable up to the page's LSN.
    pub fn open(
        vfs: &dyn Vfs,
        data: Arc<dyn File>,
        options: PoolOptions,
        horizon: Arc<dyn DurableHorizon>,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, HealReport), BufferError> {
        let (store, report) = PageStore::open(vfs, data, &options, horizon, metrics)?;
        let frames = options.frames.max(16);
        let pool = Self {
            residents: Residents::new(frames, store)?,
            flusher: (options.flusher)(frames),
            prefetcher: select::Prefetch::new(),
        };
        Ok((pool, report))
    }

    /// Starts an optimistic read of a page.
    #[inline(always)]
    pub fn optimistic(&self, id: PageId, visit: Visit) -> Result<OptimisticPage<'_>, BufferError> {
        match self.at_once(id, visit) {
            Some(page) => Ok(page),
            None => self.optimistic_after_all(id, visit),
        }
    }

    /// Starts an optimistic read of a page that is in memory and that nobody writes to.
    ///
    /// Always in line, like the steps of a descent above it: handed back through memory, a page's parts are written one by one and
    /// read together a moment later, for which the processor waits. As a call this made a read of YCSB C take a seventh longer.
    #[inline(always)]
    fn at_once(&self, id: PageId, visit: Visit) -> Option<OptimisticPage<'_>> {
        let found = self.residents.find(id)?;
        if visit == Visit::Leaf {
            self.residents.frames.prefetch_start(found.frame());
        }
        let head = self.residents.frames.get(found.frame());
        let version = head.latch.try_optimistic()?;
        // Read after the version was, and so as good as all that is read from the page: if it is another's by now, the version
        // will tell.
        if head.page_id() != id {
            return None;
        }
        self.used(found.frame(), visit);
        Some(OptimisticPage::new(found, version))
    }

    /// Brings the page in, and waits for whoever holds it.
    #[cold]
    fn optimistic_after_all(&self, id: PageId, visit: Visit) -> Result<OptimisticPage<'_>, BufferError> {
        loop {
            match self.residents.find(id) {
                Some(found) => {
                    self.residents.frames.get(found.frame()).latch.optimistic();
                }
                None => {
                    if let Loaded::Here(page) = self.load(id, visit)? {
                        return Ok(page.into_optimistic());
                    }
                }
            }
            if let Some(page) = self.at_once(id, visit) {
                return Ok(page);
            }
        }
    }

    /// Asks the processor for the start of a page that is about to be held, if it is in memory.
    #[inline]
    pub fn approach(&self, id: PageId) {
        if let Some(found) = self.residents.find(id) {
            self.residents.frames.prefetch_all(found.frame());
        }
    }

    /// Holds a page shared.
    #[inline]
    pub fn shared(&self, id: PageId, visit: Visit) -> Result<SharedPage<'_>, BufferError> {
        loop {
            let Some(found) = self.residents.find(id) else {
                match self.load(id, visit)? {
                    Loaded::Here(page) => return Ok(page.into_shared()),
                    Loaded::Elsewhere => continue,
                }
            };
            self.residents.frames.prefetch(found.frame());
            let page = self.residents.latch_shared(found.frame());
            if page.page_id() == id {
                self.used(found.frame(), visit);
                return Ok(page);
            }
        }
    }

    /// Holds a page exclusively.
    #[inline]
    pub fn exclusive(&self, id: PageId, visit: Visit) -> Result<ExclusivePage<'_>, BufferError> {
        loop {
            let Some(found) = self.residents.find(id) else {
                match self.load(id, visit)? {
                    Loaded::Here(page) => return Ok(page),
                    Loaded::Elsewhere => continue,
                }
            };
            self.residents.frames.prefetch(found.frame());
            let page = self.residents.latch_exclusive(found.frame());
            if page.page_id() == id {
                self.used(found.frame(), visit);
                return Ok(page);
            }
        }
    }

    /// Holds a page exclusively that is about to be formatted, without reading it. Until then it has the content it had
    /// in memory, or zeros.
    pub fn create(&self, id: PageId, visit: Visit) -> Result<ExclusivePage<'_>, BufferError> {
        let (mut page, is_new) = self.unread(id, visit)?;
        if is_new {
            page.bytes_mut().fill(0);
        }
        Ok(page)
    }

    /// Holds a page exclusively without reading it, and says whether it was not in memory before: then its frame holds
    /// whatever it held.
    fn unread(&self, id: PageId, visit: Visit) -> Result<(ExclusivePage<'_>, bool), BufferError> {
        loop {
            if let Some(found) = self.residents.find(id) {
                let page = self.residents.latch_exclusive(found.frame());
                if page.page_id() == id {
                    self.residents.replacer.hit(found.frame(), visit);
                    return Ok((page, false));
                }
                continue;
            }
            if let Loaded::Here(page) = self.claim(id)? {
                self.residents.replacer.admit(page.frame(), id, visit);
                return Ok((page, true));
            }
        }
    }

    /// Says that the change described by the log up to `lsn` is now in the page. The latch has been held since before that
    /// record was appended.
    #[inline]
    pub fn mark_dirty(&self, page: &mut ExclusivePage<'_>, lsn: Lsn) {
        page.mark_dirty(lsn, || self.flusher.floor());
    }

    /// Writes out every page that a log record before this call has changed, and makes it durable in place. `end` was the
    /// log's end before the call: a checkpoint may name it.
    pub fn checkpoint(&self, end: Lsn) -> Result<(), BufferError> {
        self.flusher.checkpoint(&self.residents, end)
    }

    /// Returns a position such that the changes of all records below are in the data file, durably: as far as `end` if
    /// the flusher writes everything now, less if it has its own pace. `end` was the log's end before the call.
    pub fn redo_point(&self, end: Lsn) -> Result<Lsn, BufferError> {
        self.flusher.redo_point(&self.residents, end)
    }

    /// What writes pages that nothing leads to yet, and that no log record speaks of, where they belong: once, without a copy in
    /// the double-write area. Nothing may lead to them before [`Self::sync`].
    pub fn bulk_writer(&self) -> BulkWriter {
        BulkWriter::new(Arc::clone(&self.residents.store))
    }

    /// Takes copies of pages that are written so, before or after, as long as there are frames to spare.
    pub fn remember_unreached(&self, pages: &[Page]) -> Result<(), BufferError> {
        for page in pages {
            if self.residents.free_count() <= self.frame_count() / SPARED_SHARE {
                break;
            }
            // Over what an earlier life of the page may have left there, too.
            let (mut held, _) = self.unread(page.id(), Visit::Leaf)?;
            held.bytes_mut().copy_from_slice(page.bytes());
        }
        Ok(())
    }

    /// Makes every page written so far durable in place.
    pub fn sync(&self) -> Result<(), BufferError> {
        self.residents.sync()
    }

    /// Who writes dirty pages: to be asked for background work, and when.
    pub fn flusher(&self) -> &dyn Flusher {
        &*self.flusher
    }

    /// Does what background writing is due, which ends at `end`. Redo is to begin no more than `redo_bytes` before that.
    pub fn tick(&self, end: Lsn, redo_bytes: u64) -> Result<(), BufferError> {
        self.flusher.tick(&self.residents, end, redo_bytes)
    }

    /// What reads ahead of scans.
    pub fn prefetcher(&self) -> &select::Prefetch {
        &self.prefetcher
    }

    /// Number of pages in memory at most.
    pub fn frame_count(&self) -> usize {
        self.residents.frame_count()
    }

    /// Number of whole pages in the data file, the superblock's included.
    pub fn file_pages(&self) -> Result<u64, BufferError> {
        Ok(self.residents.store.len_pages()?)
    }

    /// The counters of the database this pool belongs to.
    pub fn metrics(&self) -> &Arc<Metrics> {
        self.residents.metrics()
    }

    /// A page was found in memory.
    #[inline]
    fn used(&self, frame: FrameId, visit: Visit) {
        self.residents.replacer.hit(frame, visit);
        self.metrics().inc(match visit {
            Visit::Inner => Counter::BufferInnerHits,
            Visit::Leaf => Counter::BufferLeafHits,
            Visit::Return => Counter::BufferReturnHits,
            Visit::Scan => Counter::BufferScanHits,
        });
    }

    #[cold]
    fn load(&self, id: PageId, visit: Visit) -> Result<Loaded<'_>, BufferError> {
        let Loaded::Here(mut page) = self.claim(id)? else { return Ok(Loaded::Elsewhere) };
        match self.residents.store.read(id, &mut page) {
            Ok(()) => {
                self.residents.replacer.admit(page.frame(), id, visit);
                self.metrics().inc(match visit {
                    Visit::Inner => Counter::BufferInnerMisses,
                    Visit::Leaf | Visit::Return => Counter::BufferLeafMisses,
                    Visit::Scan => Counter::BufferScanMisses,
                });
                Ok(Loaded::Here(page))
            }
            Err(error) => {
                // Whoever waits at the latch finds the frame without the page, and tries for himself.
                self.residents.table.remove(id);
                self.residents.release_free(page);
                Err(error)
            }
        }
    }

    /// Gets a frame for a page and makes the page findable in it, latched by us; its content is still to come.
    fn claim(&self, id: PageId) -> Result<Loaded<'_>, BufferError> {
        assert!(id != PageId::NONE, "page 0 is the superblock's and is never cached");
        let page = self.need_frame(id)?;
        let head = self.residents.frames.get(page.frame());
        head.set_page_id(id);
        match self.residents.table.install(id, page.frame()) {
            Ok(()) => Ok(Loaded::Here(page)),
            Err(_elsewhere) => {
                self.residents.release_free(page);
                Ok(Loaded::Elsewhere)
            }
        }
    }

    /// A frame without a page. When all are latched at this moment, waits for a while before it gives up.
    fn need_frame(&self, incoming: PageId) -> Result<ExclusivePage<'_>, BufferError> {
        const YIELDS: u32 = 20;
        const SLEEPS: u32 = 200;
        const SLEEP: std::time::Duration = std::time::Duration::from_millis(1);
        let mut waiting = None;
        for attempt in 0..YIELDS + SLEEPS {
            if let Some(frame) = self.flusher.need_frame(&self.residents, incoming)? {
                return Ok(frame);
            }
            waiting.get_or_insert_with(|| self.metrics().wait_timer(Wait::Latch));
            if attempt < YIELDS {
                crate::sync::thread::yield_now();
            } else {
                std::thread::sleep(SLEEP);
            }
        }
        Err(BufferError::PoolExhausted { frames: self.frame_count() })
    }
}

impl PageSource for BufferPool {
    fn is_resident(&self, id: PageId) -> bool {
        self.residents.find(id).is_some()
    }

    fn bring_in(&self, id: PageId) -> Result<(), BufferError> {
        self.optimistic(id, Visit::Scan).map(drop)
    }
}
