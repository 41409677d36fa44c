//! redb. A durable commit is `Durability::Immediate` with one-phase commit (checksums), an unsynced one `Durability::None`.
//!
//! Tables stay open for the length of a write transaction, since opening one looks it up in the table of tables; a row is
//! changed where it was found (`get_mut`).

use std::ops::ControlFlow;
use std::ptr::NonNull;
use std::sync::Arc;

use ::redb::{
    Database, Durability, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition,
    WriteTransaction,
};
use engine_workload::store::{StoreError, TableId};

use super::{Config, Syncing, TABLES_MAX};
use crate::one_writer::{OneWriter, Reads, Writes, fatal, with_scratch};

type Bytes = &'static [u8];

/// A database of redb.
pub struct Redb(Arc<Inner>);

struct Inner {
    database: Database,
    tables: &'static [&'static str],
    syncing: Syncing,
}

/// A transaction of either kind, with the tables it has opened.
pub struct RedbTxn<T: Opens> {
    /// They may borrow the transaction: closed before it ends.
    tables: [Option<T::Table>; TABLES_MAX],
    names: &'static [&'static str],
    txn: T,
}

/// A snapshot.
pub type RedbRead = RedbTxn<ReadTransaction>;

/// The write transaction.
pub type RedbWrite = RedbTxn<Boxed>;

/// A transaction that opens tables.
pub trait Opens {
    /// An open table.
    type Table: ReadableTable<Bytes, Bytes>;

    /// Opens the table `name`.
    fn open(&self, name: &str) -> Result<Self::Table, StoreError>;
}

/// A write transaction at a place of its own, so that its tables can be kept beside it.
pub struct Boxed(NonNull<WriteTransaction>);

impl Redb {
    /// Creates the database.
    pub fn open(config: &Config<'_>) -> Result<Self, StoreError> {
        assert!(config.tables.len() <= TABLES_MAX, "more tables than are kept open");
        let mut builder = Database::builder();
        builder.set_cache_size(config.cache_bytes as usize);
        let database = builder.create(config.dir.join("redb")).map_err(fatal)?;
        let inner = Inner { database, tables: config.tables, syncing: Syncing::new(config) };
        let store = Redb(Arc::new(inner));
        let mut txn = store.write()?;
        for table in 0..config.tables.len() {
            txn.table(TableId(table))?;
        }
        txn.commit()?;
        Ok(store)
    }
}

impl OneWriter for Redb {
    type Read<'s> = RedbRead;
    type Write = RedbWrite;

    fn read(&self) -> Result<RedbRead, StoreError> {
        let txn = self.0.database.begin_read().map_err(fatal)?;
        Ok(RedbTxn { tables: Default::default(), names: self.0.tables, txn })
    }

    fn write(&self) -> Result<RedbWrite, StoreError> {
        let mut txn = self.0.database.begin_write().map_err(fatal)?;
        let durability = if self.0.syncing.now() { Durability::Immediate } else { Durability::None };
        txn.set_durability(durability).map_err(fatal)?;
        let txn = Boxed(NonNull::from(Box::leak(Box::new(txn))));
        Ok(RedbTxn { tables: Default::default(), names: self.0.tables, txn })
    }

    fn end_load(&self) -> Result<(), StoreError> {
        // A durable commit makes those before it durable.
        let mut txn = self.0.database.begin_write().map_err(fatal)?;
        txn.set_durability(Durability::Immediate).map_err(fatal)?;
        txn.commit().map_err(fatal)?;
        self.0.syncing.begin();
        Ok(())
    }
}

impl Opens for ReadTransaction {
    type Table = ReadOnlyTable<Bytes, Bytes>;

    fn open(&self, name: &str) -> Result<Self::Table, StoreError> {
        self.open_table(TableDefinition::new(name)).map_err(fatal)
    }
}

impl Opens for Boxed {
    type Table = Table<'static, Bytes, Bytes>;

    fn open(&self, name: &str) -> Result<Self::Table, StoreError> {
        // SAFETY: the box lives as long as this does, whose tables are closed before it; nobody has it mutably before.
        let txn: &'static WriteTransaction = unsafe { self.0.as_ref() };
        txn.open_table(TableDefinition::new(name)).map_err(fatal)
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and `into_inner` forgets what it has taken it from.
        let txn = unsafe { Box::from_raw(self.0.as_ptr()) };
        // What it wrote is dropped in any case.
        let _ = txn.abort();
    }
}

impl Boxed {
    fn into_inner(self) -> WriteTransaction {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: it came from a box, and `drop` will not run.
        *unsafe { Box::from_raw(this.0.as_ptr()) }
    }
}

impl<T: Opens> RedbTxn<T> {
    #[inline]
    fn table(&mut self, table: TableId) -> Result<&mut T::Table, StoreError> {
        let place = &mut self.tables[table.0];
        match place {
            Some(table) => Ok(table),
            None => Ok(place.insert(self.txn.open(self.names[table.0])?)),
        }
    }
}

impl<T: Opens> Reads for RedbTxn<T> {
    #[inline]
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        row.clear();
        let Some(stored) = self.table(table)?.get(key).map_err(fatal)? else { return Ok(false) };
        row.extend_from_slice(stored.value());
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
            for entry in self.table(table)?.range::<&[u8]>(from..to).map_err(fatal)? {
                let (key, row) = entry.map_err(fatal)?;
                if visit(key.value(), row.value()).is_break() {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Writes for RedbWrite {
    #[inline]
    fn put(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        self.table(table)?.insert(key, row).map(drop).map_err(fatal)
    }

    #[inline]
    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        match self.table(table)?.insert(key, row).map_err(fatal)? {
            Some(_) => Err(fatal(format!("table {} already has the key {key:02x?}", table.0))),
            None => Ok(()),
        }
    }

    #[inline]
    fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, StoreError> {
        let Some(mut place) = self.table(table)?.get_mut(key).map_err(fatal)? else { return Ok(false) };
        with_scratch(|row| {
            row.clear();
            row.extend_from_slice(place.value());
            change(row);
            place.insert(row.as_slice()).map_err(fatal)
        })?;
        Ok(true)
    }

    #[inline]
    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.table(table)?.remove(key).map_err(fatal)?.is_some())
    }

    fn commit(self) -> Result<(), StoreError> {
        let RedbTxn { tables, names: _, txn } = self;
        drop(tables);
        txn.into_inner().commit().map_err(fatal)
    }
}
