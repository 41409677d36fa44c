//! Copies of pages on their way to the data file, with the claims that they stand for.

use crate::buffer::error::BufferError;
use crate::buffer::frame::FrameId;
use crate::buffer::page::Page;
use crate::buffer::residents::{Claim, Residents};
use crate::io::Lsn;
use crate::metrics::Counter;

/// A batch under way: copied under the latches, written without. Dropped unwritten, its pages are dirty as before.
#[derive(Debug)]
pub(super) struct Batch<'p> {
    pool: &'p Residents,
    frames: Vec<FrameId>,
    copies: Vec<Page>,
    /// The log was at least as long before the first copy was made.
    seen: Lsn,
}

impl<'p> Batch<'p> {
    /// An empty batch that uses the memory of `copies`. No change that is made from now on begins below `seen`.
    pub(super) fn new(pool: &'p Residents, mut copies: Vec<Page>, seen: Lsn) -> Self {
        copies.clear();
        Self { pool, frames: Vec::with_capacity(pool.batch_pages()), copies, seen }
    }

    /// Claims and copies the page in the frame, if it is changed. See [`Residents::claim_copy`] for `wait`.
    pub(super) fn add(&mut self, frame: FrameId, wait: bool) -> Claim {
        let claim = self.pool.claim_copy(frame, wait, &mut self.copies);
        match claim {
            Claim::Copied => self.frames.push(frame),
            Claim::Clean | Claim::Busy => {}
        }
        claim
    }

    /// Writes the copies. Returns how many there were, and the memory.
    pub(super) fn write(mut self) -> Result<(usize, Vec<Page>), BufferError> {
        let count = self.frames.len();
        if count > 0 {
            if cfg!(planted = "page_clean_before_written") {
                self.settle(true);
            }
            self.pool.write_copies(&mut self.copies)?;
            self.settle(true);
            self.pool.metrics().inc(Counter::FlushBatches);
        }
        Ok((count, std::mem::take(&mut self.copies)))
    }

    fn settle(&mut self, written: bool) {
        for (frame, copy) in self.frames.drain(..).zip(&self.copies) {
            // What is not in the copy was appended after everything that is, and after `seen`.
            self.pool.settle(frame, written.then(|| copy.lsn().max(self.seen)));
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        self.settle(false);
    }
}
