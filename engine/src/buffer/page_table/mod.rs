//! B002, the page table: which frame holds a page.
//!
//! Problem: a tree descent looks up one page per level, on every core, all the time; pages come and go rarely. And a page that
//! was found must still be there when it is read.
//!
//! * Baseline [`rwlock_map`]: one hash map behind a readers-writer lock, and a pin count in each frame, as in every textbook
//!   (PostgreSQL's `PinBuffer`, InnoDB's `buf_fix_count`): under the lock, who finds a page pins it, and a pinned page stays.
//! * Optimized [`atomic_array`]: page numbers are dense, so an array of one atomic word per page needs neither hash nor
//!   lock; and nobody pins: a frame is used optimistically, and validated (vmcache, Leis et al., SIGMOD 2023).
//!
//! It wins where several cores descend trees in memory: a look-up writes nothing, while lock and pins are cache lines that
//! wander between the cores, the root's first of all. It costs 4 bytes per page of the file. With one session waiting for the
//! disk it must not show.
//!
//! What is *not* part of it: the page latch with its version, which lets both read inner pages and rows without holding a
//! latch. A pin keeps the page in its frame, a latch keeps its content.
//!
//! What both may rely on: the caller checks, under the frame's latch or against its version, which page it holds, so a stale
//! answer costs a retry and nothing else. What both must keep: of two threads that install the same page one loses.

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

    /// Where the page is. If the table [pins](Self::pins) the frame is pinned, and the caller takes the pin back; if not, the page
    /// was there a moment ago.
    fn get(&self, page: PageId, pins: &dyn Pins) -> Option<FrameId>;

    /// Whether a page that was found stays until the pin is taken back.
    fn pins(&self) -> bool;

    /// Records that the page is in this frame, unless it is in another: then that one is the error.
    fn install(&self, page: PageId, frame: FrameId) -> Result<(), FrameId>;

    /// Forgets the page, unless its frame is pinned: then the answer is false. The caller holds the frame exclusively.
    fn retire(&self, page: PageId, frame: FrameId, pins: &dyn Pins) -> bool;

    /// Forgets the page, which never came into its frame. Whoever has found it so finds that out at the latch, which the
    /// caller holds exclusively.
    fn remove(&self, page: PageId);
}

/// Where it is counted who uses a frame.
pub trait Pins {
    /// One more.
    fn pin(&self, frame: FrameId);

    /// Whether there is anyone.
    fn is_pinned(&self, frame: FrameId) -> bool;
}
