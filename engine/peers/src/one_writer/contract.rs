//! What a store with one writer has to offer.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicU64;

use engine_workload::store::{Rows, StoreError, TableId, in_groups};

/// A store that has one write transaction at a time.
pub trait OneWriter: Send + Sync + 'static {
    /// A snapshot.
    type Read<'s>: Reads
    where
        Self: 's;
    /// The write transaction. The thread that began it ends it.
    type Write: Writes;

    /// Takes a snapshot.
    fn read(&self) -> Result<Self::Read<'_>, StoreError>;

    /// Begins the write transaction; blocks while there is one. A thread that has one must not call it.
    fn write(&self) -> Result<Self::Write, StoreError>;

    /// Fills an empty table in the fastest way the store has: here, a transaction per thousand rows. (One for all was slower in
    /// LMDB, redb and SQLite.)
    fn fill<R: Rows>(&self, table: TableId, rows: R, filled: &AtomicU64) -> Result<(), StoreError> {
        let insert = |txn: &mut Self::Write, key: &[u8], row: &[u8]| txn.insert(table, key, row);
        in_groups(rows, filled, || self.write(), insert, Self::Write::commit)
    }

    /// Ends the load: everything is made durable, and from now on a commit is as durable as was asked for.
    fn end_load(&self) -> Result<(), StoreError>;

    /// The store's own check of its structures, if it has one.
    fn verify(&self) -> Result<(), String> {
        Ok(())
    }

    /// The store's own event counts, if it has any.
    fn counters(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}

/// Reading, in a snapshot or in the write transaction, which sees its own writes.
pub trait Reads {
    /// Reads the row of `key` into `row`; false if there is none.
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError>;

    /// Visits the rows from `from` (included) to `to` (excluded) in key order until told to stop.
    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;
}

/// Writing. Dropping it without [`Writes::commit`] rolls back.
pub trait Writes: Reads {
    /// Adds a row, or puts it in the place of the one that is there.
    fn put(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError>;

    /// Adds a row whose key is not there. Where the store finds out for nothing, a key that is there is an error.
    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        self.put(table, key, row)
    }

    /// Lets `change` rewrite the row of `key`; false if there is none.
    fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, StoreError>;

    /// Removes the row of `key`; false if there is none.
    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError>;

    /// Commits; returns when that is as durable as was asked for.
    fn commit(self) -> Result<(), StoreError>;
}

/// An error of a store that running the transaction again would not mend.
pub fn fatal(error: impl Display) -> StoreError {
    StoreError::Fatal(error.to_string())
}

/// Runs `work` with this thread's buffer, so that a change of a row does not allocate.
pub fn with_scratch<R>(work: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    thread_local! {
        static ROW: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut row = ROW.take();
    let result = work(&mut row);
    ROW.set(row);
    result
}
