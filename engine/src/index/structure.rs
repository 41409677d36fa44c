//! Log records of structure changes, and their redo.
//!
//! | kind | record | pages it changes |
//! |---|---|---|
//! | 0x40 | [`CreateTree`](StructureRecord::CreateTree) | new root; the catalog's leaf that lists it |
//! | 0x41 | [`Split`](StructureRecord::Split) | left trimmed; right new; parent gains an entry |
//! | 0x42 | [`SplitRoot`](StructureRecord::SplitRoot) | left and right new; root becomes their parent |
//! | 0x43 | [`Unlink`](StructureRecord::Unlink) | leaf freed; a sibling takes over its range; parent loses an entry |
//! | 0x44 | [`Load`](StructureRecord::Load) | empty root becomes the parent of pages that are in the data file |
//!
//! Redo-only: a record is the whole system transaction. Redo repeats the change on every page whose LSN is below the
//! record's end. New pages are formatted without being read, since what they held before no longer matters; that may take
//! such a page back in time, but then every later record of it follows in the log.

use std::borrow::Cow;

use super::leaf::TUPLE_HEADER;
use crate::buffer::page::{PAGE_SIZE, Page, PageId, PageType, TreeId};
use crate::buffer::{BufferError, BufferPool, ExclusivePage, Visit};
use crate::io::Lsn;
use crate::storage::slotted::{NODE_HEADER, SlottedPage};

const CREATE_TREE: u8 = 0x40;
const SPLIT: u8 = 0x41;
const SPLIT_ROOT: u8 = 0x42;
const UNLINK: u8 = 0x43;
const LOAD: u8 = 0x44;

/// One structure change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StructureRecord<'a> {
    /// A tree comes to be, and into the catalog.
    CreateTree {
        /// Its number.
        tree: TreeId,
        /// Its root, an empty leaf.
        root: PageId,
        /// Where the catalog lists it; the catalog itself is listed nowhere.
        listing: Option<Listing<'a>>,
    },
    /// A page is divided; its right part moves to a new page.
    Split {
        /// The page that is divided.
        left: PageId,
        /// Its parent.
        parent: PageId,
        /// How many entries stay.
        keep: u16,
        /// First key of the new page.
        separator: Cow<'a, [u8]>,
        /// The new page.
        right: PageImage<'a>,
    },
    /// The root's content moves to two new pages.
    SplitRoot {
        /// The root.
        root: PageId,
        /// First key of the right page.
        separator: Cow<'a, [u8]>,
        /// The new page for the lower part.
        left: PageImage<'a>,
        /// The new page for the upper part.
        right: PageImage<'a>,
    },
    /// An empty leaf is freed; the sibling before it (or, for the first child, behind it) takes over its range.
    Unlink {
        /// The parent.
        parent: PageId,
        /// Number of the leaf's entry in the parent.
        index: u16,
        /// The leaf.
        freed: PageId,
        /// The sibling.
        heir: PageId,
        /// The sibling's new lower fence.
        lower: Cow<'a, [u8]>,
        /// The sibling's new upper fence.
        upper: Option<Cow<'a, [u8]>>,
    },
    /// The empty root comes to lead to loaded pages, which are durable already.
    Load {
        /// The root.
        root: PageImage<'a>,
    },
}

/// An entry of the catalog that is written together with the tree it describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<'a> {
    /// The catalog's leaf.
    pub leaf: PageId,
    /// The tree's name.
    pub key: Cow<'a, [u8]>,
    /// What the catalog says about it.
    pub row: Cow<'a, [u8]>,
}

/// What a page contains: all bytes but the free ones in its middle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageImage<'a> {
    front: Cow<'a, [u8]>,
    heap: Cow<'a, [u8]>,
}

/// A structure record that no version of the engine wrote: the log passed its checksum, so this is a defect.
#[derive(Clone, Debug, thiserror::Error)]
#[error("structure record of kind {kind:#04x} is malformed at byte {at} of {len}")]
pub struct RecordError {
    kind: u8,
    at: usize,
    len: usize,
}

impl<'a> PageImage<'a> {
    /// The image of a page that has just been built.
    pub(super) fn of(page: &'a Page) -> Self {
        let (front, heap) = SlottedPage::of(page).occupied();
        Self { front: Cow::Borrowed(&page.bytes()[front]), heap: Cow::Borrowed(&page.bytes()[heap]) }
    }

    fn id(&self) -> PageId {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.front[16..24]);
        PageId::new(u64::from_le_bytes(bytes))
    }

    fn level(&self) -> u8 {
        self.front[40]
    }

    /// Makes `page` what the image shows.
    pub(super) fn restore(&self, page: &mut Page) {
        let bytes = page.bytes_mut();
        let heap_start = PAGE_SIZE - self.heap.len();
        bytes[..self.front.len()].copy_from_slice(&self.front);
        bytes[self.front.len()..heap_start].fill(0);
        bytes[heap_start..].copy_from_slice(&self.heap);
    }
}

