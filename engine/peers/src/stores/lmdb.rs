//! LMDB, through the C library that heed builds, without heed's own layer.
//!
//! Tuned for what the procedures do:
//!
//! * a row is changed where it was found: one descent with a cursor, then `MDB_CURRENT | MDB_RESERVE` at the same place;
//! * a cursor per table stays open in the write transaction, so a key next to the last one needs no descent at all;
//! * a thread renews its read transaction instead of beginning a new one (`MDB_NOTLS`), its cursors with it;
//! * a table is filled behind its last row (`MDB_APPEND`);
//! * unsynced it runs with `MDB_WRITEMAP | MDB_NOSYNC | MDB_NOMETASYNC`: pages are changed in the map, commits call nothing.
//!
//! Its cache is the operating system's, and knows no budget.

use std::ffi::{CStr, CString, c_int, c_uint};
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

use engine_workload::store::{Rows, StoreError, TableId, in_groups};
use lmdb_master_sys as sys;

use super::{Config, Syncing, TABLES_MAX};
use crate::one_writer::{OneWriter, Reads, Writes, fatal, with_scratch};

/// Places for idle readers. Threads share one when there are more of them, and then may have to begin anew.
const PLACES: usize = 64;

/// Room for the data in the address space; the file grows as it is used.
const MAP_BYTES: usize = 32 << 30;

/// A database of LMDB.
pub struct Lmdb(Arc<Env>);

/// What its transactions share.
pub struct Env {
    env: *mut sys::MDB_env,
    dbis: Vec<sys::MDB_dbi>,
    idle: [Place; PLACES],
    syncing: Syncing,
}

// SAFETY: an environment may be used by all threads; who takes a reader out of its place has it alone.
unsafe impl Send for Env {}
// SAFETY: as above.
unsafe impl Sync for Env {}

/// A read transaction with its cursors, in use or reset.
struct Reader {
    txn: *mut sys::MDB_txn,
    cursors: [*mut sys::MDB_cursor; TABLES_MAX],
    /// Bit n: cursor n belongs to the transaction since its last renewal.
    renewed: u16,
}

/// Where a thread leaves its reader between two transactions: a cache line of its own, so that threads do not meet.
#[repr(align(128))]
struct Place(AtomicPtr<Reader>);

/// A snapshot.
pub struct LmdbRead<'s> {
    env: &'s Env,
    reader: Option<Box<Reader>>,
}

/// The write transaction.
pub struct LmdbWrite {
    env: Arc<Env>,
    txn: *mut sys::MDB_txn,
    cursors: [*mut sys::MDB_cursor; TABLES_MAX],
    /// It holds a mutex of its thread's.
    _thread: PhantomData<*mut ()>,
}

impl Lmdb {
    /// Creates the database.
    pub fn open(config: &Config<'_>) -> Result<Self, StoreError> {
        assert!(config.tables.len() <= TABLES_MAX, "more tables than cursors are kept for");
        let path = CString::new(config.dir.as_os_str().as_bytes()).map_err(fatal)?;
        let mut env = ptr::null_mut();
        // SAFETY: `env` is a place for the handle; each call follows LMDB's order create, set, open. From here on `Env`
        // closes it.
        let mut env = unsafe {
            check(sys::mdb_env_create(&mut env))?;
            Env { env, dbis: Vec::new(), idle: [const { Place::new() }; PLACES], syncing: Syncing::new(config) }
        };
        // Commits of the load do not sync in any case. With a writable map, syncing is by msync, which is slower than
        // writing the pages: so the durable database has none.
        let writemap = if config.durable { 0 } else { sys::MDB_WRITEMAP | sys::MDB_NOMETASYNC };
        let flags = sys::MDB_NOTLS | sys::MDB_NOMEMINIT | sys::MDB_NOSYNC | writemap;
        // SAFETY: the handle was created above, and nobody else has it yet.
        unsafe {
            check(sys::mdb_env_set_mapsize(env.env, MAP_BYTES))?;
            check(sys::mdb_env_set_maxdbs(env.env, config.tables.len() as c_uint))?;
            check(sys::mdb_env_set_maxreaders(env.env, 1024))?;
            check(sys::mdb_env_open(env.env, path.as_ptr(), flags, 0o644))?;
        }
        env.dbis = open_tables(&env, config.tables)?;
        Ok(Lmdb(Arc::new(env)))
    }
}

