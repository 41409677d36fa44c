//! The adapter.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::available_parallelism;

use ::rocksdb::{
    ColumnFamily, DBAccess, DBRawIteratorWithThreadMode, Error, ErrorKind, Options, ReadOptions,
    SnapshotWithThreadMode, Transaction, WriteOptions,
};
use engine_workload::store::{self, Rows, Store, StoreError, TableId, Txn, by_transactions};

use super::kind::Kind;
use super::loading::Loading;
use super::settings::{families, options};
use crate::one_writer::{fatal, with_scratch};
use crate::stores::{Config, Syncing};

/// A database of RocksDB.
pub struct Rocks<K: Kind> {
    /// From the first transaction on.
    database: OnceLock<K>,
    /// Until then.
    loading: Mutex<Option<Loading>>,
    options: Options,
    dir: PathBuf,
    tables: &'static [&'static str],
    /// Transactions that only read need no snapshot.
    reads_once: bool,
    /// Whether the load is over.
    loaded: AtomicBool,
    /// Whether the rows have been read once since.
    warm: OnceLock<()>,
    newest: ReadOptions,
    unsynced: WriteOptions,
    synced: WriteOptions,
    syncing: Syncing,
}

/// A transaction of [`Rocks`].
pub enum RocksTxn<'s, K: Kind> {
    /// One that reads once: what is newest.
    ReadOnce(&'s Rocks<K>, &'s K),
    /// One that only reads. The options hold the snapshot: dropped before it.
    Read(&'s Rocks<K>, ReadOptions, SnapshotWithThreadMode<'s, K>),
    /// One that writes.
    Write(&'s Rocks<K>, Transaction<'s, K>),
}

impl<K: Kind> Rocks<K> {
    /// Creates the database.
    pub fn open(config: &Config<'_>) -> Result<Self, StoreError> {
        let (options, dir) = (options(config), config.dir.join("rocksdb"));
        let loading = Loading::open(&options, &dir, config.tables)?;
        let (unsynced, mut synced) = (WriteOptions::default(), WriteOptions::default());
        synced.set_sync(true);
        Ok(Rocks {
            database: OnceLock::new(),
            loading: Mutex::new(Some(loading)),
            options,
            dir,
            tables: config.tables,
            reads_once: config.reads_once,
            loaded: AtomicBool::new(false),
            warm: OnceLock::new(),
            newest: ReadOptions::default(),
            unsynced,
            synced,
            syncing: Syncing::new(config),
        })
    }

    /// The database, with transactions.
    #[inline]
    fn database(&self) -> Result<&K, StoreError> {
        self.database.get().map_or_else(|| self.open_for_transactions(), Ok)
    }

    #[cold]
    fn open_for_transactions(&self) -> Result<&K, StoreError> {
        let mut loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = self.database.get() {
            return Ok(opened);
        }
        // Closed first: one at a time has the directory.
        drop(loading.take());
        let database = K::open(&self.options, &self.dir, families(self.tables, &self.options)).map_err(fatal)?;
        Ok(self.database.get_or_init(|| database))
    }

    /// The database for a transaction. After the load, the first one reads everything once.
    ///
    /// What writes the files of a load drops them from the operating system's cache. The other stores have what they have
    /// loaded in memory; this one would begin with a read of the disk per block.
    #[inline]
    fn warm_database(&self) -> Result<&K, StoreError> {
        let database = self.database()?;
        if self.warm.get().is_none() && self.loaded.load(Ordering::Relaxed) {
            self.warm.get_or_init(|| self.read_everything(database));
        }
        Ok(database)
    }

    #[cold]
    fn read_everything(&self, database: &K) {
        for name in self.tables {
            if let Some(family) = database.family(name) {
                let mut rows = database.rows(family, ReadOptions::default());
                rows.seek_to_first();
                while rows.valid() {
                    rows.next();
                }
            }
        }
    }

    fn family(&self, table: TableId) -> Result<&ColumnFamily, StoreError> {
        self.database()?.family(self.tables[table.0]).ok_or_else(|| fatal("a column family is missing"))
    }
}

