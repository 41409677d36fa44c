//! Structure changes: making room, and giving empty leaves back.
//!
//! Each one latches the parent first and its children from left to right, builds its new pages aside, appends one record,
//! and only then changes any page; so a failure before the append has changed nothing, and there is none after it.

use std::borrow::Cow;

use super::btree::BTree;
use super::descent::locate;
use super::error::TreeError;
use super::split::{SplitPlan, SplitPolicy};
use super::structure::{PageImage, StructureRecord, adopt, apply, disown, inherit, raise, release, trim, visit_of};
use crate::buffer::page::{Page, PageId};
use crate::buffer::{ExclusivePage, Visit};
use crate::io::Lsn;
use crate::metrics::Counter;
use crate::storage::slotted::SlottedPage;
use crate::transaction::wal::CommitLog;

impl<L: CommitLog, P: SplitPolicy> BTree<L, P> {
    /// Splits the page at `level` that covers `key`, unless it has room for `room` more bytes. One call may not be enough:
    /// the caller looks again.
    #[cold]
    pub(super) fn make_room(&self, key: &[u8], level: u8, room: usize) -> Result<(), TreeError> {
        let pool = &self.volume.pool;
        loop {
            let way = locate(pool, self.root, key, level)?;
            let Some(parent) = way.parent else {
                let mut root = pool.exclusive(self.root, visit_of(level))?;
                let node = SlottedPage::of(&root);
                if node.level() != level {
                    continue;
                }
                return if node.has_room(0, room) { Ok(()) } else { self.split_root(&mut root, key) };
            };
            // With the parent held as it was, the page is still its child and stays so.
            let Some(mut parent) = parent.into_exclusive() else { continue };
            let mut page = pool.exclusive(way.page, visit_of(level))?;
            let node = SlottedPage::of(&page);
            if node.has_room(0, room) {
                return Ok(());
            }
            let plan = self.policy.choose(node, key);
            let parent_room = plan.separator.len();
            if SlottedPage::of(&parent).has_room(0, parent_room) {
                return self.split(&mut parent, &mut page, plan);
            }
            drop((page, parent));
            self.make_room(key, level + 1, parent_room)?;
        }
    }

    /// Gives back the leaf that covers `key`, if it is empty; says whether it did. A leaf that is its parent's only child
    /// stays, and so does one whose sibling is too full to take over its range.
    pub fn unlink_if_empty(&self, key: &[u8]) -> Result<bool, TreeError> {
        let pool = &self.volume.pool;
        loop {
            let way = locate(pool, self.root, key, 0)?;
            let Some(parent) = way.parent else { return Ok(false) };
            let Some(mut parent) = parent.into_exclusive() else { continue };
            let node = SlottedPage::of(&parent);
            let index = node.child_index(key);
            if node.len() < 2 {
                return Ok(false);
            }
            // Children from left to right.
            let (freed_page, mut freed, mut heir);
            if index == 0 {
                freed = pool.exclusive(node.child(0), Visit::Leaf)?;
                heir = pool.exclusive(node.child(1), Visit::Leaf)?;
                freed_page = node.child(0);
            } else {
                heir = pool.exclusive(node.child(index - 1), Visit::Leaf)?;
                freed = pool.exclusive(node.child(index), Visit::Leaf)?;
                freed_page = node.child(index);
            }
            let (empty, taker) = (SlottedPage::of(&freed), SlottedPage::of(&heir));
            let (low, high) = if index == 0 { (empty, taker) } else { (taker, empty) };
            let (lower, upper) = (low.lower_fence().to_vec(), high.upper_fence().map(<[u8]>::to_vec));
            if !empty.is_empty() || !taker.fits_with_fences(&lower, upper.as_deref()) {
                return Ok(false);
            }
            let lsn = self.append(&StructureRecord::Unlink {
                parent: parent.page_id(),
                index: index as u16,
                freed: freed_page,
                heir: heir.page_id(),
                lower: Cow::Borrowed(&lower),
                upper: upper.as_deref().map(Cow::Borrowed),
            })?;
            apply(pool, &mut parent, lsn, |page| disown(page, index));
            apply(pool, &mut heir, lsn, |page| inherit(page, &lower, upper.as_deref()));
            apply(pool, &mut freed, lsn, release);
            drop((parent, heir, freed));
            self.volume.space.release(freed_page);
            pool.metrics().inc(Counter::TreeUnlinks);
            return Ok(true);
        }
    }

