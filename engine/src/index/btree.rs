//! The tree's entrance.

use std::collections::BTreeSet;

use super::check::{self, TreeFault, TreeReport};
use super::descent::{Toward, to_leaf};
use super::error::TreeError;
use super::leaf::{LeafMut, LeafRef, MAX_ENTRY, MAX_KEY, TUPLE_HEADER};
use super::scan::LeafScan;
use super::split::SplitPolicy;
use crate::buffer::{ExclusivePage, PageId, SharedPage, TreeId, Visit};
use crate::metrics::Counter;
use crate::select;
use crate::storage::Volume;
use crate::storage::slotted::SlottedPage;
use crate::sync::Arc;
use crate::transaction::wal::CommitLog;

/// One tree: where it begins, and what it shares with all others. Cheap to make; its content is in the pages.
///
/// A thread holds at most one leaf at a time and calls nothing of a tree while it does.
#[derive(Debug)]
pub struct BTree<L, P = select::Split> {
    pub(crate) volume: Arc<Volume<L>>,
    pub(super) tree: TreeId,
    pub(super) root: PageId,
    pub(super) policy: P,
}

impl<L: CommitLog, P: SplitPolicy> BTree<L, P> {
    /// The tree with this root, which exists. Trees are made by the [catalog](crate::storage::catalog).
    pub fn open(volume: Arc<Volume<L>>, tree: TreeId, root: PageId) -> Self {
        let policy = P::new(volume.pool.metrics());
        Self { volume, tree, root, policy }
    }

    /// The tree's number.
    pub fn id(&self) -> TreeId {
        self.tree
    }

    /// Its root page, which never moves.
    pub fn root(&self) -> PageId {
        self.root
    }

    /// The leaf that covers `key`, for reading. `b""` gives the first leaf.
    #[inline]
    pub fn leaf_shared(&self, key: &[u8]) -> Result<LeafRef<'_>, TreeError> {
        self.shared(Toward::At(key), Visit::Leaf)
    }

    /// As [`Self::leaf_shared`], for a scan that comes by: the page will hardly be asked for again.
    pub fn leaf_scanned(&self, key: &[u8]) -> Result<LeafRef<'_>, TreeError> {
        self.shared(Toward::At(key), Visit::Scan)
    }

    /// The leaf that covers the keys just below `key`. It may hold none of them; then go on below its lower fence.
    pub fn leaf_before(&self, key: &[u8]) -> Result<LeafRef<'_>, TreeError> {
        self.shared(Toward::Before(key), Visit::Leaf)
    }

    /// The leaf with the largest keys. It may be empty; then go on below its lower fence.
    pub fn last_leaf(&self) -> Result<LeafRef<'_>, TreeError> {
        self.shared(Toward::Last, Visit::Leaf)
    }

    /// Leaf by leaf from the one that covers `key`.
    pub fn scan_leaves(&self, key: &[u8]) -> LeafScan<'_, L, P> {
        LeafScan::new(self, key)
    }

    /// The leaf that covers `key`, for changing, with at least `room` free bytes; pages are split for them if need be.
    /// `room` is [`entry_room`](super::entry_room) of a row to be inserted or grown, 0 if nothing will grow.
    ///
    /// # Errors
    /// The key or row is too long, no frame is to be had, or the log accepts nothing.
    #[inline]
    pub fn leaf_exclusive(&self, key: &[u8], room: usize) -> Result<LeafMut<'_>, TreeError> {
        if key.len() > MAX_KEY {
            return Err(TreeError::KeyTooLong { len: key.len() });
        }
        if room > MAX_ENTRY {
            return Err(TreeError::RowTooLong { len: room - TUPLE_HEADER });
        }
        loop {
            let leaf = match self.remembered_leaf(key) {
                Some(leaf) => leaf,
                None => self.exclusive(key)?,
            };
            self.policy.landed(leaf.page_id());
            if room == 0 || leaf.has_room(room) {
                return Ok(leaf);
            }
            drop(leaf);
            self.make_room(key, 0, room)?;
        }
    }

    /// The leaf that covers `key`, for changing, if that is still `page`, where the same transaction found it before: without a
    /// descent.
    #[inline]
    pub fn leaf_again(&self, page: PageId, key: &[u8]) -> Option<LeafMut<'_>> {
        self.hinted(page, key, Visit::Return)
    }

    /// Checks every page of the tree, which nobody may change meanwhile.
    ///
    /// # Errors
    /// The first thing that is not as it must be, by page.
    pub fn check(&self) -> Result<TreeReport, TreeFault> {
        check::check(&self.volume.pool, self.tree, self.root)
    }

    /// Adds every page of the tree to `used`, reading inner pages only.
    pub fn collect_pages(&self, used: &mut BTreeSet<PageId>) -> Result<(), TreeError> {
        check::reachable(&self.volume.pool, self.root, used)
    }

    #[inline]
    pub(super) fn shared(&self, toward: Toward<'_>, visit: Visit) -> Result<LeafRef<'_>, TreeError> {
        to_leaf::<SharedPage<'_>>(&self.volume.pool, self.root, toward, visit, |_, _| {}).map(LeafRef::new)
    }

    #[inline]
    fn exclusive(&self, key: &[u8]) -> Result<LeafMut<'_>, TreeError> {
        let pool = &self.volume.pool;
        to_leaf::<ExclusivePage<'_>>(pool, self.root, Toward::At(key), Visit::Leaf, |_, _| {})
            .map(|page| LeafMut::new(pool, page))
    }

    /// The leaf that the split policy remembers, if it is still one of ours and covers the key.
    #[inline]
    fn remembered_leaf(&self, key: &[u8]) -> Option<LeafMut<'_>> {
        let leaf = self.hinted(self.policy.fast_path()?, key, Visit::Leaf)?;
        self.volume.pool.metrics().inc(Counter::TreeFastPaths);
        Some(leaf)
    }

    /// This page, if it is a leaf of ours that covers the key. One that cannot be had is none; the descent will tell.
    #[inline]
    fn hinted(&self, id: PageId, key: &[u8], visit: Visit) -> Option<LeafMut<'_>> {
        let pool = &self.volume.pool;
        let page = pool.exclusive(id, visit).ok()?;
        let is_ours = page.kind() == Some(crate::buffer::PageType::Leaf) && page.tree() == self.tree;
        (is_ours && SlottedPage::of(&page).covers(key)).then(|| LeafMut::new(pool, page))
    }
}
