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

/// A snapshot.
pub struct RedbRead {
    tables: [Option<ReadOnlyTable<Bytes, Bytes>>; TABLES_MAX],
    names: &'static [&'static str],
    txn: ReadTransaction,
}

/// The write transaction.
pub struct RedbWrite {
    /// They borrow the transaction: closed before it ends.
    tables: [Option<Table<'static, Bytes, Bytes>>; TABLES_MAX],
    names: &'static [&'static str],
    /// From a box; `None` once it was committed.
    txn: Option<NonNull<WriteTransaction>>,
}

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
    type Read = RedbRead;
    type Write = RedbWrite;

    fn read(&self) -> Result<RedbRead, StoreError> {
        let txn = self.0.database.begin_read().map_err(fatal)?;
        Ok(RedbRead { tables: Default::default(), names: self.0.tables, txn })
    }

    fn write(&self) -> Result<RedbWrite, StoreError> {
        let mut txn = self.0.database.begin_write().map_err(fatal)?;
        let durability = if self.0.syncing.now() { Durability::Immediate } else { Durability::None };
        txn.set_durability(durability).map_err(fatal)?;
        let txn = NonNull::from(Box::leak(Box::new(txn)));
        Ok(RedbWrite { tables: Default::default(), names: self.0.tables, txn: Some(txn) })
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

impl RedbRead {
    #[inline]
    fn table(&mut self, table: TableId) -> Result<&ReadOnlyTable<Bytes, Bytes>, StoreError> {
        let place = &mut self.tables[table.0];
        match place {
            Some(table) => Ok(table),
            None => {
                let opened = self.txn.open_table(TableDefinition::<Bytes, Bytes>::new(self.names[table.0]));
                Ok(place.insert(opened.map_err(fatal)?))
            }
        }
    }
}

impl Reads for RedbRead {
    #[inline]
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        get(self.table(table)?, key, row)
    }

    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        scan(self.table(table)?, from, to, visit)
    }
}

impl RedbWrite {
    #[inline]
    fn table(&mut self, table: TableId) -> Result<&mut Table<'static, Bytes, Bytes>, StoreError> {
        let place = &mut self.tables[table.0];
        match place {
            Some(table) => Ok(table),
            None => {
                let txn = self.txn.unwrap_or_else(|| unreachable!("committed by value"));
                // SAFETY: the box lives until `end`, which closes the tables first; nobody has it mutably before.
                let txn: &'static WriteTransaction = unsafe { txn.as_ref() };
                let opened = txn.open_table(TableDefinition::<Bytes, Bytes>::new(self.names[table.0]));
                Ok(place.insert(opened.map_err(fatal)?))
            }
        }
    }

    /// Closes the tables and hands the transaction out.
    fn end(&mut self) -> Option<WriteTransaction> {
        self.tables = Default::default();
        let txn = self.txn.take()?;
        // SAFETY: it came from a box, is taken out once, and what borrowed it is gone.
        Some(*unsafe { Box::from_raw(txn.as_ptr()) })
    }
}

impl Reads for RedbWrite {
    #[inline]
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        get(self.table(table)?, key, row)
    }

    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        scan(self.table(table)?, from, to, visit)
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

    fn commit(mut self) -> Result<(), StoreError> {
        self.end().map_or(Ok(()), |txn| txn.commit().map_err(fatal))
    }
}

impl Drop for RedbWrite {
    fn drop(&mut self) {
        if let Some(txn) = self.end() {
            // What it wrote is dropped in any case.
            let _ = txn.abort();
        }
    }
}

#[inline]
fn get(table: &impl ReadableTable<Bytes, Bytes>, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
    row.clear();
    let Some(stored) = table.get(key).map_err(fatal)? else { return Ok(false) };
    row.extend_from_slice(stored.value());
    Ok(true)
}

fn scan(
    table: &impl ReadableTable<Bytes, Bytes>,
    from: &[u8],
    to: &[u8],
    mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    if from < to {
        for entry in table.range::<&[u8]>(from..to).map_err(fatal)? {
            let (key, row) = entry.map_err(fatal)?;
            if visit(key.value(), row.value()).is_break() {
                break;
            }
        }
    }
    Ok(())
}
