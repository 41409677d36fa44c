//! One transaction, one write transaction: how a store with one writer is used.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicU64;

use engine_workload::store::{Rows, Store, StoreError, TableId, Transaction, Txn};

use super::contract::{OneWriter, Reads, Writes, fatal};

/// A store with one writer as a [`Store`]. A commit is durable when it returns.
pub struct Plain<S>(pub S);

/// A transaction of [`Plain`].
pub enum PlainTxn<'s, S: OneWriter + 's> {
    /// A snapshot.
    Read(S::Read<'s>),
    /// The write transaction.
    Write(S::Write),
}

impl<S: OneWriter> PlainTxn<'_, S> {
    fn writer(&mut self) -> Result<&mut S::Write, StoreError> {
        match self {
            PlainTxn::Read(_) => Err(fatal("a transaction that only reads cannot write")),
            PlainTxn::Write(txn) => Ok(txn),
        }
    }
}

impl<S: OneWriter> Store for Plain<S> {
    type Ticket = ();
    type Txn<'s> = PlainTxn<'s, S>;

    fn begin(&self) -> Result<PlainTxn<'_, S>, StoreError> {
        self.0.write().map(PlainTxn::Write)
    }

    fn begin_read(&self) -> Result<PlainTxn<'_, S>, StoreError> {
        self.0.read().map(PlainTxn::Read)
    }

    fn loaders(&self, _workers: usize) -> usize {
        1
    }

    fn is_durable(&self, (): &()) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn wait(&self, (): &()) -> Result<(), StoreError> {
        Ok(())
    }

    fn fill<R: Rows>(&self, table: TableId, sources: Vec<R>, filled: &AtomicU64) -> Result<(), StoreError> {
        sources.into_iter().try_for_each(|rows| self.0.fill(table, rows, filled))
    }

    fn end_load(&self) -> Result<(), StoreError> {
        self.0.end_load()
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        self.0.counters()
    }

    fn verify(&self) -> Result<(), String> {
        self.0.verify()
    }

    fn close(self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl<S: OneWriter> Txn for PlainTxn<'_, S> {
    #[inline]
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        match self {
            PlainTxn::Read(txn) => txn.get(table, key, row),
            PlainTxn::Write(txn) => txn.get(table, key, row),
        }
    }

    /// There is no other writer: what is read is locked.
    #[inline]
    fn get_for_update(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        self.writer()?.get(table, key, row)
    }

    #[inline]
    fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, StoreError> {
        self.writer()?.update(table, key, change)
    }

    #[inline]
    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        self.writer()?.insert(table, key, row)
    }

    #[inline]
    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError> {
        self.writer()?.delete(table, key)
    }

    #[inline]
    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        match self {
            PlainTxn::Read(txn) => txn.scan(table, from, to, visit),
            PlainTxn::Write(txn) => txn.scan(table, from, to, visit),
        }
    }
}

impl<S: OneWriter> Transaction for PlainTxn<'_, S> {
    type Ticket = ();

    #[inline]
    fn commit(self) -> Result<(), StoreError> {
        match self {
            PlainTxn::Read(_) => Ok(()),
            PlainTxn::Write(txn) => txn.commit(),
        }
    }

    fn rollback(self) -> Result<(), StoreError> {
        Ok(())
    }
}
