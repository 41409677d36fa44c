//! Undoing one change: the same for a rollback in memory and for a loser in recovery.
//!
//! Undo is logical: it finds the row through the tree. What it does is logged as a compensation record before it is
//! done, so that a crash in the middle repeats it as history and goes on with the change before it.

use super::engine::Engine;
use super::error::Error;
use super::row_log::{Encoder, Patch, Place, Record};
use super::stamp::{Stamp, TxnId};
use super::txn::TableId;
use super::wal::CommitLog;
use crate::index::{LeafMut, TupleHeader, entry_room};
use crate::io::Lsn;

/// Whose change of which row is undone, and which record described it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Undone<'a> {
    pub(super) txn: TxnId,
    pub(super) table: TableId,
    pub(super) key: &'a [u8],
    pub(super) record: Lsn,
}

impl<L: CommitLog> Engine<L> {
    /// Removes a row that was inserted.
    pub(super) fn undo_insert(&self, encoder: &mut Encoder, undone: Undone<'_>) -> Result<(), Error> {
        let tree = self.tree(undone.table)?;
        let mut leaf = tree.leaf_exclusive(undone.key, 0)?;
        let Ok(at) = leaf.search(undone.key) else { return Err(undone.missing()) };
        let record = Record::UndoInsert { txn: undone.txn, place: undone.place(&leaf), undone: undone.record };
        let span = self.append(encoder, &record)?;
        leaf.remove(at, span.end);
        if leaf.is_empty() {
            drop(leaf);
            tree.unlink_if_empty(undone.key)?;
        }
        Ok(())
    }

    /// Restores a row. `before` says what it was, from its present header and content: it writes the content over its last
    /// argument and returns the header. It may be asked twice. `done` runs once the row is restored, under its latch.
    pub(super) fn undo_change(
        &self,
        encoder: &mut Encoder,
        undone: Undone<'_>,
        scratch: &mut Vec<u8>,
        before: impl Fn(TupleHeader, &[u8], &mut Vec<u8>) -> Option<TupleHeader>,
        done: impl FnOnce(TupleHeader),
    ) -> Result<(), Error> {
        let tree = self.tree(undone.table)?;
        let mut room = 0;
        loop {
            let mut leaf = tree.leaf_exclusive(undone.key, room)?;
            let Ok(at) = leaf.search(undone.key) else { return Err(undone.missing()) };
            let (present, row) = leaf.entry(at);
            let Some(header) = before(present, row, scratch) else { return Err(undone.missing()) };
            room = entry_room(undone.key.len(), scratch.len());
            if scratch.len() > row.len() && !leaf.has_room(room) {
                // The page has filled up since the row shrank: once more, with a split.
                continue;
            }
            let record = Record::UndoChange {
                txn: undone.txn,
                place: undone.place(&leaf),
                undone: undone.record,
                ghost: Stamp::from_bits(header.stamp).is_deleted(),
                patch: Patch::between(row, scratch).forward_only(),
            };
            let end = match cfg!(planted = "compensation_missing") {
                true => leaf.lsn(),
                false => self.append(encoder, &record)?.end,
            };
            leaf.replace(at, header, scratch, end);
            done(present);
            return Ok(());
        }
    }
}

impl<'a> Undone<'a> {
    fn place(&self, leaf: &LeafMut<'_>) -> Place<'a> {
        Place { table: u64::from(self.table.0), page: leaf.page_id(), key: self.key }
    }

    /// A row that a transaction changed is gone before the transaction has ended: a defect, never the user's fault.
    fn missing(&self) -> Error {
        Error::Storage(format!(
            "the row changed by the log record at {} cannot be found in table number {}",
            self.record, self.table.0
        ))
    }
}
