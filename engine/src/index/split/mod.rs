//! I001, splits: where a full page is divided, and how a change finds its leaf.
//!
//! Problem: keys often arrive in order. Halving a page on an ascending run leaves every page half empty behind it, and
//! every change descends from the root to a leaf that the one before has just left.
//!
//! * Baseline [`half`]: divide in the middle, the first key of the right page is the separator, always descend.
//! * Optimized [`adaptive`]: beside the new tuple where insertions run in order, 90/10 in the last page, the most telling
//!   separator near the middle otherwise; a thread whose changes stay in one leaf remembers it (PostgreSQL `nbtsplitloc.c`; Bayer & Unterauer 1977).
//!
//! Contract: `1 ≤ keep < len`, and the separator is above every key that stays and not above any that goes, the new one
//! included. In an inner page it is the key of entry `keep`. The node layout (prefix, heads, the trace of recent
//! insertions) is common to both, so either opens what the other wrote.

pub mod adaptive;
pub mod half;
mod object;

use crate::buffer::PageId;
use crate::metrics::Metrics;
use crate::storage::slotted::SlottedPage;
use crate::sync::Arc;

/// How to divide a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitPlan {
    /// Entries that stay; the others go to a new page on the right.
    pub keep: usize,
    /// The first key that the new page may hold.
    pub separator: Vec<u8>,
    /// Whether the place follows the recent insertions, rather than the bytes.
    pub at_run: bool,
}

/// A tree's way to split. One value per tree, shared by all threads.
pub trait SplitPolicy: std::fmt::Debug + Send + Sync {
    /// The policy of a new tree. One that has something to count does so in `metrics`.
    fn new(metrics: &Arc<Metrics>) -> Self
    where
        Self: Sized;

    /// Divides a page of at least two entries in which `key` finds no room.
    fn choose(&self, node: &SlottedPage, key: &[u8]) -> SplitPlan;

    /// A leaf where the calling thread's next change may land, to be tried before a descent. A wrong guess costs time only.
    fn fast_path(&self) -> Option<PageId>;

    /// A change of the calling thread is about to happen in this leaf.
    fn landed(&self, leaf: PageId);
}