impl StructureRecord<'_> {
    /// Whether a log record with this first byte is one of these.
    pub fn is_kind(kind: u8) -> bool {
        (CREATE_TREE..=LOAD).contains(&kind)
    }

    /// The record as it is appended to the log.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(PAGE_SIZE);
        match self {
            StructureRecord::CreateTree { tree, root, listing } => {
                out.push(CREATE_TREE);
                out.extend(tree.0.to_le_bytes());
                put_page(&mut out, *root);
                out.push(u8::from(listing.is_some()));
                if let Some(listing) = listing {
                    put_page(&mut out, listing.leaf);
                    put_bytes(&mut out, &listing.key);
                    put_bytes(&mut out, &listing.row);
                }
            }
            StructureRecord::Split { left, parent, keep, separator, right } => {
                out.push(SPLIT);
                put_page(&mut out, *left);
                put_page(&mut out, *parent);
                out.extend(keep.to_le_bytes());
                put_bytes(&mut out, separator);
                put_image(&mut out, right);
            }
            StructureRecord::SplitRoot { root, separator, left, right } => {
                out.push(SPLIT_ROOT);
                put_page(&mut out, *root);
                put_bytes(&mut out, separator);
                put_image(&mut out, left);
                put_image(&mut out, right);
            }
            StructureRecord::Unlink { parent, index, freed, heir, lower, upper } => {
                out.push(UNLINK);
                put_page(&mut out, *parent);
                out.extend(index.to_le_bytes());
                put_page(&mut out, *freed);
                put_page(&mut out, *heir);
                put_bytes(&mut out, lower);
                out.push(u8::from(upper.is_some()));
                if let Some(upper) = upper {
                    put_bytes(&mut out, upper);
                }
            }
            StructureRecord::Load { root } => {
                out.push(LOAD);
                put_image(&mut out, root);
            }
        }
        out
    }

    /// Reads a record back.
    pub fn decode(payload: &[u8]) -> Result<StructureRecord<'_>, RecordError> {
        let mut input = Input { payload, at: 0 };
        let record = match input.byte()? {
            CREATE_TREE => StructureRecord::CreateTree {
                tree: TreeId(u32::from_le_bytes(input.array()?)),
                root: input.page()?,
                listing: match input.byte()? {
                    0 => None,
                    1 => Some(Listing { leaf: input.page()?, key: input.bytes()?, row: input.bytes()? }),
                    _ => return Err(input.malformed()),
                },
            },
            SPLIT => StructureRecord::Split {
                left: input.page()?,
                parent: input.page()?,
                keep: u16::from_le_bytes(input.array()?),
                separator: input.bytes()?,
                right: input.image()?,
            },
            SPLIT_ROOT => StructureRecord::SplitRoot {
                root: input.page()?,
                separator: input.bytes()?,
                left: input.image()?,
                right: input.image()?,
            },
            UNLINK => StructureRecord::Unlink {
                parent: input.page()?,
                index: u16::from_le_bytes(input.array()?),
                freed: input.page()?,
                heir: input.page()?,
                lower: input.bytes()?,
                upper: match input.byte()? {
                    0 => None,
                    1 => Some(input.bytes()?),
                    _ => return Err(input.malformed()),
                },
            },
            LOAD => StructureRecord::Load { root: input.image()? },
            _ => return Err(input.malformed()),
        };
        if input.at == payload.len() { Ok(record) } else { Err(input.malformed()) }
    }

    /// Repeats the change in recovery. `end` is the record's end in the log.
    pub fn redo(&self, pool: &BufferPool, end: Lsn) -> Result<(), BufferError> {
        let renew = |id: PageId, visit: Visit, change: &dyn Fn(&mut Page)| -> Result<(), BufferError> {
            let mut page = pool.create(id, visit)?;
            change(&mut page);
            pool.mark_dirty(&mut page, end);
            Ok(())
        };
        let amend = |id: PageId, visit: Visit, change: &dyn Fn(&mut SlottedPage)| -> Result<(), BufferError> {
            let mut page = pool.exclusive(id, visit)?;
            if page.lsn() < end {
                change(SlottedPage::of_mut(&mut page));
                pool.mark_dirty(&mut page, end);
            }
            Ok(())
        };
        match self {
            StructureRecord::CreateTree { tree, root, listing } => {
                renew(*root, Visit::Leaf, &|page| format_root(page, *root, *tree))?;
                let Some(listing) = listing else { return Ok(()) };
                amend(listing.leaf, Visit::Leaf, &|leaf| list(leaf, listing))
            }
            StructureRecord::Split { left, parent, keep, separator, right } => {
                let visit = visit_of(right.level());
                amend(*left, visit, &|page| trim(page, usize::from(*keep), separator))?;
                renew(right.id(), visit, &|page| right.restore(page))?;
                amend(*parent, Visit::Inner, &|page| adopt(page, separator, right.id()))
            }
            StructureRecord::SplitRoot { root, separator, left, right } => {
                let visit = visit_of(left.level());
                renew(left.id(), visit, &|page| left.restore(page))?;
                renew(right.id(), visit, &|page| right.restore(page))?;
                amend(*root, Visit::Inner, &|page| raise(page, left.level(), separator, left.id(), right.id()))
            }
            StructureRecord::Unlink { parent, index, freed, heir, lower, upper } => {
                amend(*parent, Visit::Inner, &|page| disown(page, usize::from(*index)))?;
                amend(*heir, Visit::Leaf, &|page| inherit(page, lower, upper.as_deref()))?;
                amend(*freed, Visit::Leaf, &|page| release(page))
            }
            StructureRecord::Load { root } => amend(root.id(), Visit::Inner, &|page| root.restore(page.page_mut())),
        }
    }
}

