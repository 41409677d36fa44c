//! I001, splits: where a full page is divided, and how an insertion finds its leaf.
//!
//! Problem: keys often arrive in order. Halving a page on an ascending run leaves every page half empty behind it, and
//! every insertion descends from the root to a leaf that the one before has just left.
//!
//! * Baseline [`half`]: divide in the middle, the first key of the right page is the separator, always descend.
//! * Optimized: rightmost 90/10, after the new tuple in localised ascending runs, the most telling separator near the middle
//!   otherwise; the rightmost leaf is remembered (PostgreSQL `nbtsplitloc.c`; Bayer & Unterauer 1977).
//!
//! Contract: `1 ≤ keep < len`, and the separator is above every key that stays and not above any that goes. The node layout
//! (prefix, heads) is common to both.

pub mod half;

use crate::buffer::PageId;
use crate::storage::slotted::SlottedPage;

/// How to divide a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitPlan {
    /// Entries that stay; the others go to a new page on the right.
    pub keep: usize,
    /// The first key that the new page may hold.
    pub separator: Vec<u8>,
}

/// A tree's way to split. One value per tree, shared by all threads.
pub trait SplitPolicy: Default + Send + Sync {
    /// Divides a page of at least two entries in which `key` finds no room.
    fn choose(&self, node: &SlottedPage, key: &[u8]) -> SplitPlan;

    /// A leaf that may cover `key`, to be tried before a descent. A wrong guess costs time only.
    fn fast_path(&self, key: &[u8]) -> Option<PageId>;

    /// An insertion descended to this leaf.
    fn landed(&self, leaf: PageId, is_last: bool);
}
