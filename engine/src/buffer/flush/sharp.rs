//! The baseline: whoever needs a frame writes the dirty page in it; a checkpoint writes them all, in pool order.

use std::time::Duration;

use super::Flusher;
use crate::buffer::error::BufferError;
use crate::buffer::guard::ExclusivePage;
use crate::buffer::page::{Page, PageId};
use crate::buffer::residents::{DirtyCheck, Residents};
use crate::io::Lsn;
use crate::metrics::Counter;
use crate::sync::Mutex;

/// Synchronous write-out. Keeps no state but the checkpoint's scratch memory.
#[derive(Debug)]
pub struct Sharp {
    scratch: Mutex<Vec<Page>>,
}

impl Flusher for Sharp {
    fn new(_frames: usize) -> Self {
        Self { scratch: Mutex::new(Vec::new()) }
    }

    fn need_frame<'p>(&self, pool: &'p Residents, incoming: PageId) -> Result<Option<ExclusivePage<'p>>, BufferError> {
        if let Some((free, _left)) = pool.take_free() {
            return Ok(Some(free));
        }
        while let Some(mut victim) = pool.take_victim(incoming) {
            if !victim.is_clean() {
                if let Err(error) = pool.write_victim(&mut victim) {
                    pool.put_back(victim);
                    return Err(error);
                }
                pool.metrics().inc(Counter::FlushForegroundWrites);
            }
            if let Some(frame) = pool.unmap(victim) {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    /// Nobody asks how old a change is: a checkpoint writes them all.
    fn floor(&self) -> Lsn {
        Lsn::ZERO
    }

    /// Every frame is visited under a shared latch. A change logged before the call was made under an exclusive one,
    /// held from the append to the last byte, so the visit sees it; and if its page has moved on to another frame or to
    /// the disk meanwhile, it was written on the way.
    fn checkpoint(&self, pool: &Residents, _end: Lsn) -> Result<(), BufferError> {
        let mut scratch = self.scratch.lock();
        let mut batch = Vec::with_capacity(pool.batch_pages());
        for frame in pool.frame_ids() {
            // Waiting for one latch while holding others could close a circle with a split: let go of them first.
            let mut check = pool.latch_if_dirty(frame, batch.is_empty());
            if matches!(check, DirtyCheck::Busy) {
                pool.write_out(&batch, &mut scratch)?;
                batch.clear();
                check = pool.latch_if_dirty(frame, true);
            }
            match check {
                DirtyCheck::Dirty(page) => batch.push(page),
                DirtyCheck::Clean => {}
                DirtyCheck::Busy => unreachable!("waited for the latch"),
            }
            if batch.len() == pool.batch_pages() {
                pool.write_out(&batch, &mut scratch)?;
                batch.clear();
            }
        }
        pool.write_out(&batch, &mut scratch)?;
        drop(batch);
        pool.sync()
    }

    fn redo_point(&self, pool: &Residents, end: Lsn) -> Result<Lsn, BufferError> {
        self.checkpoint(pool, end)?;
        Ok(end)
    }

    fn checkpoint_interval(&self, redo_bytes: u64) -> u64 {
        redo_bytes
    }

    fn background_threads(&self) -> usize {
        0
    }

    fn tick(&self, _pool: &Residents, _end: Lsn, _redo_bytes: u64) -> Result<(), BufferError> {
        Ok(())
    }

    fn rest(&self, at_most: Duration) {
        std::thread::sleep(at_most);
    }

    fn wake(&self) {}
}
