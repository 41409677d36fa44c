//! Checkpoints: how far back recovery must read.
//!
//! Fuzzy: transactions go on. In this order,
//!
//! 1. `redo from` := the end of the log;
//! 2. every page that a record below it has changed is written out, by visiting every frame under its latch (a record
//!    is appended and its page changed under one exclusive latch, so what the visit finds is complete); or, if pages are
//!    written in the background at a pace of their own (B004), `redo from` goes back to the oldest change that is not yet;
//! 3. the checkpoint record is appended: `redo from`, the clock, and the transactions that have written and not ended;
//! 4. the log is synced, then the superblock switches to the new checkpoint, then the log below it is let go.
//!
//! Recovery reads from `analysis from`, the oldest first record of those transactions or `redo from`, whichever is lower. So
//! it sees *every* record of every transaction that might be open, and needs to believe the table for nothing else: a
//! transaction that ended while the table was drawn up shows its end in the log.

use super::engine::Engine;
use super::error::Error;
use super::running::Writer;
use super::stamp::{Ts, TxnId};
use super::wal::CommitLog;
use crate::buffer::{BufferError, BufferPool};
use crate::io::Lsn;
use crate::metrics::Counter;
use crate::storage::superblock::Control;

/// The kind of a checkpoint record.
pub const CHECKPOINT: u8 = 0x60;

/// What the superblock says about a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// Changes below are in the data file.
    pub(super) redo_from: Lsn,
    /// No record of a transaction open then lies below.
    pub(super) analysis_from: Lsn,
    /// Start of the checkpoint record.
    pub(super) record: Lsn,
    /// Its end: the log was durable up to here.
    pub(super) record_end: Lsn,
    /// Above every transaction id handed out before.
    pub(super) next_txn: TxnId,
    /// At least every timestamp handed out before.
    pub(super) ts: Ts,
}

impl<L: CommitLog> Engine<L> {
    /// Makes a checkpoint from which redo has nothing to do: everything changed before is written.
    ///
    /// # Errors
    /// Nothing acknowledged is lost: the checkpoint before still counts. If the disk failed, the database is poisoned.
    pub fn checkpoint(&self) -> Result<(), Error> {
        self.checkpoint_at(|pool, end| pool.checkpoint(end).map(|()| end))
    }

    /// Makes a checkpoint in the background if it is time, so that redo will have to read about `redo_bytes` at most.
    ///
    /// # Errors
    /// As [`Self::checkpoint`].
    pub fn checkpoint_if_due(&self, redo_bytes: u64) -> Result<(), Error> {
        if self.checkpoint_age_bytes() < self.volume.pool.flusher().checkpoint_interval(redo_bytes) {
            return Ok(());
        }
        self.checkpoint_at(BufferPool::redo_point)
    }

    /// Does the background writing of pages that is due.
    ///
    /// # Errors
    /// As [`Self::checkpoint`].
    pub fn write_pages(&self, redo_bytes: u64) -> Result<(), Error> {
        let done = self.volume.pool.tick(self.volume.log.tail(), redo_bytes);
        done.map_err(Error::from).inspect_err(|error| self.fail_unless_full(error))
    }

    fn checkpoint_at(
        &self,
        redo_point: impl FnOnce(&BufferPool, Lsn) -> Result<Lsn, BufferError>,
    ) -> Result<(), Error> {
        let mut checkpointed = self.checkpointed.lock();
        let end = self.volume.log.tail();
        let redo_from = redo_point(&self.volume.pool, end).map_err(Error::from);
        let analysis_from = redo_from
            .and_then(|redo_from| self.record_checkpoint(redo_from))
            .inspect_err(|error| self.fail_unless_full(error))?;
        *checkpointed = end;
        drop(checkpointed);
        self.metrics.inc(Counter::Checkpoints);
        // The checkpoint counts; what is not let go of now is by the next one.
        Ok(self.volume.log.recycle_below(analysis_from)?)
    }

    /// After a full disk nothing was promised, and everything is still in memory and in the log.
    fn fail_unless_full(&self, error: &Error) {
        match error {
            Error::NoSpace(_) => {}
            _ => self.fail(error),
        }
    }

    /// Log written since the last checkpoint.
    pub fn checkpoint_age_bytes(&self) -> u64 {
        match self.checkpointed.try_lock() {
            Some(last) => self.volume.log.tail().0.saturating_sub(last.0),
            // One is being made.
            None => 0,
        }
    }

    /// Returns where the log that is still needed begins.
    fn record_checkpoint(&self, redo_from: Lsn) -> Result<Lsn, Error> {
        assert!(redo_from > Lsn::ZERO, "a checkpoint at zero would say that there was none");
        let log = &self.volume.log;
        let writers = self.running.writers();
        let analysis_from = writers.iter().map(|writer| writer.first_lsn).min().unwrap_or(redo_from).min(redo_from);
        let analysis_from = if cfg!(planted = "checkpoint_lsn_too_high") { redo_from } else { analysis_from };
        let (next_txn, ts) = (self.running.next_id(), self.clock.last_taken());
        let span = log.append(&encode(redo_from, next_txn, ts, &writers))?;
        log.sync_to(span.end)?;
        let checkpoint =
            Checkpoint { redo_from, analysis_from, record: span.start, record_end: span.end, next_txn, ts };
        self.superblock.write(&checkpoint.to_control()).map_err(|error| Error::Poisoned(error.to_string()))?;
        Ok(analysis_from)
    }
}

impl Checkpoint {
    fn to_control(self) -> Control {
        Control {
            checkpoint: self.redo_from,
            next_txn: self.next_txn.0,
            next_ts: self.ts.0 + 1,
            spare: [self.analysis_from.0, self.record.0, self.record_end.0, 0, 0],
        }
    }

    /// `None` if the database never had a checkpoint: its creation was cut short.
    pub(super) fn from_control(control: &Control) -> Option<Self> {
        (control.checkpoint != Lsn::ZERO).then(|| Self {
            redo_from: control.checkpoint,
            analysis_from: Lsn(control.spare[0]),
            record: Lsn(control.spare[1]),
            record_end: Lsn(control.spare[2]),
            next_txn: TxnId(control.next_txn),
            ts: Ts(control.next_ts - 1),
        })
    }
}

/// Kind, redo LSN, next id, timestamp, then id and first LSN of each open writer.
fn encode(redo_from: Lsn, next_txn: TxnId, ts: Ts, writers: &[Writer]) -> Vec<u8> {
    let words = [redo_from.0, next_txn.0, ts.0];
    let writers = writers.iter().flat_map(|writer| [writer.id.0, writer.first_lsn.0]);
    std::iter::once(CHECKPOINT).chain(words.into_iter().chain(writers).flat_map(u64::to_le_bytes)).collect()
}

/// Whether `payload` is the record that `checkpoint` speaks of.
pub(super) fn is_record_of(checkpoint: &Checkpoint, payload: &[u8]) -> bool {
    payload.starts_with(&encode(checkpoint.redo_from, checkpoint.next_txn, checkpoint.ts, &[]))
}
