//! Leaves as the transaction layer sees them: latched, searchable, changed only together with a log position.
//!
//! A leaf's value is the tuple header and the row:
//!
//! ```text
//!  ┌───────────┬──────────┬─────────────┐
//!  │ stamp u64 │ undo u64 │ row bytes   │      what stamp and undo mean is the transaction layer's business
//!  └───────────┴──────────┴─────────────┘
//! ```

use std::ops::Deref;

use crate::buffer::page::{PAGE_SIZE, Page, PageId, TreeId};
use crate::buffer::{BufferError, BufferPool, ExclusivePage, SharedPage, Visit};
use crate::io::Lsn;
pub use crate::storage::slotted::MAX_KEY;
use crate::storage::slotted::SlottedPage;

/// Bytes in front of every row.
pub const TUPLE_HEADER: usize = 16;

/// Most bytes of a key, its tuple header and its row together: two such entries, the fences and a third entry fit a page,
/// so a split always makes room.
pub const MAX_ENTRY: usize = PAGE_SIZE / 4;

/// What to pass as `room` to [`BTree::leaf_exclusive`](super::BTree::leaf_exclusive) before inserting a row of `row_len`
/// bytes, or replacing one by it, under a key of `key_len` bytes.
pub const fn entry_room(key_len: usize, row_len: usize) -> usize {
    key_len + TUPLE_HEADER + row_len
}

/// The first 16 bytes of a leaf value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TupleHeader {
    /// Who wrote the row, or when.
    pub stamp: u64,
    /// Where the version before is found.
    pub undo: u64,
}

impl TupleHeader {
    pub(super) fn to_bytes(self) -> [u8; TUPLE_HEADER] {
        let mut bytes = [0; TUPLE_HEADER];
        bytes[..8].copy_from_slice(&self.stamp.to_le_bytes());
        bytes[8..].copy_from_slice(&self.undo.to_le_bytes());
        bytes
    }
}

/// A leaf's content, for reading. Entries are numbered from 0 in key order.
#[repr(transparent)]
pub struct Leaf(SlottedPage);

impl Leaf {
    #[inline]
    pub(super) fn of(page: &Page) -> &Self {
        // SAFETY: `Leaf` is `repr(transparent)` over `SlottedPage`.
        unsafe { &*std::ptr::from_ref(SlottedPage::of(page)).cast::<Self>() }
    }

    /// The page.
    pub fn page_id(&self) -> PageId {
        self.0.page().id()
    }

    /// The tree it belongs to.
    pub fn tree(&self) -> TreeId {
        self.0.page().tree()
    }

    /// End of the last log record whose change is in the leaf.
    pub fn lsn(&self) -> Lsn {
        self.0.page().lsn()
    }

    /// Number of entries.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry. An empty leaf should be given back: [`BTree::unlink_if_empty`](super::BTree).
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `key` lies between the fences: if it is in the tree at all, it is here.
    #[inline]
    pub fn covers(&self, key: &[u8]) -> bool {
        self.0.covers(key)
    }

    /// Where `key` is (`Ok`), or where it is to be inserted (`Err`).
    #[inline]
    pub fn search(&self, key: &[u8]) -> Result<usize, usize> {
        debug_assert!(self.0.covers(key), "a key outside the leaf's fences");
        self.0.search(key)
    }

    /// Number of the first entry whose key is at least `key`; works for keys beyond the fences too.
    pub fn lower_bound(&self, key: &[u8]) -> usize {
        if key < self.lower_fence() {
            0
        } else if self.upper_fence().is_some_and(|upper| upper <= key) {
            self.len()
        } else {
            self.0.lower_bound(key)
        }
    }

    /// The key of entry `at`, written over `out`.
    #[inline]
    pub fn copy_key(&self, at: usize, out: &mut Vec<u8>) {
        self.0.copy_key(at, out);
    }

    /// The key of entry `at` in two parts that need no copy: what all keys of the leaf begin with, and the rest.
    #[inline]
    pub fn key_parts(&self, at: usize) -> (&[u8], &[u8]) {
        (self.0.prefix(), self.0.suffix(at))
    }

    /// The tuple header of entry `at`.
    #[inline]
    pub fn header(&self, at: usize) -> TupleHeader {
        self.entry(at).0
    }

    /// The row of entry `at`.
    #[inline]
    pub fn row(&self, at: usize) -> &[u8] {
        self.entry(at).1
    }

