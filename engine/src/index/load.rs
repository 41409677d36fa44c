//! Filling an empty tree with sorted rows, from the leaves up.
//!
//! ```text
//!            stretch ["", m)           stretch [m, ∞)            one thread each: leaves are filled one after the other
//!   leaves  ▐███▐███▐███▐██▌          ▐███▐███▐███▐█ ▌           and written in long runs of new pages, each once
//!              ╲   ╲  ╱   ╱              ╲   ╲  ╱   ╱
//!   inner       ▐██████████▌              ▐██████████▌           likewise, when all leaves are there
//!   - - - - - - - - - - - - - - - - - - - - - - - - - - - - -    sync of the data file
//!                    ╲                       ╱
//!   root               ▐█████████████████████▌                   one log record: an image of it
//! ```
//!
//! Nothing of the rows is logged, and no page is written twice: not to the double-write area, not when it fills. Until the
//! root leads to them the pages are nobody's, so a crash leaves an empty tree and pages that the next opening finds free; and
//! when it does, they are durable. (PostgreSQL loads a table made in the same transaction this way with
//! `wal_level = minimal`; Graefe, "Modern B-Tree Techniques", 2011, section 6.4.)
//!
//! **Why redo cannot touch them.** They are pages that nobody has had since the database was opened, and an opening ends with
//! a checkpoint: so no record that redo will read speaks of them, but for those that come after the load.

use std::ops::Deref;

use super::btree::BTree;
use super::error::TreeError;
use super::leaf::{Leaf, MAX_KEY, TupleHeader};
use super::split::SplitPolicy;
use super::structure::{PageImage, StructureRecord, apply};
use crate::buffer::page::{PAGE_SIZE, Page, PageId, TreeId};
use crate::buffer::{BATCH_PAGES, Batch, BufferError, BufferPool, BulkWriter, Visit};
use crate::io::Lsn;
use crate::metrics::Counter;
use crate::storage::slotted::{NODE_HEADER, SlottedPage};
use crate::storage::space::{Extent, Space};
use crate::sync::Arc;
use crate::transaction::wal::CommitLog;

/// Bytes of a page that are filled; the rest is room for rows that grow, as much as a split beside a run leaves.
const FILLED: usize = (PAGE_SIZE - NODE_HEADER) / 10 * 9;

/// Bytes of a parent that are filled, leaving room for its fences.
const PARENT_FILLED: usize = FILLED - 2 * MAX_KEY;

/// Bytes of an entry beside key and value, at most: its slot and head.
const PER_ENTRY: usize = 16;

/// What the stretches of a load have in common.
#[derive(Clone, Debug)]
pub struct Loading<'t> {
    pool: &'t BufferPool,
    space: &'t Space,
    tree: TreeId,
    /// All pages bear it: the log's end before the load.
    lsn: Lsn,
    /// Whether the pool is to have them, too, as far as it has room.
    remembered: bool,
    writer: Arc<BulkWriter>,
}

/// A stretch of the tree that is being filled.
#[derive(Debug)]
pub struct Stretch<'t> {
    leaf: Box<Page>,
    /// Bytes of its entries.
    filled: usize,
    last_key: Vec<u8>,
    upper: Option<Vec<u8>>,
    level: Level<'t>,
}

/// A stretch that has all its rows. The last leaves are not written yet.
#[derive(Debug)]
pub struct Filled<'t> {
    leaf: Box<Page>,
    level: Level<'t>,
}

/// What came of [`BTree::adopt`].
#[derive(Debug)]
pub enum Adopted {
    /// The tree has the rows, durably.
    Whole,
    /// They fit into one leaf, for which nothing was changed: they are to be inserted one by one.
    Few(FewRows),
    /// The tree was not empty; nothing was changed.
    NotEmpty,
}

/// The rows of a load that has one leaf of them. Dereferences to [`Leaf`].
#[derive(Debug)]
pub struct FewRows(Box<Page>);

