//! Leaf after leaf.

use super::btree::BTree;
use super::descent::{Toward, to_leaf};
use super::error::TreeError;
use super::leaf::LeafRef;
use super::split::SplitPolicy;
use crate::buffer::prefetch::Prefetcher;
use crate::buffer::{OptimisticPage, PageId, SharedPage, Visit};
use crate::select;
use crate::storage::slotted::{child_at, entry_count};
use crate::transaction::wal::CommitLog;

/// A scan's place between two leaves. No latch is held between two calls, so leaves may split, be unlinked and change
/// underway: every key that was there all the time is met exactly once.
#[derive(Debug)]
pub struct LeafScan<'t, L, P = select::Split> {
    tree: &'t BTree<L, P>,
    /// Where the next leaf begins; nothing behind the last one.
    next: Option<Vec<u8>>,
    ahead: <select::Prefetch as Prefetcher>::Scan,
}

impl<'t, L: CommitLog, P: SplitPolicy> LeafScan<'t, L, P> {
    pub(super) fn new(tree: &'t BTree<L, P>, key: &[u8]) -> Self {
        Self { tree, next: Some(key.to_vec()), ahead: Default::default() }
    }

    /// The next leaf, or nothing behind the last. The first one may begin below the key that the scan was begun with. Borrows
    /// the scan, so that a leaf is let go before the next one is asked for.
    pub fn next_leaf(&mut self) -> Result<Option<LeafRef<'_>>, TreeError> {
        let Some(from) = &mut self.next else { return Ok(None) };
        let pool = &self.tree.volume.pool;
        let ahead = &mut self.ahead;
        let at_parent = |parent: &OptimisticPage<'_>, at: usize| {
            pool.prefetcher().next(ahead, pool, |upcoming| followers(parent, at, upcoming));
        };
        let page = to_leaf::<SharedPage<'_>>(pool, self.tree.root, Toward::At(from), Visit::Scan, at_parent)?;
        let leaf = LeafRef::new(page);
        match leaf.upper_fence() {
            Some(upper) => {
                from.clear();
                from.extend_from_slice(upper);
            }
            None => self.next = None,
        }
        Ok(Some(leaf))
    }
}

/// Appends the children behind entry `at`, or nothing if the parent has changed.
fn followers(parent: &OptimisticPage<'_>, at: usize, upcoming: &mut Vec<PageId>) {
    let bytes = parent.bytes();
    let before = upcoming.len();
    upcoming.extend((at + 1..entry_count(&bytes)).map(|at| child_at(&bytes, at)));
    if !parent.validate() {
        upcoming.truncate(before);
    }
}