fn open_tables(env: &Env, tables: &[&str]) -> Result<Vec<sys::MDB_dbi>, StoreError> {
    let mut txn = ptr::null_mut();
    // SAFETY: the environment is open, and no other transaction is.
    check(unsafe { sys::mdb_txn_begin(env.env, ptr::null_mut(), 0, &mut txn) })?;
    let mut dbis = Vec::with_capacity(tables.len());
    for name in tables {
        let (name, mut dbi) = (CString::new(*name).map_err(fatal)?, 0);
        // SAFETY: the transaction is open; the name outlives the call.
        let code = unsafe { sys::mdb_dbi_open(txn, name.as_ptr(), sys::MDB_CREATE, &mut dbi) };
        if let Err(error) = check(code) {
            // SAFETY: the transaction is open, and not used after.
            unsafe { sys::mdb_txn_abort(txn) };
            return Err(error);
        }
        dbis.push(dbi);
    }
    // SAFETY: the transaction is open, and not used after.
    check(unsafe { sys::mdb_txn_commit(txn) })?;
    Ok(dbis)
}

impl Place {
    const fn new() -> Self {
        Place(AtomicPtr::new(ptr::null_mut()))
    }

    /// The reader that is left here, if any.
    fn take(&self) -> Option<Box<Reader>> {
        let reader = self.0.swap(ptr::null_mut(), Ordering::Acquire);
        // SAFETY: it came from `leave`, and is taken once.
        (!reader.is_null()).then(|| unsafe { Box::from_raw(reader) })
    }

    /// Leaves a reader here, and returns the one it takes the place of.
    fn leave(&self, reader: Box<Reader>) -> Option<Box<Reader>> {
        let other = self.0.swap(Box::into_raw(reader), Ordering::AcqRel);
        // SAFETY: as in `take`.
        (!other.is_null()).then(|| unsafe { Box::from_raw(other) })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        for cursor in self.cursors.into_iter().filter(|cursor| !cursor.is_null()) {
            // SAFETY: opened by this reader, closed once.
            unsafe { sys::mdb_cursor_close(cursor) };
        }
        // SAFETY: the transaction is open or reset, and not used after; the environment outlives it.
        unsafe { sys::mdb_txn_abort(self.txn) };
    }
}

impl Env {
    /// This thread's place.
    fn place(&self) -> &Place {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static NUMBER: usize = THREADS.fetch_add(1, Ordering::Relaxed);
        }
        &self.idle[NUMBER.with(|number| number % PLACES)]
    }
}

impl Drop for Env {
    fn drop(&mut self) {
        self.idle.iter().for_each(|place| drop(place.take()));
        // SAFETY: every transaction borrows or holds this, so none is left.
        unsafe { sys::mdb_env_close(self.env) };
    }
}

impl OneWriter for Lmdb {
    type Read<'s> = LmdbRead<'s>;
    type Write = LmdbWrite;

    fn read(&self) -> Result<LmdbRead<'_>, StoreError> {
        let env = &*self.0;
        let reader = match env.place().take() {
            Some(mut reader) => {
                // SAFETY: an idle reader's transaction is reset.
                check(unsafe { sys::mdb_txn_renew(reader.txn) })?;
                reader.renewed = 0;
                reader
            }
            None => {
                let mut txn = ptr::null_mut();
                // SAFETY: the environment is open.
                check(unsafe { sys::mdb_txn_begin(env.env, ptr::null_mut(), sys::MDB_RDONLY, &mut txn) })?;
                Box::new(Reader { txn, cursors: [ptr::null_mut(); TABLES_MAX], renewed: 0 })
            }
        };
        Ok(LmdbRead { env, reader: Some(reader) })
    }

    fn write(&self) -> Result<LmdbWrite, StoreError> {
        let (env, mut txn) = (Arc::clone(&self.0), ptr::null_mut());
        // SAFETY: the environment is open. This blocks while another thread has the write transaction.
        check(unsafe { sys::mdb_txn_begin(env.env, ptr::null_mut(), 0, &mut txn) })?;
        Ok(LmdbWrite { env, txn, cursors: [ptr::null_mut(); TABLES_MAX], _thread: PhantomData })
    }

    fn fill<R: Rows>(&self, table: TableId, rows: R, filled: &AtomicU64) -> Result<(), StoreError> {
        let append = |txn: &mut LmdbWrite, key: &[u8], row: &[u8]| txn.store(table, key, row, sys::MDB_APPEND);
        in_groups(rows, filled, || self.write(), append, LmdbWrite::commit)
    }

    fn end_load(&self) -> Result<(), StoreError> {
        // SAFETY: the environment is open; no transaction is under way at the end of a load, as setting flags asks for.
        unsafe {
            check(sys::mdb_env_sync(self.0.env, 1))?;
            if self.0.syncing.begin() {
                check(sys::mdb_env_set_flags(self.0.env, sys::MDB_NOSYNC, 0))?;
            }
        }
        Ok(())
    }
}