impl Deref for FewRows {
    type Target = Leaf;

    fn deref(&self) -> &Leaf {
        Leaf::of(&self.0)
    }
}

/// The pages of one level, as far as they are there, from left to right.
#[derive(Debug)]
struct Level<'t> {
    children: Vec<Child>,
    pages: NewPages<'t>,
}

/// A page and its lower fence.
#[derive(Debug)]
struct Child {
    separator: Vec<u8>,
    page: PageId,
}

/// Pages on their way to the end of the data file.
#[derive(Debug)]
struct NewPages<'t> {
    of: Loading<'t>,
    extents: Vec<Extent<'t>>,
    /// Pages of the last extent.
    batch: Option<Batch>,
    /// How many went before them.
    given: u64,
}

impl<L: CommitLog, P: SplitPolicy> BTree<L, P> {
    /// Begins a load. `lsn` is the end of the log, or was when the load began. What is loaded stays in memory, too, as long as
    /// there are frames to spare.
    pub fn loading(&self, lsn: Lsn) -> Loading<'_> {
        let (pool, space) = (&self.volume.pool, &self.volume.space);
        Loading { pool, space, tree: self.tree, lsn, remembered: true, writer: Arc::new(pool.bulk_writer()) }
    }

    /// Makes the tree, if it is empty, lead to the stretches, which follow one another without a gap. Durable on return, and
    /// seen by nobody before.
    ///
    /// # Errors
    /// The tree is empty as before. After a failure of the log it is not known which.
    pub fn adopt(&self, stretches: Vec<Filled<'_>>) -> Result<Adopted, TreeError> {
        let pool = &self.volume.pool;
        let root = pool.shared(self.root, Visit::Leaf)?;
        if !is_empty_leaf(SlottedPage::of(&root)) {
            return Ok(Adopted::NotEmpty);
        }
        drop(root);
        let mut levels = Vec::new();
        let mut children = Vec::new();
        let alone = stretches.len() == 1;
        for Filled { leaf, mut level } in stretches {
            if alone && level.children.is_empty() {
                return Ok(Adopted::Few(FewRows(leaf)));
            }
            let (lower, upper) = (SlottedPage::of(&leaf).lower_fence(), SlottedPage::of(&leaf).upper_fence());
            level.add(0, lower, upper, |page| copy_all(&leaf, page))?;
            level.pages.write()?;
            children.append(&mut level.children);
            levels.push(level.pages);
        }
        let loading = Loading { remembered: true, ..levels[0].of.clone() };
        let mut height = 1;
        while !fits_one_page(&children) {
            let mut level = Level::new(&loading);
            level.add_parents(height, &children)?;
            level.pages.write()?;
            children = level.children;
            levels.push(level.pages);
            height += 1;
        }
        loading.writer.settle()?;
        if !cfg!(planted = "load_adopted_before_it_is_durable") {
            pool.sync()?;
        }
        if !self.lead_to(height, &children)? {
            return Ok(Adopted::NotEmpty);
        }
        let loaded = levels.into_iter().map(NewPages::keep).sum();
        pool.metrics().add(Counter::TreeLoadedPages, loaded);
        Ok(Adopted::Whole)
    }

    /// Makes the root, at `level`, the parent of the children; false if it is not an empty leaf.
    fn lead_to(&self, level: u8, children: &[Child]) -> Result<bool, TreeError> {
        let pool = &self.volume.pool;
        let mut root = pool.exclusive(self.root, Visit::Inner)?;
        if !is_empty_leaf(SlottedPage::of(&root)) {
            return Ok(false);
        }
        let mut parent = Page::zeroed();
        let node = SlottedPage::of_mut(&mut parent);
        node.format(self.root, self.tree, level, b"", None);
        add_children(node, children);
        let image = PageImage::of(&parent);
        let record = StructureRecord::Load { root: image.clone() };
        let end = self.volume.log.append(&record.encode())?.end;
        // Under the latch, so that nobody reads what a crash may take back: a reader's ticket would say nothing of it.
        self.volume.log.sync_to(end)?;
        apply(pool, &mut root, end, |page| image.restore(page.page_mut()));
        Ok(true)
    }
}

