//! SQLite, through rusqlite: WAL mode, one prepared statement per table and kind of access, tables `WITHOUT ROWID` so that a
//! row lies where its key is.
//!
//! A durable commit is `synchronous=FULL` (in WAL mode one sync of the log), an unsynced one `synchronous=OFF`. Writers
//! queue for the one writing connection here, instead of polling for SQLite's lock; readers have connections of their own.
//! Pages outside the log are read through the memory map, which comes on top of the cache.
//!
//! The load has no log: its rollback journal is in memory, its pages are written where they belong, and the file is synced
//! when the load ends. Only then WAL mode begins.

use std::fs::File;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use engine_workload::store::{StoreError, TableId};
use rusqlite::{Connection, Statement};

use super::{Config, Syncing};
use crate::one_writer::{OneWriter, Reads, Writes, fatal, with_scratch};

/// Address space in which the database file is mapped.
const MAP_BYTES: u64 = 8 << 30;

/// Cache of a connection that reads: it has the memory map beside it.
const READER_CACHE_BYTES: u64 = 8 << 20;

/// The log is written back into the database after so many pages of 4 KiB.
const CHECKPOINT_PAGES: u32 = 16_384;

/// A database of SQLite.
pub struct Sqlite(Arc<Inner>);

/// What its transactions share.
pub struct Inner {
    path: PathBuf,
    tables: &'static [&'static str],
    /// The writing connection, unless somebody writes.
    writer: Mutex<Option<Session>>,
    written: Condvar,
    readers: Mutex<Vec<Session>>,
    syncing: Syncing,
}

/// A connection with its statements.
pub struct Session {
    /// They borrow the connection: dropped before it.
    tables: Vec<Statements>,
    begin_read: Statement<'static>,
    begin_write: Statement<'static>,
    commit: Statement<'static>,
    rollback: Statement<'static>,
    connection: Box<Connection>,
}

struct Statements {
    get: Statement<'static>,
    scan: Statement<'static>,
    put: Statement<'static>,
    insert: Statement<'static>,
    update: Statement<'static>,
    delete: Statement<'static>,
}

// SAFETY: a connection may go from thread to thread, and its statements go with it, all owned by this and never lent out.
unsafe impl Send for Session {}

/// A transaction of either kind, on a connection that is the store's.
pub struct SqliteTxn<K: Kind> {
    store: Arc<Inner>,
    session: Option<Session>,
    kind: PhantomData<K>,
}

/// A snapshot.
pub type SqliteRead = SqliteTxn<Snapshot>;

/// The write transaction.
pub type SqliteWrite = SqliteTxn<Writer>;

/// How a transaction ends that was not committed.
pub trait Kind {
    /// Ends it, and gives the connection back.
    fn end(store: &Inner, session: Session);
}

/// See [`SqliteRead`].
pub enum Snapshot {}

/// See [`SqliteWrite`].
pub enum Writer {}

impl Sqlite {
    /// Creates the database.
    pub fn open(config: &Config<'_>) -> Result<Self, StoreError> {
        let path = config.dir.join("sqlite");
        let connection = Connection::open(&path).map_err(fatal)?;
        let page_bytes = if config.long_rows { 8192 } else { 4096 };
        connection
            .execute_batch(&format!("PRAGMA page_size={page_bytes}; PRAGMA journal_mode=MEMORY;"))
            .map_err(fatal)?;
        for table in config.tables {
            let create = format!(
                "CREATE TABLE IF NOT EXISTS \"{table}\" (key BLOB PRIMARY KEY, row BLOB NOT NULL) WITHOUT ROWID"
            );
            connection.execute_batch(&create).map_err(fatal)?;
        }
        let writer = Session::new(connection, config.tables, config.cache_bytes)?;
        Ok(Sqlite(Arc::new(Inner {
            path,
            tables: config.tables,
            writer: Mutex::new(Some(writer)),
            written: Condvar::new(),
            readers: Mutex::default(),
            syncing: Syncing::new(config),
        })))
    }
}

