//! Reading rows.

use std::ops::{Bound, ControlFlow, RangeBounds};

use super::txn::{TableId, Txn};
use crate::index::{Leaf, LeafRef, TupleHeader};
use crate::select;
use crate::transaction::engine::Engine;
use crate::transaction::error::Error;
use crate::transaction::mvcc::{Newest, RowId, VersionStore, Vis};
use crate::transaction::snapshot::Snapshot;
use crate::transaction::stamp::{Origin, Stamp};
use crate::transaction::wal::CommitLog;

impl<L: CommitLog> Txn<'_, L> {
    /// Reads a row as the snapshot sees it into `row` (replacing its contents); whether there is one. If not, `row` may hold
    /// anything.
    pub fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, Error> {
        self.guarded(|txn| {
            let snapshot = txn.snapshot();
            let newest = txn.newest(table, key, row)?;
            txn.as_seen(snapshot, table, key, newest, row)
        })
    }

    /// Reads many rows of a table as [`get`](Self::get) does, in the order of `keys`: `visit` is called with each key and its
    /// row, if there is one. `row` is a buffer. Much faster than as many `get`s where the rows lie scattered over a large table.
    pub fn get_many<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        row: &mut Vec<u8>,
        mut visit: impl FnMut(&K, Option<&[u8]>),
    ) -> Result<(), Error> {
        self.guarded(|txn| {
            let (db, snapshot) = (txn.db, txn.snapshot());
            db.tree(table)?.read_many(keys, row, resolver(db), |key, newest, row| {
                let is_there = txn.as_seen(snapshot, table, key.as_ref(), newest, row)?;
                visit(key, is_there.then_some(row));
                Ok(())
            })
        })
    }

    /// Locks a row for writing and reads its newest state into `row`; whether there is one. If not, `row` may hold anything.
    pub fn get_for_update(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, Error> {
        self.guarded(|txn| {
            txn.lock(table, key)?;
            let Some(stamp) = txn.newest(table, key, row)? else { return Ok(false) };
            txn.check_writable(stamp)?;
            Ok(!stamp.is_deleted())
        })
    }

    /// Copies the newest state of a row, and tells whose it is.
    #[inline]
    fn newest(&self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<Option<Stamp>, Error> {
        Ok(self.db.tree(table)?.read(key, row, resolver(self.db))?)
    }

    /// Whether the snapshot sees a row whose newest state was just copied into `row`; there is then what it sees.
    #[inline]
    fn as_seen(
        &mut self,
        snapshot: Snapshot,
        table: TableId,
        key: &[u8],
        newest: Option<Stamp>,
        row: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        match newest {
            Some(stamp) if snapshot.sees(stamp) => {
                self.saw(stamp);
                Ok(!stamp.is_deleted())
            }
            Some(_) => self.get_older(snapshot, table, key, row),
            None => Ok(false),
        }
    }

    /// Something of a commit was seen. (What is not there at all was not deleted by one that a crash could take back: see
    /// [`durable`](crate::transaction::durable).)
    #[inline]
    fn saw(&mut self, stamp: Stamp) {
        if let Origin::Committed(ts) = stamp.origin() {
            self.seen = self.seen.max(ts);
        }
    }

    /// Reads what the snapshot sees of a row whose newest state it did not see a moment ago.
    fn get_older(&mut self, snapshot: Snapshot, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, Error> {
        // It is not said which version it was.
        self.seen = snapshot.ts;
        let leaf = self.db.tree(table)?.leaf_shared(key)?;
        let Ok(at) = leaf.search(key) else { return Ok(false) };
        let (header, newest) = leaf.entry(at);
        let stamp = self.db.versions.resolve(Stamp::from_bits(header.stamp));
        if snapshot.sees(stamp) {
            // Its writer has rolled back meanwhile.
            row.clear();
            row.extend_from_slice(newest);
            return Ok(!stamp.is_deleted());
        }
        let newest = Newest { reference: header.undo, bytes: newest };
        let (versions, undo) = (&self.db.versions, &mut self.state.undo);
        let older = versions.read(undo, RowId { table: table.0, key }, newest, &snapshot, row);
        versions.rest(undo);
        Ok(older == Vis::Row)
    }

    /// Visits the rows with a key in `range`, as the snapshot sees them, in the order of keys, until `visit` breaks.
    /// `visit` runs with a page latched: it must be short and must not use the database.
    pub fn scan<'k>(
        &mut self,
        table: TableId,
        range: impl RangeBounds<&'k [u8]>,
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.guarded(|txn| {
            let snapshot = txn.snapshot();
            let db = txn.db;
            txn.seen = snapshot.ts;
            txn.with_buffers(|txn, key, older| {
                let scan =
                    Scan { db, table, snapshot, range: (range.start_bound().cloned(), range.end_bound().cloned()) };
                let done = scan.run(&mut txn.state.undo, visit, key, older);
                db.versions.rest(&mut txn.state.undo);
                done
            })
        })
    }
}

/// Whose a row is, told from its header.
#[inline]
fn resolver<L: CommitLog>(db: &Engine<L>) -> impl Fn(TupleHeader) -> Stamp {
    |header| db.versions.resolve(Stamp::from_bits(header.stamp))
}

/// Leaves that a scan visits as a look-up does. A few rows in a row are an order's lines, wanted again soon; beyond that the
/// scan is just passing, and the replacer is told so.
const SHORT_SCAN_LEAVES: u32 = 4;

/// What a transaction carries for the version store.
type Undo = <select::VersionStore as VersionStore>::Txn;

struct Scan<'a, L: CommitLog> {
    db: &'a Engine<L>,
    table: TableId,
    snapshot: Snapshot,
    range: (Bound<&'a [u8]>, Bound<&'a [u8]>),
}

