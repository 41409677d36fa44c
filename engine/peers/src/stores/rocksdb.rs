//! RocksDB: `TransactionDB` with row locks and deadlock detection, and `OptimisticTransactionDB`, which finds conflicts when
//! it commits.
//!
//! Both have many writers, whose commits share syncs by RocksDB's own group commit: so there is no batched adapter. Reads that
//! are not for update see what is newest committed; transactions that only read have a snapshot. A key that is there already
//! is overwritten by `insert`, which spares an LSM tree the read.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use ::rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DBAccess, DBCompressionType,
    DBRawIteratorWithThreadMode, Error, ErrorKind, OptimisticTransactionDB, OptimisticTransactionOptions, Options,
    ReadOptions, SingleThreaded, SnapshotWithThreadMode, Transaction, TransactionDB, TransactionDBOptions,
    TransactionOptions, WriteOptions,
};
use engine_workload::store::{Store, StoreError, TableId, Txn};
use probe::driver::Waited;

use super::{Config, Syncing};
use crate::one_writer::{fatal, with_scratch};

/// RocksDB with row locks.
pub type Pessimistic = Rocks<TransactionDB<SingleThreaded>>;

/// RocksDB that looks for conflicts when it commits.
pub type Optimistic = Rocks<OptimisticTransactionDB<SingleThreaded>>;

/// What the two kinds do differently.
pub trait Kind: DBAccess + Send + Sync + Sized + 'static {
    /// Most threads that may load it.
    const LOADERS: usize;
    /// Opens or creates it.
    fn open(options: &Options, config: &Config<'_>, families: Vec<ColumnFamilyDescriptor>) -> Result<Self, Error>;
    /// A column family.
    fn family(&self, name: &str) -> Option<&ColumnFamily>;
    /// Begins a transaction.
    fn begin(&self, write: &WriteOptions) -> Transaction<'_, Self>;
}

impl Kind for TransactionDB<SingleThreaded> {
    const LOADERS: usize = usize::MAX;

    fn open(options: &Options, config: &Config<'_>, families: Vec<ColumnFamilyDescriptor>) -> Result<Self, Error> {
        TransactionDB::open_cf_descriptors(options, &TransactionDBOptions::default(), config.dir, families)
    }

    fn family(&self, name: &str) -> Option<&ColumnFamily> {
        self.cf_handle(name)
    }

    fn begin(&self, write: &WriteOptions) -> Transaction<'_, Self> {
        let mut options = TransactionOptions::default();
        options.set_deadlock_detect(true);
        self.transaction_opt(write, &options)
    }
}

impl Kind for OptimisticTransactionDB<SingleThreaded> {
    /// One: large commits side by side ask to be run again when they cannot see far enough back, which a load does not do.
    const LOADERS: usize = 1;

    fn open(options: &Options, config: &Config<'_>, families: Vec<ColumnFamilyDescriptor>) -> Result<Self, Error> {
        OptimisticTransactionDB::open_cf_descriptors(options, config.dir, families)
    }

    fn family(&self, name: &str) -> Option<&ColumnFamily> {
        self.cf_handle(name)
    }

    fn begin(&self, write: &WriteOptions) -> Transaction<'_, Self> {
        self.transaction_opt(write, &OptimisticTransactionOptions::default())
    }
}

/// A database of RocksDB.
pub struct Rocks<K: Kind> {
    database: K,
    tables: &'static [&'static str],
    syncing: Syncing,
    unsynced: WriteOptions,
    synced: WriteOptions,
}

/// A transaction of [`Rocks`].
pub enum RocksTxn<'s, K: Kind> {
    /// One that only reads. The options hold the snapshot: dropped before it.
    Read(&'s Rocks<K>, ReadOptions, SnapshotWithThreadMode<'s, K>),
    /// One that writes.
    Write(&'s Rocks<K>, Transaction<'s, K>),
}

impl<K: Kind> Rocks<K> {
    /// Creates the database.
    pub fn open(config: &Config<'_>) -> Result<Self, StoreError> {
        let cache = Cache::new_lru_cache(config.cache_bytes as usize);
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(&cache);
        blocks.set_bloom_filter(10.0, false);
        blocks.set_cache_index_and_filter_blocks(true);
        blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_block_based_table_factory(&blocks);
        options.set_compression_type(DBCompressionType::Lz4);
        options.set_max_background_jobs(2);
        options.set_write_buffer_size(64 << 20);
        options.set_max_total_wal_size(1 << 30);
        // Optimistic commits look for conflicts in memory: so much of the past must still be there.
        options.set_max_write_buffer_size_to_maintain(256 << 20);
        let families = config.tables.iter().map(|name| ColumnFamilyDescriptor::new(*name, options.clone())).collect();
        let database = K::open(&options, config, families).map_err(fatal)?;
        let (unsynced, mut synced) = (WriteOptions::default(), WriteOptions::default());
        synced.set_sync(true);
        Ok(Rocks { database, tables: config.tables, syncing: Syncing::new(config), unsynced, synced })
    }

    fn family(&self, table: TableId) -> Result<&ColumnFamily, StoreError> {
        self.database.family(self.tables[table.0]).ok_or_else(|| fatal("a column family is missing"))
    }
}

// SAFETY: the write options are plain values that nobody changes after `open`; the databases are `Sync` themselves.
unsafe impl<K: Kind> Sync for Rocks<K> {}