    fn split(
        &self,
        parent: &mut ExclusivePage<'_>,
        left: &mut ExclusivePage<'_>,
        SplitPlan { keep, separator, at_run }: SplitPlan,
    ) -> Result<(), TreeError> {
        let pool = &self.volume.pool;
        let node = SlottedPage::of(left);
        let level = node.level();
        let allocation = self.volume.space.allocate();
        let mut moved = Page::zeroed();
        self.build(&mut moved, allocation.id(), node, keep..node.len(), &separator, node.upper_fence());
        let mut right = pool.create(allocation.id(), visit_of(level))?;
        let image = PageImage::of(&moved);
        let lsn = self.append(&StructureRecord::Split {
            left: left.page_id(),
            parent: parent.page_id(),
            keep: keep as u16,
            separator: Cow::Borrowed(&separator),
            right: image.clone(),
        })?;
        apply(pool, &mut right, lsn, |page| image.restore(page.page_mut()));
        apply(pool, left, lsn, |page| trim(page, keep, &separator));
        apply(pool, parent, lsn, |page| adopt(page, &separator, allocation.id()));
        allocation.keep();
        self.count_split(at_run);
        Ok(())
    }

    fn split_root(&self, root: &mut ExclusivePage<'_>, key: &[u8]) -> Result<(), TreeError> {
        let pool = &self.volume.pool;
        let node = SlottedPage::of(root);
        let level = node.level();
        let SplitPlan { keep, separator, at_run } = self.policy.choose(node, key);
        let (left_allocation, right_allocation) = (self.volume.space.allocate(), self.volume.space.allocate());
        let (left_id, right_id) = (left_allocation.id(), right_allocation.id());
        let (mut low, mut high) = (Page::zeroed(), Page::zeroed());
        self.build(&mut low, left_id, node, 0..keep, b"", Some(&separator));
        self.build(&mut high, right_id, node, keep..node.len(), &separator, None);
        let mut left = pool.create(left_id, visit_of(level))?;
        let mut right = pool.create(right_id, visit_of(level))?;
        let (low, high) = (PageImage::of(&low), PageImage::of(&high));
        let lsn = self.append(&StructureRecord::SplitRoot {
            root: self.root,
            separator: Cow::Borrowed(&separator),
            left: low.clone(),
            right: high.clone(),
        })?;
        apply(pool, &mut left, lsn, |page| low.restore(page.page_mut()));
        apply(pool, &mut right, lsn, |page| high.restore(page.page_mut()));
        apply(pool, root, lsn, |page| raise(page, level, &separator, left_id, right_id));
        left_allocation.keep();
        right_allocation.keep();
        self.count_split(at_run);
        Ok(())
    }

    fn count_split(&self, at_run: bool) {
        let metrics = self.volume.pool.metrics();
        metrics.inc(Counter::TreeSplits);
        if at_run {
            metrics.inc(Counter::TreeRunSplits);
        }
    }

    /// Makes `page`, which is zeros, a page with some of another's entries.
    fn build(
        &self,
        page: &mut Page,
        id: PageId,
        from: &SlottedPage,
        range: std::ops::Range<usize>,
        lower: &[u8],
        upper: Option<&[u8]>,
    ) {
        let into = SlottedPage::of_mut(page);
        into.format(id, self.tree, from.level(), lower, upper);
        from.copy_entries(range, into);
    }

    fn append(&self, record: &StructureRecord<'_>) -> Result<Lsn, TreeError> {
        Ok(self.volume.log.append(&record.encode())?.end)
    }
}
