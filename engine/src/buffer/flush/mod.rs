//! B004, write-out: who writes dirty pages, and when.
//!
//! Problem: a session that needs a frame and finds a dirty page in it must wait for two writes and a sync; a checkpoint
//! that writes everything at once starves everyone for its duration.
//!
//! * Baseline [`sharp`]: exactly that.
//! * Optimized: a background writer keeps some frames clean, and checkpoints are spread over time, paced by redo age
//!   (InnoDB `buf0flu.cc`; Haubenschild et al., SIGMOD 2020).
//!
//! Contract: a page leaves memory only clean; after [`Flusher::checkpoint`], every change logged before it began is in
//! the data file, durably. Torn-page protection and the write-ahead rule are below, in the store, common to both.

pub mod sharp;

use super::error::BufferError;
use super::frame::FrameId;
use super::guard::ExclusivePage;
use super::page::PageId;
use super::residents::Residents;
use crate::io::Lsn;

/// When dirty pages are written.
pub trait Flusher: Send + Sync {
    /// For a pool of this many frames.
    fn new(frames: usize) -> Self;

    /// A frame without a page for `incoming`, latched; nothing if all are latched at this moment.
    fn need_frame<'p>(&self, pool: &'p Residents, incoming: PageId) -> Result<Option<ExclusivePage<'p>>, BufferError>;

    /// The page in the frame, clean until now, received a change logged at `lsn`.
    fn on_dirty(&self, frame: FrameId, lsn: Lsn);

    /// Writes and syncs every page changed before the call.
    fn checkpoint(&self, pool: &Residents) -> Result<(), BufferError>;

    /// Does the background work that is due.
    fn tick(&self, pool: &Residents) -> Result<(), BufferError>;
}
