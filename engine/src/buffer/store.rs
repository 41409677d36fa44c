//! Pages on their way between a frame and the data file.

use super::doublewrite::{DoubleWrite, HealReport, write_in_place};
use super::error::BufferError;
use super::page::{PAGE_SIZE, Page, PageId};
use super::pool::PoolOptions;
use crate::io::{DurableHorizon, File, IoError, Vfs};
use crate::metrics::{Counter, Metrics, Wait};
use crate::sync::{Arc, OnceLock};

/// The data file behind its checksums, its double-write area and the write-ahead rule.
#[derive(Debug)]
pub(super) struct PageStore {
    data: Arc<dyn File>,
    doublewrite: DoubleWrite,
    sync: bool,
    horizon: Horizon,
    pub(super) metrics: Arc<Metrics>,
    stopped: OnceLock<IoError>,
}

/// Keeps `Debug` on the structs around it.
struct Horizon(Arc<dyn DurableHorizon>);

impl std::fmt::Debug for Horizon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Horizon({})", self.0.durable())
    }
}

impl PageStore {
    /// Opens the double-write area and heals the data file from it.
    pub(super) fn open(
        vfs: &dyn Vfs,
        data: Arc<dyn File>,
        options: &PoolOptions,
        horizon: Arc<dyn DurableHorizon>,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, HealReport), IoError> {
        let doublewrite = DoubleWrite::open(vfs, options.doublewrite_slots)?;
        let report = doublewrite.heal(&*data)?;
        let (horizon, stopped) = (Horizon(horizon), OnceLock::new());
        Ok((Self { data, doublewrite, sync: options.sync, horizon, metrics, stopped }, report))
    }

    /// Number of whole pages in the data file.
    pub(super) fn len_pages(&self) -> Result<u64, IoError> {
        Ok(self.data.len()? / PAGE_SIZE as u64)
    }

    /// Reads a page and verifies that it is whole and the one asked for.
    pub(super) fn read(&self, id: PageId, into: &mut Page) -> Result<(), BufferError> {
        let offset = id.offset_bytes();
        let file = || self.data.name().to_owned();
        {
            let _waiting = self.metrics.wait_timer(Wait::PageRead);
            if let Err(error) = self.data.read_exact_at(into.bytes_mut(), offset) {
                return Err(match error.kind() {
                    std::io::ErrorKind::UnexpectedEof => BufferError::Unwritten { file: file(), page: id, offset },
                    _ => error.into(),
                });
            }
        }
        let (expected, found) = (into.stored_checksum(), into.computed_checksum());
        if expected != found {
            return Err(if into.is_zero() {
                BufferError::Unwritten { file: file(), page: id, offset }
            } else {
                BufferError::Corruption { file: file(), page: id, offset, expected, found }
            });
        }
        if into.id() != id {
            return Err(BufferError::Misplaced { file: file(), page: id, offset, found: into.id() });
        }
        Ok(())
    }

    /// How many pages [`Self::write`] takes at once.
    pub(super) fn batch_pages(&self) -> usize {
        self.doublewrite.batch_pages()
    }

    /// Writes copies of pages: the log first, then the double-write area, then in place. Not yet synced in place.
    pub(super) fn write(&self, pages: &mut [Page]) -> Result<(), BufferError> {
        let Some(horizon) = pages.iter().map(Page::lsn).max() else { return Ok(()) };
        self.check_running()?;
        if !cfg!(planted = "page_before_its_log") {
            self.stop_on_failure(self.horizon.0.ensure_durable(horizon))?;
        }
        let _waiting = self.metrics.wait_timer(Wait::PageWrite);
        pages.iter_mut().for_each(Page::seal);
        self.stop_on_failure(if self.sync {
            self.doublewrite.write(&*self.data, pages)
        } else {
            write_in_place(&*self.data, pages)
        })?;
        self.metrics.add(Counter::BufferWrites, pages.len() as u64);
        Ok(())
    }

    /// Writes sealed pages that nothing leads to yet. If a crash tears one, nobody will miss it: so there is no copy of it.
    pub(super) fn write_unreached(&self, pages: &[Page]) -> Result<(), BufferError> {
        let Some(horizon) = pages.iter().map(Page::lsn).max() else { return Ok(()) };
        self.check_running()?;
        self.stop_on_failure(self.horizon.0.ensure_durable(horizon))?;
        let _waiting = self.metrics.wait_timer(Wait::PageWrite);
        self.stop_on_failure(write_in_place(&*self.data, pages))?;
        self.metrics.add(Counter::BufferWrites, pages.len() as u64);
        Ok(())
    }

    /// Makes every page written so far durable in place.
    pub(super) fn sync(&self) -> Result<(), BufferError> {
        self.check_running()?;
        if !self.sync {
            return Ok(());
        }
        let _waiting = self.metrics.wait_timer(Wait::PageWrite);
        self.stop_on_failure(self.doublewrite.around_data_sync(|| self.data.sync_data()))
    }

    fn check_running(&self) -> Result<(), BufferError> {
        self.stopped.get().map_or(Ok(()), |cause| Err(BufferError::Stopped { cause: cause.clone() }))
    }

    /// After a failed sync nobody knows what is on disk, and the kernel may report the next one as a success. A full disk
    /// is another matter: the page is still here and still dirty, and the write may be tried again.
    fn stop_on_failure(&self, result: Result<(), IoError>) -> Result<(), BufferError> {
        result.map_err(|error| {
            if !error.is_out_of_space() {
                let _ = self.stopped.set(error.clone());
            }
            error.into()
        })
    }
}
