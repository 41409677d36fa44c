//! fjall, an LSM tree: its single-writer transactions. (Its optimistic ones conflict on every hot row of TPC-C.)
//!
//! A durable commit syncs the journal's data; an unsynced one leaves it in the journal's buffer. A key that is there already
//! is overwritten by `insert`: looking first would cost an LSM tree the read that it is built to save.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use ::fjall::{
    KeyspaceCreateOptions, PersistMode, Readable, SingleWriterTxDatabase, SingleWriterTxKeyspace,
    SingleWriterWriteTx as WriteTransaction, Snapshot,
};
use engine_workload::store::{Rows, StoreError, TableId, in_groups};

use super::{Config, Syncing};
use crate::one_writer::{OneWriter, Reads, Writes, fatal, with_scratch};

/// A database of fjall.
pub struct Fjall(Arc<Inner>);

struct Inner {
    keyspaces: Vec<SingleWriterTxKeyspace>,
    database: SingleWriterTxDatabase,
    syncing: Syncing,
}

/// A snapshot.
pub struct FjallRead {
    snapshot: Snapshot,
    store: Arc<Inner>,
}

/// The write transaction.
pub struct FjallWrite {
    /// It borrows the database's mutex: dropped before `store`, which keeps that alive.
    txn: WriteTransaction<'static>,
    store: Arc<Inner>,
}

impl Fjall {
    /// Creates the database.
    pub fn open(config: &Config<'_>) -> Result<Self, StoreError> {
        let database = SingleWriterTxDatabase::builder(config.dir.join("fjall"))
            .cache_size(config.cache_bytes)
            // Commits say themselves how far they go; those that need not be durable need no system call either.
            .manual_journal_persist(true)
            .open()
            .map_err(fatal)?;
        let keyspace = |name: &&'static str| {
            let options = || KeyspaceCreateOptions::default().manual_journal_persist(true);
            database.keyspace(name, options).map_err(fatal)
        };
        let keyspaces = config.tables.iter().map(keyspace).collect::<Result<_, _>>()?;
        Ok(Fjall(Arc::new(Inner { keyspaces, database, syncing: Syncing::new(config) })))
    }
}

impl OneWriter for Fjall {
    type Read = FjallRead;
    type Write = FjallWrite;

    fn read(&self) -> Result<FjallRead, StoreError> {
        Ok(FjallRead { snapshot: self.0.database.read_tx(), store: Arc::clone(&self.0) })
    }

    fn write(&self) -> Result<FjallWrite, StoreError> {
        let store = Arc::clone(&self.0);
        let durability = store.syncing.now().then_some(PersistMode::SyncData);
        let txn = store.database.write_tx().durability(durability);
        // SAFETY: the transaction borrows the mutex inside `store.database`, which does not move (it is in an `Arc`) and
        // lives as long as `store` does: longer than `txn`, by the order of the fields.
        let txn = unsafe { std::mem::transmute::<WriteTransaction<'_>, WriteTransaction<'static>>(txn) };
        Ok(FjallWrite { txn, store })
    }

    /// Tables are written in order, past the journal and the memory table.
    fn fill<R: Rows>(&self, table: TableId, rows: R, filled: &AtomicU64) -> Result<(), StoreError> {
        let mut ingestion = self.0.keyspaces[table.0].inner().start_ingestion().map_err(fatal)?;
        let write = |(): &mut (), key: &[u8], row: &[u8]| ingestion.write(key, row).map_err(fatal);
        in_groups(rows, filled, || Ok(()), write, |()| Ok(()))?;
        ingestion.finish().map_err(fatal)
    }

    fn end_load(&self) -> Result<(), StoreError> {
        self.0.database.persist(PersistMode::SyncAll).map_err(fatal)?;
        self.0.syncing.begin();
        Ok(())
    }
}

impl Reads for FjallRead {
    #[inline]
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        get(&self.snapshot, &self.store.keyspaces[table.0], key, row)
    }

    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        scan(&self.snapshot, &self.store.keyspaces[table.0], from, to, visit)
    }
}

impl Reads for FjallWrite {
    #[inline]
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        get(&self.txn, &self.store.keyspaces[table.0], key, row)
    }

    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        scan(&self.txn, &self.store.keyspaces[table.0], from, to, visit)
    }
}

impl Writes for FjallWrite {
    #[inline]
    fn put(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        self.txn.insert(&self.store.keyspaces[table.0], key, row);
        Ok(())
    }

    #[inline]
    fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, StoreError> {
        let keyspace = &self.store.keyspaces[table.0];
        let Some(stored) = self.txn.get(keyspace, key).map_err(fatal)? else { return Ok(false) };
        with_scratch(|row| {
            row.clear();
            row.extend_from_slice(&stored);
            change(row);
            self.txn.insert(keyspace, key, row.as_slice());
        });
        Ok(true)
    }

    #[inline]
    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError> {
        let keyspace = &self.store.keyspaces[table.0];
        let found = self.txn.get(keyspace, key).map_err(fatal)?.is_some();
        if found {
            self.txn.remove(keyspace, key);
        }
        Ok(found)
    }

    fn commit(self) -> Result<(), StoreError> {
        self.txn.commit().map_err(fatal)
    }
}

#[inline]
fn get(
    txn: &impl Readable,
    keyspace: &SingleWriterTxKeyspace,
    key: &[u8],
    row: &mut Vec<u8>,
) -> Result<bool, StoreError> {
    row.clear();
    let Some(stored) = txn.get(keyspace, key).map_err(fatal)? else { return Ok(false) };
    row.extend_from_slice(&stored);
    Ok(true)
}

fn scan(
    txn: &impl Readable,
    keyspace: &SingleWriterTxKeyspace,
    from: &[u8],
    to: &[u8],
    mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    if from < to {
        for entry in txn.range(keyspace, from..to) {
            let (key, row) = entry.into_inner().map_err(fatal)?;
            if visit(&key, &row).is_break() {
                break;
            }
        }
    }
    Ok(())
}