    /// Tuple header and row of entry `at`.
    #[inline]
    pub fn entry(&self, at: usize) -> (TupleHeader, &[u8]) {
        let value = self.0.value(at);
        let (header, row) = value.split_at(TUPLE_HEADER);
        let word = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&header[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        (TupleHeader { stamp: word(0), undo: word(8) }, row)
    }

    /// The smallest key the leaf may hold.
    pub fn lower_fence(&self) -> &[u8] {
        self.0.lower_fence()
    }

    /// The first key beyond the leaf: where a scan goes on. Nothing in the last leaf.
    pub fn upper_fence(&self) -> Option<&[u8]> {
        self.0.upper_fence()
    }

    /// Whether an insertion or replacement that needs [`entry_room`] bytes finds room.
    #[inline]
    pub fn has_room(&self, room: usize) -> bool {
        self.0.has_room(0, room)
    }

    /// Share of the page in use, 0 to 1.
    pub fn fill(&self) -> f64 {
        self.0.fill()
    }
}

/// A leaf held shared. Dereferences to [`Leaf`].
#[derive(Debug)]
pub struct LeafRef<'t> {
    page: SharedPage<'t>,
}

/// A leaf held exclusively. Dereferences to [`Leaf`]; every change names the log position that describes it.
#[derive(Debug)]
pub struct LeafMut<'t> {
    pool: &'t BufferPool,
    page: ExclusivePage<'t>,
}

impl<'t> LeafRef<'t> {
    pub(super) fn new(page: SharedPage<'t>) -> Self {
        Self { page }
    }
}

impl<'t> LeafMut<'t> {
    pub(super) fn new(pool: &'t BufferPool, page: ExclusivePage<'t>) -> Self {
        Self { pool, page }
    }

    /// The leaf for repeating a logged change in recovery: nothing if the page already contains the change that ends at
    /// `end`.
    pub fn for_redo(pool: &'t BufferPool, page: PageId, end: Lsn) -> Result<Option<Self>, BufferError> {
        let page = pool.exclusive(page, Visit::Leaf)?;
        Ok((page.lsn() < end).then_some(Self { pool, page }))
    }

    /// Inserts an entry before entry `at`, as [`Leaf::search`] said.
    ///
    /// # Panics
    /// If there is no room.
    pub fn insert(&mut self, at: usize, key: &[u8], header: TupleHeader, row: &[u8], lsn: Lsn) {
        debug_assert!(key.len() <= MAX_KEY);
        self.node().insert_value(at, key, &[&header.to_bytes(), row]);
        self.pool.mark_dirty(&mut self.page, lsn);
    }

    /// Gives entry `at` a new header and row, of any length.
    ///
    /// # Panics
    /// If a longer row finds no room.
    pub fn replace(&mut self, at: usize, header: TupleHeader, row: &[u8], lsn: Lsn) {
        let node = self.node();
        node.resize_value(at, TUPLE_HEADER + row.len());
        let value = node.value_mut(at);
        value[..TUPLE_HEADER].copy_from_slice(&header.to_bytes());
        value[TUPLE_HEADER..].copy_from_slice(row);
        self.pool.mark_dirty(&mut self.page, lsn);
    }

    /// Overwrites the bytes of entry `at`'s row from byte `start` on, without changing its length.
    ///
    /// # Panics
    /// If `bytes` reaches beyond the row.
    pub fn patch(&mut self, at: usize, start: usize, bytes: &[u8], lsn: Lsn) {
        let start = TUPLE_HEADER + start;
        self.node().value_mut(at)[start..start + bytes.len()].copy_from_slice(bytes);
        self.pool.mark_dirty(&mut self.page, lsn);
    }

    /// Gives entry `at` a new header.
    pub fn set_header(&mut self, at: usize, header: TupleHeader, lsn: Lsn) {
        self.node().value_mut(at)[..TUPLE_HEADER].copy_from_slice(&header.to_bytes());
        self.pool.mark_dirty(&mut self.page, lsn);
    }

    /// Gives entry `at` a new header that is not logged: it reaches the disk with the page, or is lost in a crash.
    pub fn set_header_unlogged(&mut self, at: usize, header: TupleHeader) {
        let lsn = self.lsn();
        self.set_header(at, header, lsn);
    }

    /// Removes entry `at`.
    pub fn remove(&mut self, at: usize, lsn: Lsn) {
        self.node().remove(at);
        self.pool.mark_dirty(&mut self.page, lsn);
    }

    fn node(&mut self) -> &mut SlottedPage {
        SlottedPage::of_mut(&mut self.page)
    }
}

impl Deref for LeafRef<'_> {
    type Target = Leaf;

    #[inline]
    fn deref(&self) -> &Leaf {
        Leaf::of(&self.page)
    }
}

impl Deref for LeafMut<'_> {
    type Target = Leaf;

    #[inline]
    fn deref(&self) -> &Leaf {
        Leaf::of(&self.page)
    }
}