impl OneWriter for Sqlite {
    type Read<'s> = SqliteRead;
    type Write = SqliteWrite;

    fn read(&self) -> Result<SqliteRead, StoreError> {
        let store = Arc::clone(&self.0);
        let idle = store.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut session = match idle {
            Some(session) => session,
            None => Session::new(Connection::open(&store.path).map_err(fatal)?, store.tables, READER_CACHE_BYTES)?,
        };
        run(&mut session.begin_read)?;
        Ok(SqliteTxn { store, session: Some(session), kind: PhantomData })
    }

    fn write(&self) -> Result<SqliteWrite, StoreError> {
        let store = Arc::clone(&self.0);
        let mut session = store.take_writer();
        if let Err(error) = run(&mut session.begin_write) {
            store.give_back(session);
            return Err(error);
        }
        Ok(SqliteTxn { store, session: Some(session), kind: PhantomData })
    }

    fn end_load(&self) -> Result<(), StoreError> {
        // Connections that read have the journal's mode from when they were opened.
        self.0.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let session = self.0.take_writer();
        // No transaction is under way, so no lock of SQLite's is lost when this handle is closed.
        let synced = File::open(&self.0.path).and_then(|file| file.sync_all()).map_err(fatal);
        let outcome = synced.and_then(|()| {
            let mode = "PRAGMA synchronous=FULL; PRAGMA journal_mode=WAL;";
            session.connection.execute_batch(mode).map_err(fatal)?;
            if !self.0.syncing.begin() {
                session.connection.execute_batch("PRAGMA synchronous=OFF;").map_err(fatal)?;
            }
            Ok(())
        });
        self.0.give_back(session);
        outcome
    }

    fn verify(&self) -> Result<(), String> {
        let session = self.0.take_writer();
        let found = session.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
        self.0.give_back(session);
        match found {
            Ok(text) if text == "ok" => Ok(()),
            Ok(text) => Err(text),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Inner {
    fn take_writer(&self) -> Session {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(session) = writer.take() {
                return session;
            }
            writer = self.written.wait(writer).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn give_back(&self, session: Session) {
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
        self.written.notify_one();
    }
}

impl Session {
    fn new(connection: Connection, tables: &[&str], cache_bytes: u64) -> Result<Self, StoreError> {
        let cache_kib = cache_bytes >> 10;
        let settings = format!(
            "PRAGMA cache_size=-{cache_kib}; PRAGMA mmap_size={MAP_BYTES}; PRAGMA temp_store=MEMORY; \
             PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}; PRAGMA synchronous=OFF;"
        );
        connection.execute_batch(&settings).map_err(fatal)?;
        let connection = Box::new(connection);
        let prepare = |sql: &str| -> Result<Statement<'static>, StoreError> {
            let statement = connection.prepare(sql).map_err(fatal)?;
            // SAFETY: the connection is in a box that this session owns and does not replace, and the statements are
            // declared, and so dropped, before it.
            Ok(unsafe { std::mem::transmute::<Statement<'_>, Statement<'static>>(statement) })
        };
        let table = |name: &&str| -> Result<Statements, StoreError> {
            Ok(Statements {
                get: prepare(&format!("SELECT row FROM \"{name}\" WHERE key = ?1"))?,
                scan: prepare(&format!("SELECT key, row FROM \"{name}\" WHERE key >= ?1 AND key < ?2 ORDER BY key"))?,
                put: prepare(&format!("INSERT OR REPLACE INTO \"{name}\" (key, row) VALUES (?1, ?2)"))?,
                insert: prepare(&format!("INSERT INTO \"{name}\" (key, row) VALUES (?1, ?2)"))?,
                update: prepare(&format!("UPDATE \"{name}\" SET row = ?2 WHERE key = ?1"))?,
                delete: prepare(&format!("DELETE FROM \"{name}\" WHERE key = ?1"))?,
            })
        };
        Ok(Session {
            tables: tables.iter().map(table).collect::<Result<_, _>>()?,
            begin_read: prepare("BEGIN DEFERRED")?,
            begin_write: prepare("BEGIN IMMEDIATE")?,
            commit: prepare("COMMIT")?,
            rollback: prepare("ROLLBACK")?,
            connection,
        })
    }

    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        row.clear();
        let statement = &mut self.tables[table.0].get;
        statement.raw_bind_parameter(1, key).map_err(fatal)?;
        let mut rows = statement.raw_query();
        let Some(found) = rows.next().map_err(fatal)? else { return Ok(false) };
        row.extend_from_slice(blob(found, 0)?);
        Ok(true)
    }

    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let statement = &mut self.tables[table.0].scan;
        statement.raw_bind_parameter(1, from).map_err(fatal)?;
        statement.raw_bind_parameter(2, to).map_err(fatal)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(fatal)? {
            if visit(blob(row, 0)?, blob(row, 1)?).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl<K: Kind> SqliteTxn<K> {
    fn session(&mut self) -> &mut Session {
        // Taken by `commit` and `drop` alone.
        self.session.as_mut().unwrap_or_else(|| unreachable!("the connection is given back"))
    }
}

impl<K: Kind> Reads for SqliteTxn<K> {
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        self.session().get(table, key, row)
    }

    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.session().scan(table, from, to, visit)
    }
}

impl<K: Kind> Drop for SqliteTxn<K> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            K::end(&self.store, session);
        }
    }
}

