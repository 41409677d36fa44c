//! What the tests of the tree share: a log in memory, a fresh tree on a simulated disk, and recovery of one.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use engine::buffer::{BufferPool, PoolOptions};
use engine::index::split::SplitPolicy;
use engine::index::structure::StructureRecord;
use engine::index::{BTree, LeafMut, TupleHeader, entry_room};
use engine::io::{DurableHorizon, IoError, Lsn, SimFs, Span};
use engine::metrics::Metrics;
use engine::storage::Volume;
use engine::storage::catalog::Catalog;
use engine::storage::superblock::{Control, Superblock};
use engine::transaction::wal::{CommitLog, CommitWait, Durability, Resume, WalError, WalOptions};
use std::sync::{Arc, Mutex};

/// The header of every row but those whose test gives them another stamp.
const STAMP: u64 = 7;
const UNDO: u64 = 8;

/// A log that keeps every record and is durable at once. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemLog {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    tail: u64,
    records: Vec<(Span, Vec<u8>)>,
    /// Appends that still succeed, if limited.
    left: Option<usize>,
}

impl MemLog {
    /// Every record with its place.
    pub fn records(&self) -> Vec<(Span, Vec<u8>)> {
        self.state.lock().unwrap().records.clone()
    }

    /// Lets this many appends succeed and no more.
    pub fn fail_after(&self, appends: Option<usize>) {
        self.state.lock().unwrap().left = appends;
    }

    /// Logs a row operation: what the transaction layer would do, here with an opaque payload.
    pub fn log_row(&self, payload: &[u8]) -> Lsn {
        self.append(payload).unwrap().end
    }
}

impl DurableHorizon for MemLog {
    fn durable(&self) -> Lsn {
        self.tail()
    }

    fn ensure_durable(&self, lsn: Lsn) -> Result<(), IoError> {
        assert!(lsn <= self.tail(), "a page is ahead of the log: {lsn}");
        Ok(())
    }
}

impl CommitLog for MemLog {
    fn open(_resume: Resume, _options: &WalOptions, _metrics: Arc<Metrics>) -> Result<Self, WalError> {
        Ok(Self::default())
    }

    fn horizon(&self) -> Arc<dyn DurableHorizon> {
        Arc::new(self.clone())
    }

    fn close(&self) -> Result<(), WalError> {
        Ok(())
    }

    fn append(&self, payload: &[u8]) -> Result<Span, WalError> {
        let mut state = self.state.lock().unwrap();
        match &mut state.left {
            Some(0) => return Err(WalError::RecordTooLarge { len: 1, limit: 0 }),
            Some(left) => *left -= 1,
            None => {}
        }
        let start = Lsn(state.tail);
        state.tail += 8 + payload.len().next_multiple_of(8) as u64;
        let span = Span { start, end: Lsn(state.tail) };
        state.records.push((span, payload.to_vec()));
        Ok(span)
    }

    fn commit(&self, _end: Lsn) -> Result<CommitWait, WalError> {
        Ok(CommitWait::Durable)
    }

    fn tail(&self) -> Lsn {
        Lsn(self.state.lock().unwrap().tail)
    }

    fn wait(&self, _lsn: Lsn) -> Result<(), WalError> {
        Ok(())
    }

    fn nudge(&self) {}

    fn sync_to(&self, _lsn: Lsn) -> Result<(), WalError> {
        Ok(())
    }

    fn recycle_below(&self, _lsn: Lsn) -> Result<(), WalError> {
        Ok(())
    }

    fn poison(&self, _cause: IoError) {}

    fn releases_locks_early(&self) -> bool {
        false
    }

    fn durability(&self) -> Durability {
        Durability::Full
    }
}

/// A database with one tree.
pub struct Fixture<P: SplitPolicy = engine::select::Split> {
    pub fs: SimFs,
    pub log: MemLog,
    pub volume: Arc<Volume<MemLog>>,
    pub catalog: Catalog<MemLog>,
    pub tree: BTree<MemLog, P>,
}

impl<P: SplitPolicy> Fixture<P> {
    pub fn new(frames: usize) -> Self {
        let (fs, log) = (SimFs::new(), MemLog::default());
        let superblock = Superblock::create(&fs, &Control::default()).unwrap();
        let volume = volume(&fs, &superblock, &log, frames);
        let catalog = Catalog::create(Arc::clone(&volume)).unwrap();
        let entry = catalog.create_tree("t").unwrap();
        let tree = BTree::open(Arc::clone(&volume), entry.tree, entry.root);
        Self { fs, log, volume, catalog, tree }
    }

    /// Opens the disk of another database, of which the log says what happened, and repeats it all.
    pub fn recover(fs: SimFs, log: &MemLog, frames: usize) -> Self {
        Self::replay(fs, &log.records(), frames)
    }

    /// The same from a list of records.
    pub fn replay(fs: SimFs, records: &[(Span, Vec<u8>)], frames: usize) -> Self {
        let replayed = MemLog::default();
        let (superblock, _) = Superblock::open(&fs).unwrap().unwrap();
        let volume = volume(&fs, &superblock, &replayed, frames);
        for (span, payload) in records {
            assert_eq!(replayed.append(payload).unwrap(), *span);
            redo(&volume.pool, *span, payload);
        }
        let catalog = Catalog::open(Arc::clone(&volume));
        catalog.rebuild_space().unwrap();
        let entry = catalog.find("t").unwrap().unwrap();
        let tree = BTree::open(Arc::clone(&volume), entry.tree, entry.root);
        Self { fs, log: replayed, volume, catalog, tree }
    }
}