impl LmdbRead<'_> {
    fn reader(&mut self) -> &mut Reader {
        // Taken by `drop` alone.
        self.reader.as_mut().unwrap_or_else(|| unreachable!("the reader is given back"))
    }
}

impl Reads for LmdbRead<'_> {
    #[inline]
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        let dbi = self.env.dbis[table.0];
        let (mut key, mut data) = (val(key), empty());
        // SAFETY: the transaction is open; what `data` points at is valid until it ends, and copied at once.
        unsafe {
            let found = found(sys::mdb_get(self.reader().txn, dbi, &mut key, &mut data))?;
            row.clear();
            row.extend_from_slice(bytes(&data));
            Ok(found)
        }
    }

    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let dbi = self.env.dbis[table.0];
        let Reader { txn, cursors, renewed } = self.reader();
        let cursor = &mut cursors[table.0];
        // SAFETY: the transaction is open, and the cursor belongs to it once it is opened or renewed.
        unsafe {
            if cursor.is_null() {
                check(sys::mdb_cursor_open(*txn, dbi, cursor))?;
            } else if *renewed & (1 << table.0) == 0 {
                check(sys::mdb_cursor_renew(*txn, *cursor))?;
            }
            *renewed |= 1 << table.0;
            walk(*cursor, from, to, visit)
        }
    }
}

impl Drop for LmdbRead<'_> {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            // SAFETY: the transaction is open; it is only renewed after.
            unsafe { sys::mdb_txn_reset(reader.txn) };
            drop(self.env.place().leave(reader));
        }
    }
}

impl LmdbWrite {
    #[inline]
    fn cursor(&mut self, table: TableId) -> Result<*mut sys::MDB_cursor, StoreError> {
        let cursor = &mut self.cursors[table.0];
        if cursor.is_null() {
            // SAFETY: the transaction is open.
            check(unsafe { sys::mdb_cursor_open(self.txn, self.env.dbis[table.0], cursor) })?;
        }
        Ok(*cursor)
    }

    /// Puts the cursor on `key`; where its row is, until the next write.
    #[inline]
    fn seek(&mut self, table: TableId, key: &[u8]) -> Result<Option<(*mut sys::MDB_cursor, sys::MDB_val)>, StoreError> {
        let cursor = self.cursor(table)?;
        let (mut key, mut data) = (val(key), empty());
        // SAFETY: the cursor belongs to the open transaction; the key outlives the call.
        let found = found(unsafe { sys::mdb_cursor_get(cursor, &mut key, &mut data, sys::MDB_SET) })?;
        Ok(found.then_some((cursor, data)))
    }

    #[inline]
    fn store(&mut self, table: TableId, key: &[u8], row: &[u8], flags: c_uint) -> Result<(), StoreError> {
        let cursor = self.cursor(table)?;
        let (mut key, mut data) = (val(key), val(row));
        // SAFETY: the cursor belongs to the open transaction; key and row outlive the call, which copies them.
        check(unsafe { sys::mdb_cursor_put(cursor, &mut key, &mut data, flags) })
    }
}

impl Reads for LmdbWrite {
    #[inline]
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        row.clear();
        let Some((_, data)) = self.seek(table, key)? else { return Ok(false) };
        // SAFETY: nothing was written since.
        row.extend_from_slice(unsafe { bytes(&data) });
        Ok(true)
    }

    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let cursor = self.cursor(table)?;
        // SAFETY: the cursor belongs to the open transaction.
        unsafe { walk(cursor, from, to, visit) }
    }
}