impl<'t> Loading<'t> {
    /// The same, but no memory is spent on what is loaded.
    #[must_use = "it is the load"]
    pub fn past_the_pool(self) -> Self {
        Self { remembered: false, ..self }
    }

    /// Begins to fill the keys `[lower, upper)`. The stretches of a load cover all keys between them.
    pub fn stretch(&self, lower: &[u8], upper: Option<&[u8]>) -> Stretch<'t> {
        let mut leaf = Box::new(Page::zeroed());
        SlottedPage::of_mut(&mut leaf).format(PageId::NONE, self.tree, 0, lower, upper);
        let upper = upper.map(<[u8]>::to_vec);
        Stretch { leaf, filled: 0, last_key: Vec::new(), upper, level: Level::new(self) }
    }
}

impl<'t> Stretch<'t> {
    /// Adds a row behind all others. The key lies in the stretch; key and row are within the limits.
    pub fn push(&mut self, key: &[u8], header: TupleHeader, row: &[u8]) -> Result<(), TreeError> {
        let value = [&header.to_bytes()[..], row];
        let bytes = key.len() + value[0].len() + row.len() + PER_ENTRY;
        // The next separator will not be longer than the key by more than one.
        let room = value[0].len() + row.len() + key.len() + 1;
        let leaf = SlottedPage::of(&self.leaf);
        if !leaf.is_empty() && (self.filled + bytes > FILLED || !leaf.has_room(key.len(), room)) {
            self.next_leaf(key)?;
        }
        let leaf = SlottedPage::of_mut(&mut self.leaf);
        leaf.insert_value(leaf.len(), key, &value);
        self.filled += bytes;
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        Ok(())
    }

    /// The key of the last row.
    pub fn last_key(&self) -> Option<&[u8]> {
        let any = self.filled > 0 || !self.level.children.is_empty();
        any.then_some(&self.last_key)
    }

    /// Ends the stretch.
    pub fn finish(self) -> Filled<'t> {
        Filled { leaf: self.leaf, level: self.level }
    }

    /// Puts the leaf away, and begins the next one, for `key` and above.
    fn next_leaf(&mut self, key: &[u8]) -> Result<(), TreeError> {
        let common = self.last_key.iter().zip(key).take_while(|(last, next)| last == next).count();
        let separator = &key[..common + 1];
        let full = SlottedPage::of(&self.leaf);
        self.level.add(0, full.lower_fence(), Some(separator), |page| copy_all(&self.leaf, page))?;
        let tree = self.leaf.tree();
        SlottedPage::of_mut(&mut self.leaf).format(PageId::NONE, tree, 0, separator, self.upper.as_deref());
        self.filled = 0;
        Ok(())
    }
}

impl Filled<'_> {
    /// The first key of the stretch.
    pub fn lower(&self) -> &[u8] {
        self.level.children.first().map_or_else(|| SlottedPage::of(&self.leaf).lower_fence(), |first| &first.separator)
    }

    /// The first key behind the stretch.
    pub fn upper(&self) -> Option<&[u8]> {
        SlottedPage::of(&self.leaf).upper_fence()
    }

    /// Whether it was made for this tree.
    pub fn is_of<L: CommitLog, P: SplitPolicy>(&self, tree: &BTree<L, P>) -> bool {
        self.leaf.tree() == tree.tree && std::ptr::eq(self.level.pages.of.space, &tree.volume.space)
    }
}

impl<'t> Level<'t> {
    fn new(of: &Loading<'t>) -> Self {
        let pages = NewPages { of: of.clone(), extents: Vec::new(), batch: None, given: 0 };
        Self { children: Vec::new(), pages }
    }

