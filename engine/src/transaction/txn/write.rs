//! Writing rows: lock, find, log, keep the before-image, change. One descent each, unless a row outgrows its page.

use super::txn::{Phase, TableId, Txn, Write, WriteKind};
use crate::index::{Group, LeafMut, MAX_ENTRY, MAX_KEY, Sought, TUPLE_HEADER, TupleHeader, entry_room};
use crate::io::Lsn;
use crate::memory::txn_mem::TxnMem as _;
use crate::transaction::error::Error;
use crate::transaction::mvcc::{Before, RowId, VersionStore as _};
use crate::transaction::row_log::{Change, Patch, Place, Record};
use crate::transaction::stamp::{Stamp, Ts};
use crate::transaction::wal::CommitLog;

impl<L: CommitLog> Txn<'_, L> {
    /// Locks a row and changes its newest state; whether there was one. `change` runs with the page latched: it must be
    /// short and must not use the database.
    pub fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, Error> {
        self.guarded(|txn| {
            txn.lock(table, key)?;
            txn.update_locked(None, table, key, change)
        })
    }

    /// As [`update`](Self::update), for many rows of a table, in the order of `keys`; how many of them there were. Much faster
    /// where the rows lie scattered over a large table.
    pub fn update_many<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        mut change: impl FnMut(&K, &mut Vec<u8>),
    ) -> Result<usize, Error> {
        self.guarded(|txn| {
            let (tree, mut found, mut group) = (txn.db.tree(table)?, 0, Group::default());
            for keys in keys.chunks(tree.group()) {
                // All locks first: no page is kept in memory while one waits for them.
                for key in keys {
                    txn.lock(table, key.as_ref())?;
                }
                tree.seek(keys, &mut group)?;
                for (key, sought) in keys.iter().zip(&mut group.0) {
                    found +=
                        usize::from(txn.update_locked(sought.take(), table, key.as_ref(), |row| change(key, row))?);
                }
            }
            Ok(found)
        })
    }

    /// Updates a row whose lock is held, and that was perhaps found already.
    #[inline]
    fn update_locked(
        &mut self,
        sought: Option<Sought<'_>>,
        table: TableId,
        key: &[u8],
        change: impl FnOnce(&mut Vec<u8>),
    ) -> Result<bool, Error> {
        let tree = self.db.tree(table)?;
        let (mut leaf, mut at) = match sought.and_then(|sought| tree.found_for_change(sought)) {
            Some(found) => found,
            None => {
                let leaf = tree.leaf_exclusive(key, 0)?;
                let Ok(at) = leaf.search(key) else { return Ok(false) };
                (leaf, at)
            }
        };
        let (header, old) = leaf.entry(at);
        let stamp = Stamp::from_bits(header.stamp);
        self.check_writable(stamp)?;
        if stamp.is_deleted() {
            return Ok(false);
        }
        let mut row = std::mem::take(&mut self.state.row);
        row.clear();
        row.extend_from_slice(old);
        change(&mut row);
        let room = entry_room(key.len(), row.len());
        if row.len() > old.len() {
            check_size(key, &row)?;
        }
        if row.len() > old.len() && !leaf.has_room(room) {
            drop(leaf);
            // The row lock keeps the row as it is meanwhile.
            leaf = tree.leaf_exclusive(key, room)?;
            let Ok(again) = leaf.search(key) else { return Err(vanished(key)) };
            at = again;
        }
        let done = self.change(leaf, table, key, at, Change::Update, &row);
        self.state.row = row;
        done.map(|()| true)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`Error::DuplicateKey`] if there is one with this key, [`Error::RowTooLarge`]: after these the transaction goes on.
    pub fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), Error> {
        self.guarded(|txn| {
            check_size(key, row)?;
            txn.lock(table, key)?;
            let leaf = txn.db.tree(table)?.leaf_exclusive(key, entry_room(key.len(), row.len()))?;
            txn.insert_locked(leaf, table, key, row).map(drop)
        })
    }

    /// As [`insert`](Self::insert), for many rows of a table, in the order of `keys`; `make` writes each into an empty buffer, perhaps
    /// with a page latched: it must be short and must not use the database. Much faster where neighbours follow one another.
    ///
    /// # Errors
    /// As of [`insert`](Self::insert): the rows before the one that is refused stay.
    pub fn insert_many<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        mut make: impl FnMut(&K, &mut Vec<u8>),
    ) -> Result<(), Error> {
        self.guarded(|txn| {
            // All locks first: no page is latched while one waits for them.
            for key in keys {
                txn.lock(table, key.as_ref())?;
            }
            let mut row = std::mem::take(&mut txn.state.row);
            let done = txn.insert_all(table, keys, &mut row, &mut make);
            txn.state.row = row;
            done
        })
    }

    /// Adds rows whose locks are held, without letting go of a leaf as long as it takes them.
    fn insert_all<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        row: &mut Vec<u8>,
        make: &mut impl FnMut(&K, &mut Vec<u8>),
    ) -> Result<(), Error> {
        let tree = self.db.tree(table)?;
        let mut held: Option<LeafMut<'_>> = None;
        for key in keys {
            row.clear();
            make(key, row);
            let key = key.as_ref();
            check_size(key, row)?;
            let room = entry_room(key.len(), row.len());
            let leaf = match held.take().filter(|leaf| leaf.covers(key) && leaf.has_room(room)) {
                Some(leaf) => leaf,
                None => tree.leaf_exclusive(key, room)?,
            };
            held = self.insert_locked(leaf, table, key, row)?;
        }
        Ok(())
    }

    /// Adds a row whose lock is held to its leaf, which has room for it. Returns the leaf, unless the row took a ghost's place.
    fn insert_locked<'l>(
        &mut self,
        mut leaf: LeafMut<'l>,
        table: TableId,
        key: &[u8],
        row: &[u8],
    ) -> Result<Option<LeafMut<'l>>, Error> {
        let at = match leaf.search(key) {
            Ok(at) => {
                let stamp = Stamp::from_bits(leaf.header(at).stamp);
                self.check_writable(stamp)?;
                if !stamp.is_deleted() {
                    return Err(Error::DuplicateKey);
                }
                return self.change(leaf, table, key, at, Change::Revive, row).map(|()| None);
            }
            Err(at) => at,
        };
        let place = Place { table: u64::from(table.0), page: leaf.page_id(), key };
        let span = self.log(&Record::Insert { txn: self.id, place, row })?;
        let header = TupleHeader { stamp: Stamp::writer(self.id).bits(), undo: 0 };
        leaf.insert(at, key, header, row, span.end);
        self.remember(table, &leaf, key, span.start, WriteKind::Insert);
        Ok(Some(leaf))
    }

    /// Deletes a row; whether there was one.
    pub fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, Error> {
        self.guarded(|txn| {
            txn.lock(table, key)?;
            let leaf = txn.db.tree(table)?.leaf_exclusive(key, 0)?;
            let Ok(at) = leaf.search(key) else { return Ok(false) };
            let stamp = Stamp::from_bits(leaf.header(at).stamp);
            txn.check_writable(stamp)?;
            if stamp.is_deleted() {
                return Ok(false);
            }
            // The bytes stay: an undo wants them back, also after a crash.
            txn.change(leaf, table, key, at, Change::Delete, &[]).map(|()| true)
        })
    }

    /// Changes the row or ghost at `at`. For a deletion `row` is not looked at.
    fn change(
        &mut self,
        mut leaf: LeafMut<'_>,
        table: TableId,
        key: &[u8],
        at: usize,
        change: Change,
        row: &[u8],
    ) -> Result<(), Error> {
        let (header, old) = leaf.entry(at);
        let TupleHeader { stamp, undo: reference } = header;
        let patch = if change.to_ghost() { Patch::NONE } else { Patch::between(old, row) };
        let changed = patch.at..patch.at + patch.after.len();
        let resized = patch.before_len != patch.after.len();
        let place = Place { table: u64::from(table.0), page: leaf.page_id(), key };
        let span = self.log(&Record::Change { txn: self.id, place, change, patch })?;
        let row_id = RowId { table: table.0, key };
        let before =
            Before { row: row_id, txn: self.id, stamp: Stamp::from_bits(stamp), reference, bytes: old, patch: &patch };
        let db = self.db;
        let open = |snapshots: &mut Vec<Ts>| db.running.open_snapshots(&db.clock, snapshots);
        let undo = db.versions.before_change(&mut self.state.undo, before, &open);
        let stamp = Stamp::writer(self.id).with_deleted(change.to_ghost());
        let header = TupleHeader { stamp: stamp.bits(), undo };
        if resized {
            leaf.replace(at, header, row, span.end);
        } else {
            leaf.set_header(at, header, span.end);
            // For a deletion an empty range.
            leaf.patch(at, changed.start, &row[changed], span.end);
        }
        let kind = if change.to_ghost() { WriteKind::Delete } else { WriteKind::Change };
        self.remember(table, &leaf, key, span.start, kind);
        Ok(())
    }

    /// Appends a record of this transaction. Before its first one, says so: a checkpoint must not let go of the log
    /// from there on.
    #[inline]
    fn log(&mut self, record: &Record<'_>) -> Result<crate::io::Span, Error> {
        if self.phase == Phase::Reading {
            self.db.running.will_write(self.seat, self.db.log().tail());
            self.phase = Phase::Writing;
        }
        let span = self.db.append(&mut self.state.encoder, record)?;
        self.state.owner.note_work(span.end.0 - span.start.0);
        Ok(span)
    }

    #[inline]
    fn remember(&mut self, table: TableId, leaf: &LeafMut<'_>, key: &[u8], record: Lsn, kind: WriteKind) {
        let mem = &mut self.state.mem;
        let key = mem.bytes(key);
        mem.push(Write { table, key, page: leaf.page_id(), record, kind });
    }
}

pub(in crate::transaction) fn check_size(key: &[u8], row: &[u8]) -> Result<(), Error> {
    let limit = MAX_ENTRY - TUPLE_HEADER;
    if key.len() <= MAX_KEY && key.len() + row.len() <= limit {
        return Ok(());
    }
    Err(Error::RowTooLarge { key_len: key.len(), row_len: row.len(), limit })
}

fn vanished(key: &[u8]) -> Error {
    Error::Storage(format!("the locked row {key:02x?} vanished"))
}
