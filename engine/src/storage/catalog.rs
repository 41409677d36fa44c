//! The catalog: a tree whose rows name the other trees.
//!
//! Its root is page 1, so that it is found without anything else. Key: the name; row: {tree u32, root page u64}. A tree is
//! made by one log record that formats its root and lists it here ([`StructureRecord::CreateTree`]): after a crash it
//! exists whole or not at all, and no transaction need be open.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Volume;
use crate::buffer::{PageId, TreeId, Visit};
use crate::index::structure::{Listing, StructureRecord, apply, format_root};
use crate::index::{BTree, TreeError, TupleHeader, entry_room};
use crate::io::Lsn;
use crate::sync::{Arc, Mutex};
use crate::transaction::wal::CommitLog;

/// Where the catalog's tree begins.
pub const CATALOG_ROOT: PageId = PageId::new(1);

/// The catalog's own number.
pub const CATALOG_TREE: TreeId = TreeId(0);

/// Where a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// Its number.
    pub tree: TreeId,
    /// Its root page.
    pub root: PageId,
}

/// The tree of trees.
#[derive(Debug)]
pub struct Catalog<L> {
    tree: BTree<L>,
    /// One tree is made at a time.
    making: Mutex<()>,
}

/// Trees are numbered below this, the catalog's own included.
pub const MAX_TREES: usize = 1024;

/// Why a tree was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CatalogError {
    /// There is one of that name.
    #[error("`{0}` already exists")]
    Exists(String),

    /// There are as many trees as there may be.
    #[error("there are {MAX_TREES} trees already, and no more can be kept")]
    Full,

    /// A catalog row has another form: the pages passed their checksums, so this is a defect.
    #[error("the catalog's row for `{0}` is malformed")]
    Malformed(String),

    /// The catalog could not be read or changed.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl<L: CommitLog> Catalog<L> {
    /// Makes the catalog of a new database.
    pub fn create(volume: Arc<Volume<L>>) -> Result<Self, CatalogError> {
        let allocation = volume.space.allocate_exactly(CATALOG_ROOT);
        let mut root = volume.pool.create(CATALOG_ROOT, Visit::Leaf).map_err(TreeError::from)?;
        let record = StructureRecord::CreateTree { tree: CATALOG_TREE, root: CATALOG_ROOT, listing: None };
        let lsn = append(&volume, &record)?;
        apply(&volume.pool, &mut root, lsn, |page| format_root(page.page_mut(), CATALOG_ROOT, CATALOG_TREE));
        allocation.keep();
        drop(root);
        Ok(Self::open(volume))
    }

    /// The catalog of a database that has one.
    pub fn open(volume: Arc<Volume<L>>) -> Self {
        Self { tree: BTree::open(volume, CATALOG_TREE, CATALOG_ROOT), making: Mutex::new(()) }
    }

    /// The catalog's own tree.
    pub fn tree(&self) -> &BTree<L> {
        &self.tree
    }

    /// Makes an empty tree. It is durable once the log is synced up to its tail.
    pub fn create_tree(&self, name: &str) -> Result<TreeEntry, CatalogError> {
        let _making = self.making.lock();
        let number = self.list()?.iter().map(|(_, entry)| entry.tree.0).max().unwrap_or(CATALOG_TREE.0) + 1;
        if number as usize >= MAX_TREES {
            return Err(CatalogError::Full);
        }
        let volume = &self.tree.volume;
        let allocation = volume.space.allocate();
        let entry = TreeEntry { tree: TreeId(number), root: allocation.id() };
        let row = encode(entry);

        let mut leaf = self.tree.leaf_exclusive(name.as_bytes(), entry_room(name.len(), row.len()))?;
        let Err(at) = leaf.search(name.as_bytes()) else { return Err(CatalogError::Exists(name.to_owned())) };
        let mut root = volume.pool.create(entry.root, Visit::Leaf).map_err(TreeError::from)?;
        let listing = Listing { leaf: leaf.page_id(), key: Cow::Borrowed(name.as_bytes()), row: Cow::Borrowed(&row) };
        let record = StructureRecord::CreateTree { tree: entry.tree, root: entry.root, listing: Some(listing) };
        let lsn = append(volume, &record)?;
        apply(&volume.pool, &mut root, lsn, |page| format_root(page.page_mut(), entry.root, entry.tree));
        leaf.insert(at, name.as_bytes(), TupleHeader::default(), &row, lsn);
        allocation.keep();
        Ok(entry)
    }

    /// The tree of this name.
    pub fn find(&self, name: &str) -> Result<Option<TreeEntry>, CatalogError> {
        let leaf = self.tree.leaf_shared(name.as_bytes())?;
        leaf.search(name.as_bytes()).ok().map(|at| decode(leaf.row(at), name)).transpose()
    }

    /// Every tree, by name.
    pub fn list(&self) -> Result<Vec<(String, TreeEntry)>, CatalogError> {
        let mut all = Vec::new();
        let mut key = Vec::new();
        let mut scan = self.tree.scan_leaves(b"");
        while let Some(leaf) = scan.next_leaf()? {
            for at in 0..leaf.len() {
                leaf.copy_key(at, &mut key);
                let name = String::from_utf8_lossy(&key).into_owned();
                let entry = decode(leaf.row(at), &name)?;
                all.push((name, entry));
            }
        }
        Ok(all)
    }

    /// Finds out which pages are free, by walking the inner pages of every tree. After redo, before anything is allocated.
    pub fn rebuild_space(&self) -> Result<(), CatalogError> {
        let volume = &self.tree.volume;
        let mut used = BTreeSet::new();
        self.tree.collect_pages(&mut used)?;
        for (_, entry) in self.list()? {
            <BTree<L>>::open(Arc::clone(volume), entry.tree, entry.root).collect_pages(&mut used)?;
        }
        let file_pages = volume.pool.file_pages().map_err(TreeError::from)?;
        volume.space.rebuild(&used, file_pages);
        Ok(())
    }
}

fn append<L: CommitLog>(volume: &Volume<L>, record: &StructureRecord<'_>) -> Result<Lsn, TreeError> {
    Ok(volume.log.append(&record.encode())?.end)
}

fn encode(entry: TreeEntry) -> [u8; 12] {
    let mut row = [0; 12];
    row[..4].copy_from_slice(&entry.tree.0.to_le_bytes());
    row[4..].copy_from_slice(&entry.root.get().to_le_bytes());
    row
}

fn decode(row: &[u8], name: &str) -> Result<TreeEntry, CatalogError> {
    let malformed = || CatalogError::Malformed(name.to_owned());
    let (tree, root) = row.split_first_chunk::<4>().ok_or_else(malformed)?;
    let root: [u8; 8] = root.try_into().map_err(|_| malformed())?;
    Ok(TreeEntry { tree: TreeId(u32::from_le_bytes(*tree)), root: PageId::new(u64::from_le_bytes(root)) })
}