impl<K: Kind> Store for Rocks<K> {
    type Ticket = ();
    type Txn<'s> = RocksTxn<'s, K>;

    fn begin(&self) -> Result<RocksTxn<'_, K>, StoreError> {
        let write = if self.syncing.now() { &self.synced } else { &self.unsynced };
        Ok(RocksTxn::Write(self, self.warm_database()?.begin(write)))
    }

    fn begin_read(&self) -> Result<RocksTxn<'_, K>, StoreError> {
        let database = self.warm_database()?;
        if self.reads_once {
            return Ok(RocksTxn::ReadOnce(self, database));
        }
        let (mut options, snapshot) = (ReadOptions::default(), SnapshotWithThreadMode::new(database));
        options.set_snapshot(&snapshot);
        Ok(RocksTxn::Read(self, options, snapshot))
    }

    /// There may be many more workers than cores, for the sake of their syncs; a load is all computing.
    fn loaders(&self, workers: usize) -> usize {
        workers.min(available_parallelism().map_or(1, usize::from))
    }

    fn fill<R: Rows>(&self, table: TableId, sources: Vec<R>, filled: &AtomicU64) -> Result<(), StoreError> {
        let loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(plain) = &*loading else {
            drop(loading);
            return by_transactions(self, table, sources, filled);
        };
        let beside = self.dir.parent().unwrap_or(&self.dir);
        plain.fill(&self.options, beside, self.tables[table.0], sources, filled)
    }

    fn is_durable(&self, (): &()) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn wait(&self, (): &()) -> Result<(), StoreError> {
        Ok(())
    }

    fn end_load(&self) -> Result<(), StoreError> {
        // A synced write makes the whole log before it durable.
        let txn = self.database()?.begin(&self.synced);
        let family = self.family(TableId(0))?;
        txn.put_cf(family, b"\xff end of load", b"").map_err(refused)?;
        txn.delete_cf(family, b"\xff end of load").map_err(refused)?;
        txn.commit().map_err(refused)?;
        self.syncing.begin();
        self.loaded.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn verify(&self) -> Result<(), String> {
        Ok(())
    }

    fn close(self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl<'s, K: Kind> RocksTxn<'s, K> {
    fn writer(&self) -> Result<(&'s Rocks<K>, &Transaction<'s, K>), StoreError> {
        match self {
            RocksTxn::ReadOnce(..) | RocksTxn::Read(..) => Err(fatal("a transaction that only reads cannot write")),
            RocksTxn::Write(store, txn) => Ok((store, txn)),
        }
    }
}

impl<K: Kind> Txn for RocksTxn<'_, K> {
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        row.clear();
        let found = match self {
            RocksTxn::ReadOnce(store, database) => {
                database.get_pinned_cf_opt(store.family(table)?, key, &store.newest).map_err(refused)?
            }
            RocksTxn::Read(store, options, _) => {
                store.database()?.get_pinned_cf_opt(store.family(table)?, key, options).map_err(refused)?
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
            // An iterator keeps to what was there when it began.
            RocksTxn::ReadOnce(store, database) => walk(database.rows(store.family(table)?, options), from, visit),
            RocksTxn::Read(store, _, snapshot) => {
                walk(snapshot.raw_iterator_cf_opt(store.family(table)?, options), from, visit)
            }
            RocksTxn::Write(store, txn) => walk(txn.raw_iterator_cf_opt(store.family(table)?, options), from, visit),
        }
    }
}

impl<K: Kind> store::Transaction for RocksTxn<'_, K> {
    type Ticket = ();

    fn commit(self) -> Result<(), StoreError> {
        match self {
            RocksTxn::ReadOnce(..) | RocksTxn::Read(..) => Ok(()),
            RocksTxn::Write(_, txn) => txn.commit().map_err(refused),
        }
    }

    fn rollback(self) -> Result<(), StoreError> {
        match self {
            RocksTxn::ReadOnce(..) | RocksTxn::Read(..) => Ok(()),
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
