//! B002, the page table: which frame holds a page.
//!
//! Problem: a tree descent looks up one page per level, on every core, all the time; pages come and go rarely.
//!
//! * Baseline [`rwlock_map`]: one hash map behind a readers-writer lock, as anyone would write first.
//! * Optimized [`atomic_array`]: page numbers are dense, so an array of one atomic word per page needs neither hash nor
//!   lock (vmcache, Leis et al., SIGMOD 2023).
//!
//! It wins where several cores descend trees in memory; it costs 4 bytes per page of the file. With one session waiting for
//! the disk it must not show.
//!
//! What both may rely on: an answer is only a hint. The caller latches the frame and checks which page it holds, so a
//! stale answer costs a retry and nothing else. What both must keep: of two threads that install the same page one loses.

pub mod atomic_array;
mod object;
pub mod rwlock_map;

use super::frame::FrameId;
use super::page::PageId;
use crate::metrics::Metrics;
use crate::sync::Arc;

/// A map from page to frame, shared by all threads.
pub trait PageTable: Send + Sync {
    /// An empty table for a pool of this many frames, counting into `metrics`.
    fn new(frames: usize, metrics: &Arc<Metrics>) -> Self
    where
        Self: Sized;

    /// Where the page is, or was a moment ago.
    fn get(&self, page: PageId) -> Option<FrameId>;

    /// Records that the page is in this frame, unless it is in another: then that one is the error.
    fn install(&self, page: PageId, frame: FrameId) -> Result<(), FrameId>;

    /// Forgets the page. The caller holds its frame exclusively.
    fn remove(&self, page: PageId);
}