impl Kind for Snapshot {
    fn end(store: &Inner, mut session: Session) {
        if run(&mut session.commit).is_ok() {
            store.readers.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        }
    }
}

impl Kind for Writer {
    fn end(store: &Inner, mut session: Session) {
        // Fails if SQLite has rolled back already; then there is nothing to undo.
        let _ = run(&mut session.rollback);
        store.give_back(session);
    }
}

impl SqliteWrite {
    fn change(&mut self, table: TableId, key: &[u8], row: &[u8], what: Change) -> Result<usize, StoreError> {
        let statements = &mut self.session().tables[table.0];
        let statement = match what {
            Change::Put => &mut statements.put,
            Change::Insert => &mut statements.insert,
            Change::Update => &mut statements.update,
        };
        statement.raw_bind_parameter(1, key).map_err(fatal)?;
        statement.raw_bind_parameter(2, row).map_err(fatal)?;
        statement.raw_execute().map_err(fatal)
    }
}

/// How a row is written.
#[derive(Debug, Clone, Copy)]
enum Change {
    Put,
    Insert,
    Update,
}

impl Writes for SqliteWrite {
    fn put(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        self.change(table, key, row, Change::Put).map(drop)
    }

    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        self.change(table, key, row, Change::Insert).map(drop)
    }

    fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, StoreError> {
        with_scratch(|row| {
            if !self.session().get(table, key, row)? {
                return Ok(false);
            }
            change(row);
            Ok(self.change(table, key, row, Change::Update)? == 1)
        })
    }

    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError> {
        let statement = &mut self.session().tables[table.0].delete;
        statement.raw_bind_parameter(1, key).map_err(fatal)?;
        Ok(statement.raw_execute().map_err(fatal)? == 1)
    }

    fn commit(mut self) -> Result<(), StoreError> {
        // What fails to commit is rolled back by `drop`.
        run(&mut self.session().commit)?;
        if let Some(session) = self.session.take() {
            self.store.give_back(session);
        }
        Ok(())
    }
}

fn run(statement: &mut Statement<'static>) -> Result<(), StoreError> {
    statement.raw_execute().map(drop).map_err(fatal)
}

fn blob<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<&'r [u8], StoreError> {
    row.get_ref(column).map_err(fatal)?.as_blob().map_err(fatal)
}
