//! fjall, an LSM tree: its single-writer transactions. (Its optimistic ones conflict on every hot row of TPC-C.)
//!
//! A durable commit syncs the journal's data; an unsynced one leaves it in the journal's buffer. A key that is there already
//! is overwritten by `insert`: looking first would cost an LSM tree the read that it is built to save.

use std::ops::{ControlFlow, Deref};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use ::fjall::config::{CompressionPolicy, HashRatioPolicy, PinningPolicy};
use ::fjall::{
    CompressionType, KeyspaceCreateOptions, PersistMode, Readable, SingleWriterTxDatabase, SingleWriterTxKeyspace,
    SingleWriterWriteTx as WriteTransaction, Snapshot,
};
use engine_workload::store::{Rows, StoreError, TableId, in_groups};

use super::{Config, Syncing};
use crate::one_writer::{OneWriter, Reads, Writes, fatal, with_scratch};

/// Bytes of journal beyond which the keyspaces that hold it back are written out: as much log as the engine keeps.
const JOURNAL_BYTES_MAX: u64 = 1 << 30;

/// Slots of a data block's hash index per row.
const HASH_RATIO: f32 = 0.75;

/// A database of fjall.
pub struct Fjall(Arc<Inner>);

/// What its transactions share.
pub struct Inner {
    keyspaces: Vec<SingleWriterTxKeyspace>,
    database: SingleWriterTxDatabase,
    syncing: Syncing,
}

/// A transaction of either kind.
pub struct FjallTxn<T, S> {
    /// What writes borrows the database's mutex: dropped before `store`, which keeps that alive.
    txn: T,
    store: S,
}

/// A snapshot.
pub type FjallRead<'s> = FjallTxn<Snapshot, &'s Inner>;

/// The write transaction.
pub type FjallWrite = FjallTxn<WriteTransaction<'static>, Arc<Inner>>;

impl Fjall {
    /// Creates the database.
    pub fn open(config: &Config<'_>) -> Result<Self, StoreError> {
        let database = SingleWriterTxDatabase::builder(config.dir.join("fjall"))
            .cache_size(config.cache_bytes)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .journal_compression(CompressionType::None)
            // Commits say themselves how far they go; those that need not be durable need no system call either.
            .manual_journal_persist(true)
            .open()
            .map_err(fatal)?;
        let keyspace = |name: &&'static str| database.keyspace(name, keyspace_options).map_err(fatal);
        let keyspaces = config.tables.iter().map(keyspace).collect::<Result<_, _>>()?;
        Ok(Fjall(Arc::new(Inner { keyspaces, database, syncing: Syncing::new(config) })))
    }
}

/// What its documentation advises where rows are found where they are looked for, and fit into the cache.
fn keyspace_options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .manual_journal_persist(true)
        .expect_point_read_hits(true)
        .data_block_hash_ratio_policy(HashRatioPolicy::all(HASH_RATIO))
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::None))
        .filter_block_pinning_policy(PinningPolicy::all(true))
        .index_block_pinning_policy(PinningPolicy::all(true))
}

impl OneWriter for Fjall {
    type Read<'s> = FjallRead<'s>;
    type Write = FjallWrite;

    fn read(&self) -> Result<FjallRead<'_>, StoreError> {
        Ok(FjallTxn { txn: self.0.database.read_tx(), store: &self.0 })
    }

    fn write(&self) -> Result<FjallWrite, StoreError> {
        let store = Arc::clone(&self.0);
        let durability = store.syncing.now().then_some(PersistMode::SyncData);
        let txn = store.database.write_tx().durability(durability);
        // SAFETY: the transaction borrows the mutex inside `store.database`, which does not move (it is in an `Arc`) and
        // lives as long as `store` does: longer than `txn`, by the order of the fields.
        let txn = unsafe { std::mem::transmute::<WriteTransaction<'_>, WriteTransaction<'static>>(txn) };
        Ok(FjallTxn { txn, store })
    }

    /// Tables are written in order, past the journal and the memory table.
    fn fill<R: Rows>(&self, table: TableId, rows: R, filled: &AtomicU64) -> Result<(), StoreError> {
        let mut ingestion = self.0.keyspaces[table.0].inner().start_ingestion().map_err(fatal)?;
        let mut last = None::<Vec<u8>>;
        let write = |(): &mut (), key: &[u8], row: &[u8]| {
            // The ingestion would panic.
            let last = match &mut last {
                Some(last) if key <= last.as_slice() => return Err(fatal("rows of a load do not ascend")),
                Some(last) => last,
                none => none.insert(Vec::new()),
            };
            last.clear();
            last.extend_from_slice(key);
            ingestion.write(key, row).map_err(fatal)
        };
        in_groups(rows, filled, || Ok(()), write, |()| Ok(()))?;
        ingestion.finish().map_err(fatal)
    }

    fn end_load(&self) -> Result<(), StoreError> {
        self.0.database.persist(PersistMode::SyncAll).map_err(fatal)?;
        self.0.syncing.begin();
        Ok(())
    }
}

impl<T: Readable, S: Deref<Target = Inner>> Reads for FjallTxn<T, S> {
    #[inline]
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        row.clear();
        let Some(stored) = self.txn.get(&self.store.keyspaces[table.0], key).map_err(fatal)? else { return Ok(false) };
        row.extend_from_slice(&stored);
        Ok(true)
    }

    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        if from < to {
            for entry in self.txn.range(&self.store.keyspaces[table.0], from..to) {
                let (key, row) = entry.into_inner().map_err(fatal)?;
                if visit(&key, &row).is_break() {
                    break;
                }
            }
        }
        Ok(())
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
