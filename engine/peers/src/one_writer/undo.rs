//! What a logical transaction wrote, so that it alone can be undone inside a batch.
//!
//! Rather than a nested transaction or a savepoint per logical one: those cost every transaction (LMDB copies its page
//! lists and has none with a writable map, redb's cannot be taken while tables are open), while one in a hundred rolls
//! back. Keeping the rows before is a copy of a few kilobytes into a buffer that is used again.

use std::ops::Range;

use engine_workload::store::{StoreError, TableId};

use super::contract::Writes;

/// The rows that stood before, oldest first.
#[derive(Debug, Default)]
pub(super) struct Undo {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

/// Under `key` of `table` was `row`, or nothing.
#[derive(Debug)]
struct Entry {
    table: TableId,
    key: Range<usize>,
    row: Option<Range<usize>>,
}

impl Undo {
    /// There was no row.
    pub(super) fn absent(&mut self, table: TableId, key: &[u8]) {
        let key = self.copy(key);
        self.entries.push(Entry { table, key, row: None });
    }

    /// There was this row.
    pub(super) fn present(&mut self, table: TableId, key: &[u8], row: &[u8]) {
        let (key, row) = (self.copy(key), self.copy(row));
        self.entries.push(Entry { table, key, row: Some(row) });
    }

    /// The transaction is kept.
    pub(super) fn forget(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// The transaction is undone, newest write first.
    pub(super) fn apply(&mut self, txn: &mut impl Writes) -> Result<(), StoreError> {
        for Entry { table, key, row } in self.entries.drain(..).rev() {
            match row {
                Some(row) => txn.put(table, &self.bytes[key], &self.bytes[row])?,
                None => drop(txn.delete(table, &self.bytes[key])?),
            }
        }
        self.bytes.clear();
        Ok(())
    }

    fn copy(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }
}
