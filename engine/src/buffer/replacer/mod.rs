//! B001, replacement: which page leaves when another needs its frame.
//!
//! Problem: with a pool smaller than the data, every page kept in vain is a read (≈ 100 µs) somewhere else.
//!
//! * Baseline [`lru`]: exact least-recently-used order behind a mutex, moved with every page that is used. One scan washes
//!   everything out.
//! * Optimized [`car`]: ARC in its clock form (Megiddo & Modha, FAST 2003; Bansal & Modha, FAST 2004), which remembers what
//!   it evicted, adapts, and keeps scans from training it.
//!
//! It wins where the data is larger than the pool and scans come by. It costs 8 bytes per ghost and some bookkeeping on a
//! miss. Where everything fits, nobody is replaced and nothing can be won.
//!
//! Contract: every frame with a page is admitted exactly once and leaves by [`Replacer::evict`]. `hit` may come late, for a frame that has left meanwhile; that is no error.

pub mod car;
mod ghosts;
pub mod lru;
mod object;
mod ring;

use super::frame::FrameId;
use super::page::PageId;
use super::residents::Visit;
use crate::metrics::Metrics;
use crate::sync::Arc;

/// Whether the pool could take the frame that the replacer offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// Yes, it is the caller's now: offer another.
    Taken,
    /// Yes, and it was the last one wanted.
    Last,
    /// No, somebody holds its latch, or it would have to be written first: offer another.
    Busy,
    /// No, and enough were offered.
    Enough,
}

/// The order in which frames are given up. Called by all threads; `take` never blocks.
pub trait Replacer: Send + Sync {
    /// For a pool of this many frames, none of them holding a page yet, counting into `metrics`.
    fn new(frames: usize, metrics: &Arc<Metrics>) -> Self
    where
        Self: Sized;

    /// The page in the frame was used, for the reason that `visit` gives.
    fn hit(&self, frame: FrameId, visit: Visit);

    /// `page` has come into the frame.
    fn admit(&self, frame: FrameId, page: PageId, visit: Visit);

    /// Offers frames until `take` has the last one it wants, or enough, or was offered all. Those that it took have then left.
    /// `incoming` is the page that needs a frame.
    fn evict(&self, incoming: PageId, take: &mut dyn FnMut(FrameId) -> Take);
}