pub fn volume(fs: &SimFs, superblock: &Superblock, log: &MemLog, frames: usize) -> Arc<Volume<MemLog>> {
    let options = PoolOptions { frames, doublewrite_slots: 16, sync: true, ..PoolOptions::default() };
    let (data, horizon) = (superblock.data_file(), log.horizon());
    let (pool, _) = BufferPool::open(fs, data, options, horizon, Arc::new(Metrics::new())).unwrap();
    Arc::new(Volume::new(pool, log.clone()))
}

/// Redo of structure records, and of the row records that [`put`] and [`remove`] write.
pub fn redo(pool: &BufferPool, span: Span, payload: &[u8]) {
    if StructureRecord::is_kind(payload[0]) {
        let record = StructureRecord::decode(payload).unwrap();
        assert_eq!(record.encode(), payload, "a record survives its encoding");
        record.redo(pool, span.end).unwrap();
        return;
    }
    let word = |at: usize| u64::from_le_bytes(payload[at..at + 8].try_into().unwrap());
    let Some(mut leaf) = LeafMut::for_redo(pool, engine::buffer::PageId::new(word(1)), span.end).unwrap() else {
        return;
    };
    let key_len = word(9) as usize;
    let (key, row) = payload[17..].split_at(key_len);
    match (payload[0], leaf.search(key)) {
        (1, Ok(at)) => leaf.replace(at, TupleHeader { stamp: STAMP, undo: UNDO }, row, span.end),
        (1, Err(at)) => leaf.insert(at, key, TupleHeader { stamp: STAMP, undo: UNDO }, row, span.end),
        (2, Ok(at)) => leaf.remove(at, span.end),
        (kind, found) => panic!("row record {kind} does not fit: {found:?}"),
    }
}

fn row_record(kind: u8, leaf: &LeafMut<'_>, key: &[u8], row: &[u8]) -> Vec<u8> {
    let mut payload = vec![kind];
    payload.extend(leaf.page_id().get().to_le_bytes());
    payload.extend((key.len() as u64).to_le_bytes());
    payload.extend(key);
    payload.extend(row);
    payload
}

/// Inserts or replaces a row, as the transaction layer would: log between latch and change.
pub fn put<P: SplitPolicy>(tree: &BTree<MemLog, P>, log: &MemLog, key: &[u8], row: &[u8]) {
    put_stamped(tree, log, key, STAMP, row);
}

/// The same with a stamp of the caller's.
pub fn put_stamped<P: SplitPolicy>(tree: &BTree<MemLog, P>, log: &MemLog, key: &[u8], stamp: u64, row: &[u8]) {
    let mut leaf = tree.leaf_exclusive(key, entry_room(key.len(), row.len())).unwrap();
    let lsn = log.log_row(&row_record(1, &leaf, key, row));
    let header = TupleHeader { stamp, undo: UNDO };
    match leaf.search(key) {
        Ok(at) => leaf.replace(at, header, row, lsn),
        Err(at) => leaf.insert(at, key, header, row, lsn),
    }
}

/// Removes a row, and its leaf if it was the last one; says whether it was there.
pub fn remove<P: SplitPolicy>(tree: &BTree<MemLog, P>, log: &MemLog, key: &[u8]) -> bool {
    let mut leaf = tree.leaf_exclusive(key, 0).unwrap();
    let Ok(at) = leaf.search(key) else { return false };
    let lsn = log.log_row(&row_record(2, &leaf, key, b""));
    leaf.remove(at, lsn);
    let empty = leaf.is_empty();
    drop(leaf);
    if empty {
        tree.unlink_if_empty(key).unwrap();
    }
    true
}

/// The row of a key.
pub fn get<P: SplitPolicy>(tree: &BTree<MemLog, P>, key: &[u8]) -> Option<Vec<u8>> {
    let mut row = Vec::new();
    let unlatched = tree.read(key, &mut row, |header| header).unwrap().map(|header| (header, row));
    let leaf = tree.leaf_shared(key).unwrap();
    let latched = leaf.search(key).ok().map(|at| (leaf.header(at), leaf.row(at).to_vec()));
    assert_eq!(unlatched, latched, "both ways to read");
    let (header, row) = latched?;
    assert_eq!(header, TupleHeader { stamp: STAMP, undo: UNDO });
    Some(row)
}

/// Every row from a key on, in order.
pub fn scan<P: SplitPolicy>(tree: &BTree<MemLog, P>, from: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let mut leaves = tree.scan_leaves(from);
    while let Some(leaf) = leaves.next_leaf().unwrap() {
        for at in leaf.lower_bound(from)..leaf.len() {
            let (prefix, suffix) = leaf.key_parts(at);
            rows.push(([prefix, suffix].concat(), leaf.row(at).to_vec()));
        }
    }
    rows
}

/// Every row below a key, from the largest down.
pub fn scan_down<P: SplitPolicy>(tree: &BTree<MemLog, P>, below: Option<&[u8]>) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let mut below = below.map(<[u8]>::to_vec);
    loop {
        let leaf = match &below {
            Some(key) => tree.leaf_before(key).unwrap(),
            None => tree.last_leaf().unwrap(),
        };
        let end = below.as_deref().map_or(leaf.len(), |key| leaf.lower_bound(key));
        let mut key = Vec::new();
        for at in (0..end).rev() {
            leaf.copy_key(at, &mut key);
            keys.push(key.clone());
        }
        if leaf.lower_fence().is_empty() {
            return keys;
        }
        below = Some(leaf.lower_fence().to_vec());
    }
}