impl<K: Kind> Store for Rocks<K> {
    type Ticket = ();
    type Txn<'s> = RocksTxn<'s, K>;

    fn begin(&self) -> Result<RocksTxn<'_, K>, StoreError> {
        let write = if self.syncing.now() { &self.synced } else { &self.unsynced };
        Ok(RocksTxn::Write(self, self.database.begin(write)))
    }

    fn begin_read(&self) -> Result<RocksTxn<'_, K>, StoreError> {
        let (mut options, snapshot) = (ReadOptions::default(), SnapshotWithThreadMode::new(&self.database));
        options.set_snapshot(&snapshot);
        Ok(RocksTxn::Read(self, options, snapshot))
    }

    fn loaders(&self, workers: usize) -> usize {
        K::LOADERS.min(workers)
    }

    fn is_durable(&self, (): &()) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn wait(&self, (): &()) -> Result<(), StoreError> {
        Ok(())
    }

    fn nudge(&self) {}

    fn end_load(&self) -> Result<(), StoreError> {
        // A synced write makes the whole log before it durable.
        let txn = self.database.begin(&self.synced);
        let family = self.family(TableId(0))?;
        txn.put_cf(family, b"\xff end of load", b"").map_err(refused)?;
        txn.delete_cf(family, b"\xff end of load").map_err(refused)?;
        txn.commit().map_err(refused)?;
        self.syncing.begin();
        Ok(())
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }

    fn waits(&self) -> BTreeMap<String, Waited> {
        BTreeMap::new()
    }

    fn verify(&self) -> Result<(), String> {
        Ok(())
    }

    fn features(&self) -> Vec<String> {
        Vec::new()
    }

    fn close(self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl<'s, K: Kind> RocksTxn<'s, K> {
    fn writer(&self) -> Result<(&'s Rocks<K>, &Transaction<'s, K>), StoreError> {
        match self {
            RocksTxn::Read(..) => Err(fatal("a transaction that only reads cannot write")),
            RocksTxn::Write(store, txn) => Ok((store, txn)),
        }
    }
}

impl<K: Kind> Txn for RocksTxn<'_, K> {
    type Ticket = ();

    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        row.clear();
        let found = match self {
            RocksTxn::Read(store, options, _) => {
                store.database.get_pinned_cf_opt(store.family(table)?, key, options).map_err(refused)?
            }
            RocksTxn::Write(store, txn) => txn.get_pinned_cf(store.family(table)?, key).map_err(refused)?,
        };
        let Some(found) = found else { return Ok(false) };
        row.extend_from_slice(&found);
        Ok(true)
    }

    fn get_for_update(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        row.clear();
        let (store, txn) = self.writer()?;
        let found = txn.get_pinned_for_update_cf(store.family(table)?, key, true).map_err(refused)?;
        let Some(found) = found else { return Ok(false) };
        row.extend_from_slice(&found);
        Ok(true)
    }

    fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, StoreError> {
        with_scratch(|row| {
            if !self.get_for_update(table, key, row)? {
                return Ok(false);
            }
            change(row);
            let (store, txn) = self.writer()?;
            txn.put_cf(store.family(table)?, key, row).map_err(refused)?;
            Ok(true)
        })
    }

    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        let (store, txn) = self.writer()?;
        txn.put_cf(store.family(table)?, key, row).map_err(refused)
    }

    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError> {
        with_scratch(|row| {
            let found = self.get_for_update(table, key, row)?;
            if found {
                let (store, txn) = self.writer()?;
                txn.delete_cf(store.family(table)?, key).map_err(refused)?;
            }
            Ok(found)
        })
    }

    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(to);
        match self {
            RocksTxn::Read(store, _, snapshot) => {
                walk(snapshot.raw_iterator_cf_opt(store.family(table)?, options), from, visit)
            }
            RocksTxn::Write(store, txn) => walk(txn.raw_iterator_cf_opt(store.family(table)?, options), from, visit),
        }
    }

    fn commit(self) -> Result<(), StoreError> {
        match self {
            RocksTxn::Read(..) => Ok(()),
            RocksTxn::Write(_, txn) => txn.commit().map_err(refused),
        }
    }

    fn rollback(self) -> Result<(), StoreError> {
        match self {
            RocksTxn::Read(..) => Ok(()),
            RocksTxn::Write(_, txn) => txn.rollback().map_err(refused),
        }
    }
}

fn walk<D: DBAccess>(
    mut rows: DBRawIteratorWithThreadMode<'_, D>,
    from: &[u8],
    mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    rows.seek(from);
    while let Some((key, row)) = rows.item() {
        if visit(key, row).is_break() {
            break;
        }
        rows.next();
    }
    rows.status().map_err(refused)
}

/// What running again mends is a conflict.
fn refused(error: Error) -> StoreError {
    match error.kind() {
        ErrorKind::Busy | ErrorKind::TimedOut | ErrorKind::TryAgain | ErrorKind::Aborted => StoreError::Conflict,
        ErrorKind::NotFound
        | ErrorKind::Corruption
        | ErrorKind::NotSupported
        | ErrorKind::InvalidArgument
        | ErrorKind::IOError
        | ErrorKind::MergeInProgress
        | ErrorKind::Incomplete
        | ErrorKind::ShutdownInProgress
        | ErrorKind::Expired
        | ErrorKind::CompactionTooLarge
        | ErrorKind::ColumnFamilyDropped
        | ErrorKind::Unknown => fatal(error),
    }
}