impl<L: CommitLog> Scan<'_, L> {
    /// Leaf by leaf, each found by the upper fence of the one before. `key` and `older` are buffers.
    fn run(
        &self,
        undo: &mut Undo,
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
        key: &mut Vec<u8>,
        older: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let tree = self.db.tree(self.table)?;
        let mut next = Vec::new();
        let mut from = match self.range.0 {
            Bound::Included(from) | Bound::Excluded(from) => from,
            Bound::Unbounded => &[],
        };
        let mut skip_equal = matches!(self.range.0, Bound::Excluded(_));
        let mut leaves = 0;
        loop {
            let leaf = if leaves < SHORT_SCAN_LEAVES { tree.leaf_shared(from)? } else { tree.leaf_scanned(from)? };
            leaves += 1;
            let mut at = match leaf.search(from) {
                Ok(at) => at + usize::from(skip_equal),
                Err(at) => at,
            };
            skip_equal = false;
            // No key of this leaf can be beyond the end if its upper fence is not.
            let whole = leaf.upper_fence().is_some_and(|fence| self.contains(fence));
            while at < leaf.len() {
                leaf.copy_key(at, key);
                if !whole && !self.contains(key) {
                    return Ok(());
                }
                if let Some(row) = self.see(undo, &leaf, at, key, older)
                    && visit(key, row).is_break()
                {
                    return Ok(());
                }
                at += 1;
            }
            match leaf.upper_fence() {
                Some(fence) if self.contains(fence) => {
                    next.clear();
                    next.extend_from_slice(fence);
                }
                Some(_) | None => return Ok(()),
            }
            drop(leaf);
            self.db.versions.rest(undo);
            from = &next;
        }
    }

    /// Whether `key` is not beyond the end of the range.
    fn contains(&self, key: &[u8]) -> bool {
        match self.range.1 {
            Bound::Included(to) => key <= to,
            Bound::Excluded(to) => key < to,
            Bound::Unbounded => true,
        }
    }

    /// What the snapshot sees of entry `at`.
    #[inline]
    fn see<'r>(
        &self,
        undo: &mut Undo,
        leaf: &'r LeafRef<'_>,
        at: usize,
        key: &[u8],
        older: &'r mut Vec<u8>,
    ) -> Option<&'r [u8]> {
        let leaf: &Leaf = leaf;
        let (header, row) = leaf.entry(at);
        let stamp = Stamp::from_bits(header.stamp);
        if !self.snapshot.sees(self.db.versions.resolve(stamp)) {
            let (row_id, newest) = (RowId { table: self.table.0, key }, Newest { reference: header.undo, bytes: row });
            return (self.db.versions.read(undo, row_id, newest, &self.snapshot, older) == Vis::Row).then_some(older);
        }
        if stamp.is_deleted() {
            // As it stands in the header: those of this life are known to vacuum already.
            if self.db.is_settled(stamp, self.db.first_ts) {
                self.db.ghosts.note_found(self.table, key);
            }
            return None;
        }
        Some(row)
    }
}
