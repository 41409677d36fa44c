//! B004, write-out: who writes dirty pages, and when.
//!
//! Problem: a session that needs a frame and finds a dirty page in it must wait for two writes and a sync; a checkpoint
//! that writes everything at once takes the disk away from everyone for its duration.
//!
//! * Baseline [`sharp`]: exactly that.
//! * Optimized [`paced`]: a background thread keeps some frames free, so that a miss only reads, and writes pages in batches
//!   that share one sync; checkpoints write nothing, since pages are written all the time, oldest change first and just
//!   fast enough (InnoDB `buf0flu.cc`; Haubenschild et al., SIGMOD 2020).
//!
//! It wins where data is larger than the pool, and wherever checkpoints are. It costs a few per cent of the frames, and a
//! thread. Where everything fits and nothing is written, there is nothing to win.
//!
//! Contract: a page leaves memory only clean; after [`Flusher::checkpoint`], every change logged before it began is in
//! the data file, durably; below what [`Flusher::redo_point`] returns, likewise. Torn-page protection and the write-ahead
//! rule are below, in the store, common to both.
//!
//! This seam is an object and no type parameter, whatever A001 does with the others: it is asked only where a page is read,
//! written, or first changed after that, beside which a call through a table is nothing; and the tests of whole databases
//! run over both.

mod batch;
mod pace;
pub mod paced;
pub mod sharp;

use std::fmt::Debug;
use std::time::Duration;

use super::error::BufferError;
use super::guard::ExclusivePage;
use super::page::PageId;
use super::residents::Residents;
use crate::io::Lsn;

/// When dirty pages are written.
pub trait Flusher: Send + Sync + Debug + 'static {
    /// For a pool of this many frames.
    fn new(frames: usize) -> Self
    where
        Self: Sized;

    /// A frame without a page for `incoming`, latched; nothing if all are latched at this moment. The caller may hold other
    /// latches.
    fn need_frame<'p>(&self, pool: &'p Residents, incoming: PageId) -> Result<Option<ExclusivePage<'p>>, BufferError>;

    /// A position in the log below which no record begins whose change is made in this moment, under a latch held since
    /// before the record was appended.
    fn floor(&self) -> Lsn;

    /// Writes and syncs every page changed before the call. `end` was the log's end before it.
    fn checkpoint(&self, pool: &Residents, end: Lsn) -> Result<(), BufferError>;

    /// Syncs the data file, perhaps writes pages before, and returns a position such that every change of the records
    /// below is in it. `end` was the log's end before the call.
    fn redo_point(&self, pool: &Residents, end: Lsn) -> Result<Lsn, BufferError>;

    /// After how much log [`Self::redo_point`] is to be asked again, so that redo begins at most `redo_bytes` back.
    fn checkpoint_interval(&self, redo_bytes: u64) -> u64;

    /// How many threads should call [`Self::tick`], with a [`Self::rest`] in between.
    fn background_threads(&self) -> usize;

    /// Does the background work that is due at the log's end `end`, if redo is to begin at most `redo_bytes` before it.
    fn tick(&self, pool: &Residents, end: Lsn, redo_bytes: u64) -> Result<(), BufferError>;

    /// Sleeps until there may be work, and no longer than `at_most`.
    fn rest(&self, at_most: Duration);

    /// Ends a rest.
    fn wake(&self);
}

/// Makes a flusher for a pool of so many frames.
pub type MakeFlusher = fn(usize) -> Box<dyn Flusher>;

/// A flusher of some kind, as an object.
pub fn make<F: Flusher>(frames: usize) -> Box<dyn Flusher> {
    Box::new(F::new(frames))
}
