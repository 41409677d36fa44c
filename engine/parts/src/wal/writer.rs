//! Brings log bytes to the active segment, block by block. Whoever holds the writer may write; nobody else does.
//!
//! The block in which the log ends is written again and again as it fills. The bytes already durable in it are
//! the same each time, so a write torn by a crash cannot hurt them.

use super::WalError;
use super::background::Background;
use super::segments::{ActiveSegment, Segments};
use crate::io::{AlignedBuf, BLOCK, Lsn};
use crate::metrics::{Counter, Metrics, Wait};
use crate::sync::Arc;

/// The most that is written at once, and the size of a batch.
const STAGING: usize = 1 << 20;

/// The writing end of the log.
#[derive(Debug)]
pub(super) struct Writer {
    segments: Arc<Segments>,
    metrics: Arc<Metrics>,
    active: ActiveSegment,
    /// Raised when half of the segment is written: early enough, and a log that never comes so far needs no other.
    preparer: Option<Background>,
    /// Log bytes `staged_from .. end`: the tail block and what came after it.
    staging: AlignedBuf,
    staged_from: Lsn,
    end: Lsn,
}

impl Writer {
    pub(super) fn new(
        segments: Arc<Segments>,
        active: ActiveSegment,
        prepare_ahead: bool,
        metrics: Arc<Metrics>,
    ) -> Result<Writer, WalError> {
        let preparer = if prepare_ahead { Some(segments.prepare_ahead()?) } else { None };
        let first = active.header.first_lsn;
        let staging = AlignedBuf::zeroed(STAGING);
        Ok(Writer { segments, metrics, active, preparer, staging, staged_from: first, end: first })
    }

    /// End of the bytes it was given.
    pub(super) fn end(&self) -> Lsn {
        self.end
    }

    /// Memory for the next log bytes, at least eight; the caller tells by [`filled`](Self::filled) how many it put
    /// there. May write what is staged, and go on to the next segment.
    pub(super) fn room(&mut self) -> Result<&mut [u8], WalError> {
        if self.end == self.active.header.end() {
            self.next_segment()?;
        } else if self.staged() == STAGING {
            self.write()?;
        }
        let until = STAGING.min((self.active.header.end().0 - self.staged_from.0) as usize);
        let from = self.staged();
        Ok(&mut self.staging[from..until])
    }

    /// The first `n` bytes of the last [`room`](Self::room) are log bytes now.
    pub(super) fn filled(&mut self, n: usize) {
        self.end.0 += n as u64;
    }

    /// Takes all of `bytes`, writing as often as needed.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Result<(), WalError> {
        while !bytes.is_empty() {
            let room = self.room()?;
            let n = room.len().min(bytes.len());
            room[..n].copy_from_slice(&bytes[..n]);
            self.filled(n);
            bytes = &bytes[n..];
        }
        Ok(())
    }

    /// Writes what is staged, the tail block in any case, and keeps the block in which the log ends.
    pub(super) fn write(&mut self) -> Result<(), WalError> {
        let staged = self.staged();
        let blocks = staged.next_multiple_of(BLOCK).max(BLOCK);
        self.staging[staged..blocks].fill(0);
        self.active.file.write_at(&self.staging[..blocks], self.active.header.offset_of(self.staged_from))?;
        self.metrics.inc(Counter::WalBatches);
        let is_behind_middle = |at: Lsn| at.0 - self.active.header.first_lsn.0 > self.active.header.body_bytes / 2;
        if let Some(preparer) = &self.preparer
            && is_behind_middle(self.end)
            && !is_behind_middle(self.staged_from)
        {
            preparer.raise();
        }
        let kept = blocks - BLOCK;
        self.staging.copy_within(kept..blocks, 0);
        self.staged_from.0 += kept as u64;
        Ok(())
    }

    /// Makes everything written durable.
    pub(super) fn sync(&mut self, purpose: Counter) -> Result<(), WalError> {
        self.metrics.inc(purpose);
        if cfg!(planted = "sync_skipped") {
            return Ok(());
        }
        let _timer = self.metrics.wait_timer(Wait::Fsync);
        Ok(self.active.file.sync_data()?)
    }

    fn staged(&self) -> usize {
        (self.end.0 - self.staged_from.0) as usize
    }

    /// The segment is synced before its successor exists: so a successor proves that all before it is whole.
    fn next_segment(&mut self) -> Result<(), WalError> {
        self.write()?;
        self.sync(Counter::WalSyncsOther)?;
        self.active = self.segments.activate_after(&self.active.header)?;
        self.staged_from = self.end;
        Ok(())
    }
}
