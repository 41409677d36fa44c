//! A transaction: its snapshot, its locks, what it wrote, and how it ends.

use std::marker::PhantomData;
use std::ops::{ControlFlow, RangeBounds};

use crate::io::Lsn;
use crate::select;
use crate::transaction::error::Error;
use crate::transaction::wal::CommitLog;

/// A table, by the page its tree is rooted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub(crate) u64);

/// What a commit leaves to wait for: the point up to which the log must be durable before anybody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a commit may be acknowledged only after `Database::wait` on its ticket"]
pub struct CommitTicket {
    pub(crate) until: Lsn,
}

/// An open transaction; dropped without [`commit`](Txn::commit) it rolls back.
#[derive(Debug)]
pub struct Txn<'db, L: CommitLog = select::CommitLog> {
    db: PhantomData<&'db L>,
}

impl<L: CommitLog> Txn<'_, L> {
    /// Reads a row as the snapshot sees it into `row` (replacing its contents); whether there is one.
    pub fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, Error> {
        todo!("{table:?} {key:?} {row:?}")
    }

    /// Locks a row for writing and reads its newest state into `row`; whether there is one.
    pub fn get_for_update(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, Error> {
        todo!("{table:?} {key:?} {row:?}")
    }

    /// Locks a row and changes its newest state; whether there was one. `change` runs with the page latched: it must be
    /// short and must not use the database.
    pub fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, Error> {
        change(&mut Vec::new());
        todo!("{table:?} {key:?}")
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`Error::DuplicateKey`] if there is one with this key: the transaction goes on.
    pub fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), Error> {
        todo!("{table:?} {key:?} {row:?}")
    }

    /// Deletes a row; whether there was one.
    pub fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, Error> {
        todo!("{table:?} {key:?}")
    }

    /// Visits the rows with a key in `range`, as the snapshot sees them, in the order of keys, until `visit` breaks.
    /// `visit` runs with a page latched: it must be short and must not use the database.
    pub fn scan<'k>(
        &mut self,
        table: TableId,
        range: impl RangeBounds<&'k [u8]>,
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let _ = (range.start_bound(), visit(&[], &[]));
        todo!("{table:?}")
    }

    /// Ends the transaction and keeps what it did. It may be acknowledged once
    /// [`Database::wait`](crate::api::Database::wait) on the ticket returns.
    ///
    /// # Errors
    /// It did not commit: everything is rolled back. Only after [`Error::Poisoned`] is the outcome unknown until recovery.
    pub fn commit(self) -> Result<CommitTicket, Error> {
        todo!()
    }

    /// Ends the transaction and undoes what it did.
    pub fn rollback(self) -> Result<(), Error> {
        todo!()
    }

    /// Lends the transaction's two spare buffers, emptied.
    pub(crate) fn with_buffers<R>(&mut self, work: impl FnOnce(&mut Self, &mut Vec<u8>, &mut Vec<u8>) -> R) -> R {
        let (mut key, mut row) = (Vec::new(), Vec::new());
        work(self, &mut key, &mut row)
    }
}
