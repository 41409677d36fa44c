//! The engine as a store. Thin by intent: what is measured must be the engine.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use engine::api::{
    CommitTicket, Database, Error, LoadPart, LoadedPart, OpenError, Options, TableId as EngineTable,
    Txn as EngineInnerTxn,
};
use engine::io::{Lsn, Vfs};
use engine::metrics::{Counter, WaitTotal};
use engine::select;
use engine::transaction::wal::CommitLog;
use probe::driver::Waited;

use engine_workload::store::{Rows, Store, StoreError, TableId, Transaction, Txn, Word, in_groups, on_threads};

use crate::subject::SUBJECT;

/// A database of the engine, with the log its features chose or one that a test names.
#[derive(Debug)]
pub struct EngineStore<L: CommitLog = select::CommitLog> {
    database: Database<L>,
    tables: Vec<EngineTable>,
    loads_past_the_pool: bool,
}

/// A transaction of the engine.
pub struct EngineTxn<'s, L: CommitLog> {
    txn: EngineInnerTxn<'s, L>,
    tables: &'s [EngineTable],
}

/// What a commit of the engine leaves to wait for.
#[derive(Debug, Clone, Copy)]
pub struct EngineTicket(CommitTicket);

impl Word for EngineTicket {
    #[inline]
    fn to_word(self) -> u64 {
        self.0.until().0
    }

    #[inline]
    fn from_word(word: u64) -> Self {
        EngineTicket(CommitTicket::of(Lsn(word)))
    }
}

impl<L: CommitLog> EngineStore<L> {
    /// Opens the database in `vfs`, recovering it if need be, and finds or creates `tables`.
    pub fn open(vfs: Arc<dyn Vfs>, options: Options, tables: &[&str]) -> Result<Self, OpenError> {
        let database = Database::<L>::open_with(vfs, options)?;
        let mut ids = Vec::with_capacity(tables.len());
        for name in tables {
            ids.push(match database.table(name) {
                Err(Error::NoSuchTable(_)) => database.create_table(name)?,
                found => found?,
            });
        }
        Ok(EngineStore { database, tables: ids, loads_past_the_pool: false })
    }

    /// Nothing will run on what is loaded, so it need not be in memory.
    #[must_use = "it is the store"]
    pub fn loading_past_the_pool(self) -> Self {
        EngineStore { loads_past_the_pool: true, ..self }
    }

    /// The database.
    pub fn database(&self) -> &Database<L> {
        &self.database
    }
}

impl<L: CommitLog + 'static> Store for EngineStore<L> {
    type Ticket = EngineTicket;
    type Txn<'s> = EngineTxn<'s, L>;

    #[inline]
    fn begin(&self) -> Result<EngineTxn<'_, L>, StoreError> {
        let txn = self.database.begin().map_err(refused)?;
        Ok(EngineTxn { txn, tables: &self.tables })
    }

    #[inline]
    fn is_durable(&self, ticket: &EngineTicket) -> Result<bool, StoreError> {
        Ok(self.database.is_durable(&ticket.0))
    }

    fn wait(&self, ticket: &EngineTicket) -> Result<(), StoreError> {
        self.database.wait(&ticket.0).map_err(refused)
    }

    #[inline]
    fn nudge(&self) {
        self.database.nudge();
    }

    fn fill<R: Rows>(&self, table: TableId, sources: Vec<R>, filled: &AtomicU64) -> Result<(), StoreError> {
        let load = self.database.load(self.tables[table.0]).map_err(refused)?;
        let load = if self.loads_past_the_pool { load.past_the_pool() } else { load };
        let first_keys: Vec<Vec<u8>> = sources.iter().map(Rows::first_key).collect();
        let mut parts = Vec::with_capacity(sources.len());
        for (at, source) in sources.into_iter().enumerate() {
            let lower = if at == 0 { &[][..] } else { &first_keys[at] };
            parts.push((load.part(lower, first_keys.get(at + 1).map(Vec::as_slice)).map_err(refused)?, source));
        }
        load.finish(on_threads(parts, |(part, rows)| fill_part(part, rows, filled))?).map_err(refused)?;
        Ok(())
    }

    fn checkpoint(&self) -> Result<(), StoreError> {
        self.database.checkpoint().map_err(refused)
    }

    fn end_load(&self) -> Result<(), StoreError> {
        self.checkpoint()
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        self.database.metrics().snapshot().into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
    }

    fn checkpoints(&self) -> u64 {
        self.database.metrics().get(Counter::Checkpoints)
    }

    fn waits(&self) -> BTreeMap<String, Waited> {
        let waited = |total: WaitTotal| Waited { ns: total.total_ns, times: total.count };
        self.database.metrics().waits().into_iter().map(|(name, total)| (name.to_owned(), waited(total))).collect()
    }

    fn verify(&self) -> Result<(), String> {
        self.database.verify().map(drop).map_err(|error| error.to_string())
    }

    fn features(&self) -> Vec<String> {
        SUBJECT.features()
    }

    fn close(self) -> Result<(), StoreError> {
        self.database.close().map_err(refused)
    }
}

fn fill_part<'s>(mut part: LoadPart<'s>, rows: impl Rows, filled: &AtomicU64) -> Result<LoadedPart<'s>, StoreError> {
    in_groups(rows, filled, || Ok(()), |(), key, row| part.push(key, row).map_err(refused), |()| Ok(()))?;
    Ok(part.finish())
}

impl<L: CommitLog> Txn for EngineTxn<'_, L> {
    #[inline]
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        self.txn.get(self.tables[table.0], key, row).map_err(refused)
    }

    #[inline]
    fn get_many<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        row: &mut Vec<u8>,
        visit: impl FnMut(&K, Option<&[u8]>),
    ) -> Result<(), StoreError> {
        self.txn.get_many(self.tables[table.0], keys, row, visit).map_err(refused)
    }

    #[inline]
    fn get_for_update(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        self.txn.get_for_update(self.tables[table.0], key, row).map_err(refused)
    }

    #[inline]
    fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, StoreError> {
        self.txn.update(self.tables[table.0], key, change).map_err(refused)
    }

    #[inline]
    fn update_many<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        change: impl FnMut(&K, &mut Vec<u8>),
    ) -> Result<usize, StoreError> {
        self.txn.update_many(self.tables[table.0], keys, change).map_err(refused)
    }

    #[inline]
    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        self.txn.insert(self.tables[table.0], key, row).map_err(refused)
    }

    #[inline]
    fn insert_many<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        _row: &mut Vec<u8>,
        make: impl FnMut(&K, &mut Vec<u8>),
    ) -> Result<(), StoreError> {
        self.txn.insert_many(self.tables[table.0], keys, make).map_err(refused)
    }

    #[inline]
    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError> {
        self.txn.delete(self.tables[table.0], key).map_err(refused)
    }

    #[inline]
    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.txn.scan(self.tables[table.0], (Bound::Included(from), Bound::Excluded(to)), visit).map_err(refused)
    }
}

impl<L: CommitLog> Transaction for EngineTxn<'_, L> {
    type Ticket = EngineTicket;

    #[inline]
    fn commit(self) -> Result<EngineTicket, StoreError> {
        self.txn.commit().map(EngineTicket).map_err(refused)
    }

    fn rollback(self) -> Result<(), StoreError> {
        self.txn.rollback().map_err(refused)
    }
}

/// What the engine refused, as a store says it.
fn refused(error: Error) -> StoreError {
    if error.retry() { StoreError::Conflict } else { StoreError::Fatal(error.to_string()) }
}