impl Writes for LmdbWrite {
    #[inline]
    fn put(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        self.store(table, key, row, 0)
    }

    #[inline]
    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        self.store(table, key, row, sys::MDB_NOOVERWRITE)
    }

    #[inline]
    fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, StoreError> {
        let Some((cursor, data)) = self.seek(table, key)? else { return Ok(false) };
        with_scratch(|row| {
            row.clear();
            // SAFETY: nothing was written since.
            row.extend_from_slice(unsafe { bytes(&data) });
            change(row);
            let (mut key, mut place) = (val(key), sys::MDB_val { mv_size: row.len(), mv_data: ptr::null_mut() });
            // SAFETY: the cursor stands on the key. LMDB reserves as many bytes as asked for, to be filled before the next
            // call.
            unsafe {
                check(sys::mdb_cursor_put(cursor, &mut key, &mut place, sys::MDB_CURRENT | sys::MDB_RESERVE))?;
                ptr::copy_nonoverlapping(row.as_ptr(), place.mv_data.cast(), row.len());
            }
            Ok(true)
        })
    }

    #[inline]
    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError> {
        let Some((cursor, _)) = self.seek(table, key)? else { return Ok(false) };
        // SAFETY: the cursor stands on the key.
        check(unsafe { sys::mdb_cursor_del(cursor, 0) })?;
        Ok(true)
    }

    fn commit(mut self) -> Result<(), StoreError> {
        // The environment's flags say whether this syncs. It frees the cursors, and the transaction in any case.
        let txn = std::mem::replace(&mut self.txn, ptr::null_mut());
        // SAFETY: the transaction is open, and not used after.
        check(unsafe { sys::mdb_txn_commit(txn) })
    }
}

impl Drop for LmdbWrite {
    fn drop(&mut self) {
        if !self.txn.is_null() {
            // SAFETY: the transaction is open, and not used after; its cursors go with it.
            unsafe { sys::mdb_txn_abort(self.txn) };
        }
    }
}

/// Visits from `from` until `to`.
///
/// # Safety
/// The cursor belongs to an open transaction, in which `visit` writes nothing.
unsafe fn walk(
    cursor: *mut sys::MDB_cursor,
    from: &[u8],
    to: &[u8],
    mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let (mut key, mut data) = (val(from), empty());
    let mut step = if from.is_empty() { sys::MDB_FIRST } else { sys::MDB_SET_RANGE };
    // SAFETY: as the caller promises; keys and rows are looked at before the cursor moves on.
    unsafe {
        while found(sys::mdb_cursor_get(cursor, &mut key, &mut data, step))? {
            let at = bytes(&key);
            if at >= to || visit(at, bytes(&data)).is_break() {
                break;
            }
            step = sys::MDB_NEXT;
        }
    }
    Ok(())
}

fn val(bytes: &[u8]) -> sys::MDB_val {
    sys::MDB_val { mv_size: bytes.len(), mv_data: bytes.as_ptr().cast_mut().cast() }
}

fn empty() -> sys::MDB_val {
    sys::MDB_val { mv_size: 0, mv_data: ptr::null_mut() }
}

/// # Safety
/// The value was filled by LMDB in a transaction that is open, or is empty.
unsafe fn bytes<'a>(val: &sys::MDB_val) -> &'a [u8] {
    if val.mv_size == 0 {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(val.mv_data.cast(), val.mv_size) }
}

#[inline]
fn found(code: c_int) -> Result<bool, StoreError> {
    if code == sys::MDB_NOTFOUND { Ok(false) } else { check(code).map(|()| true) }
}

#[inline]
fn check(code: c_int) -> Result<(), StoreError> {
    if code == sys::MDB_SUCCESS { Ok(()) } else { Err(failed(code)) }
}

#[cold]
fn failed(code: c_int) -> StoreError {
    // SAFETY: LMDB returns a static string for every code.
    let text = unsafe { CStr::from_ptr(sys::mdb_strerror(code)) };
    fatal(format!("LMDB: {}", text.to_string_lossy()))
}