pub(super) fn visit_of(level: u8) -> Visit {
    if level == 0 { Visit::Leaf } else { Visit::Inner }
}

/// CreateTree, on the root.
pub(crate) fn format_root(page: &mut Page, root: PageId, tree: TreeId) {
    SlottedPage::of_mut(page).format(root, tree, 0, b"", None);
}

/// CreateTree, on the catalog's leaf. The row counts as committed before everything.
pub(crate) fn list(leaf: &mut SlottedPage, listing: &Listing<'_>) {
    if let Err(at) = leaf.search(&listing.key) {
        leaf.insert_value(at, &listing.key, &[&[0; TUPLE_HEADER], &listing.row]);
    }
}

/// Split, on the left page.
pub(super) fn trim(page: &mut SlottedPage, keep: usize, separator: &[u8]) {
    let lower = page.lower_fence().to_vec();
    page.rebuild(0..keep, &lower, Some(separator));
}

/// Split, on the parent.
pub(super) fn adopt(parent: &mut SlottedPage, separator: &[u8], right: PageId) {
    match parent.search(separator) {
        Err(at) => parent.insert_child(at, separator, right),
        Ok(_) => unreachable!("{:?} already has a child at the separator", parent.page().id()),
    }
}

/// SplitRoot, on the root.
pub(super) fn raise(root: &mut SlottedPage, child_level: u8, separator: &[u8], left: PageId, right: PageId) {
    let (id, tree, lsn) = (root.page().id(), root.page().tree(), root.page().lsn());
    root.format(id, tree, child_level + 1, b"", None);
    root.insert_child(0, b"", left);
    root.insert_child(1, separator, right);
    root.page_mut().set_lsn(lsn);
}

/// Unlink, on the parent. The first entry keeps its key, the parent's lower fence, and takes the second one's child.
pub(super) fn disown(parent: &mut SlottedPage, index: usize) {
    if index == 0 {
        let heir = parent.child(1);
        parent.set_child(0, heir);
        parent.remove(1);
    } else {
        parent.remove(index);
    }
}

/// Unlink, on the sibling.
pub(super) fn inherit(heir: &mut SlottedPage, lower: &[u8], upper: Option<&[u8]>) {
    heir.rebuild(0..heir.len(), lower, upper);
}

/// Unlink, on the leaf. Its LSN stays, so that redo of older records leaves it alone.
pub(super) fn release(leaf: &mut SlottedPage) {
    let (id, tree, lsn) = (leaf.page().id(), leaf.page().tree(), leaf.page().lsn());
    leaf.page_mut().format(id, tree, PageType::Free);
    leaf.page_mut().set_lsn(lsn);
}

/// Applies a change to a page that the caller holds, as redo would.
pub(crate) fn apply(pool: &BufferPool, page: &mut ExclusivePage<'_>, end: Lsn, change: impl FnOnce(&mut SlottedPage)) {
    change(SlottedPage::of_mut(page));
    pool.mark_dirty(page, end);
}

fn put_page(out: &mut Vec<u8>, page: PageId) {
    out.extend(page.get().to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    debug_assert!(bytes.len() <= PAGE_SIZE);
    out.extend((bytes.len() as u16).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn put_image(out: &mut Vec<u8>, image: &PageImage<'_>) {
    put_bytes(out, &image.front);
    put_bytes(out, &image.heap);
}

struct Input<'a> {
    payload: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], RecordError> {
        let taken = self.payload.get(self.at..self.at + len).ok_or_else(|| self.malformed())?;
        self.at += len;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn byte(&mut self) -> Result<u8, RecordError> {
        Ok(self.array::<1>()?[0])
    }

    fn page(&mut self) -> Result<PageId, RecordError> {
        Ok(PageId::new(u64::from_le_bytes(self.array()?)))
    }

    fn bytes(&mut self) -> Result<Cow<'a, [u8]>, RecordError> {
        let len = usize::from(u16::from_le_bytes(self.array()?));
        self.take(len).map(Cow::Borrowed)
    }

    fn image(&mut self) -> Result<PageImage<'a>, RecordError> {
        let image = PageImage { front: self.bytes()?, heap: self.bytes()? };
        let fits = image.front.len() >= NODE_HEADER && image.front.len() + image.heap.len() <= PAGE_SIZE;
        if fits { Ok(image) } else { Err(self.malformed()) }
    }

    fn malformed(&self) -> RecordError {
        RecordError { kind: self.payload.first().copied().unwrap_or(0), at: self.at, len: self.payload.len() }
    }
}