    /// Adds a page, which `fill` finds formatted.
    fn add(
        &mut self,
        level: u8,
        lower: &[u8],
        upper: Option<&[u8]>,
        fill: impl FnOnce(&mut SlottedPage),
    ) -> Result<(), TreeError> {
        let tree = self.pages.of.tree;
        let (id, page) = self.pages.add()?;
        let node = SlottedPage::of_mut(page);
        node.format(id, tree, level, lower, upper);
        fill(node);
        self.children.push(Child { separator: lower.to_vec(), page: id });
        Ok(())
    }

    /// Adds pages at `level` that are the parents of `children`.
    fn add_parents(&mut self, level: u8, mut children: &[Child]) -> Result<(), TreeError> {
        while !children.is_empty() {
            let mut bytes = 0;
            let fits = |child: &&Child| {
                bytes += child.bytes();
                bytes <= PARENT_FILLED
            };
            let (these, rest) = children.split_at(children.iter().take_while(fits).count());
            let upper = rest.first().map(|next| &next.separator[..]);
            self.add(level, &these[0].separator, upper, |page| add_children(page, these))?;
            children = rest;
        }
        Ok(())
    }
}

impl NewPages<'_> {
    /// The next page, to be formatted.
    fn add(&mut self) -> Result<(PageId, &mut Page), BufferError> {
        if self.batch.as_ref().is_some_and(Batch::is_full) {
            self.write()?;
        }
        let batch = match &mut self.batch {
            Some(batch) => batch,
            none => {
                let batch = self.of.writer.batch()?;
                self.extents.push(self.of.space.allocate_extent(BATCH_PAGES as u64));
                none.insert(batch)
            }
        };
        let Some(extent) = self.extents.last() else { unreachable!("pushed with the batch") };
        Ok((extent.page(batch.pages().len() as u64), batch.push()))
    }

    /// Has the pages written that are not yet: a whole extent, or the last of all.
    fn write(&mut self) -> Result<(), BufferError> {
        let Some(batch) = &mut self.batch else { return Ok(()) };
        for page in batch.pages_mut() {
            page.set_lsn(self.of.lsn);
            page.seal();
        }
        if self.of.remembered {
            self.of.pool.remember_unreached(batch.pages())?;
        }
        let Some(batch) = self.batch.take() else { return Ok(()) };
        self.given += batch.pages().len() as u64;
        self.of.writer.write(batch)
    }

    /// The tree leads to the pages, all of which are written: they are in use. Returns how many.
    fn keep(mut self) -> u64 {
        let mut left = self.given;
        for extent in std::mem::take(&mut self.extents) {
            let here = left.min(BATCH_PAGES as u64);
            extent.keep(here);
            left -= here;
        }
        self.given
    }
}

impl Drop for NewPages<'_> {
    /// Pages that are free again may be anybody's: from then on nothing writes to them here.
    fn drop(&mut self) {
        if !self.extents.is_empty() && !cfg!(planted = "extent_freed_while_it_is_written") {
            // Nobody will miss what could not be written.
            let _ = self.of.writer.settle();
        }
    }
}

fn is_empty_leaf(root: &SlottedPage) -> bool {
    root.level() == 0 && root.is_empty()
}

fn copy_all(leaf: &Page, into: &mut SlottedPage) {
    let leaf = SlottedPage::of(leaf);
    leaf.copy_entries(0..leaf.len(), into);
}

fn add_children(parent: &mut SlottedPage, children: &[Child]) {
    for (at, child) in children.iter().enumerate() {
        parent.insert_child(at, &child.separator, child.page);
    }
}

/// Whether one page can be the parent of all.
fn fits_one_page(children: &[Child]) -> bool {
    children.iter().map(Child::bytes).sum::<usize>() <= PARENT_FILLED
}

impl Child {
    /// What it takes in its parent, at most.
    fn bytes(&self) -> usize {
        self.separator.len() + PER_ENTRY
    }
}
