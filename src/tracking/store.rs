//! Opening the store: a [`Store`] to write facts, a [`Reader`] to look at them.
//!
//! ```text
//!   Store ── facts ─▶ one connection, synchronous = FULL     every fact is on disk when its call returns
//!         ── live ──▶ one connection, synchronous = NORMAL   slices, progress, heartbeats: no sync per row
//!         ── reader ─▶ Reader ─▶ up to four read-only connections
//! ```
//!
//! SQLite in WAL mode: readers never wait for the writer. FULL and not NORMAL for facts: in WAL mode NORMAL syncs only
//! at checkpoints, so a power cut could take back a pair that the lab was told is safe; facts come a few per second at
//! most, and a sync costs far less than what they took to measure. Live rows are pictures, come by the dozen while two
//! processes are being measured on the same disk, and may be lost: they must not cause syncs.
//!
//! Whatever writes begins with BEGIN IMMEDIATE. A deferred transaction that reads and then writes fails at once with
//! "database is locked", busy timeout or not, when another process wrote in between; an immediate one waits its turn.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};

use super::error::{At, Fault, StoreError};
use super::schema::{self, Found};
use crate::profiles::Shelf;
use crate::project::Project;

/// How long a write waits for other writers before it gives up. Their transactions take milliseconds; only a stopped
/// process holds the lock for longer.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Read-only connections at most; the terminal interface reads a few things at once.
const READERS_MAX: u32 = 4;

/// The store, open for writing.
#[derive(Debug, Clone)]
pub struct Store {
    facts: SqlitePool,
    live: SqlitePool,
    reader: Reader,
    pub(super) shelf: Shelf,
    pub(super) agents: Vec<u32>,
}

/// The store, open for reading. Never changes the file.
#[derive(Debug, Clone)]
pub struct Reader {
    pool: SqlitePool,
    path: PathBuf,
}

impl Store {
    /// Opens the project's store, and creates or upgrades it when need be.
    pub async fn open(project: &Project) -> Result<Self, StoreError> {
        Self::open_at(&project.store_file(), &project.profiles_dir()).await
    }

    /// Opens the store in the file `path`, which keeps its profiles in the folder `profiles`.
    pub async fn open_at(path: &Path, profiles: &Path) -> Result<Self, StoreError> {
        create(path).await.map_err(|fault| diagnosed(path, fault)).at(path)?;
        let writer =
            |synchronous| pool(1).connect_lazy_with(options(path).create_if_missing(false).synchronous(synchronous));
        Ok(Self {
            facts: writer(SqliteSynchronous::Full),
            live: writer(SqliteSynchronous::Normal),
            reader: Reader {
                pool: pool(READERS_MAX).connect_lazy_with(options(path).read_only(true)),
                path: path.to_path_buf(),
            },
            shelf: Shelf::new(profiles),
            agents: Vec::new(),
        })
    }

    /// The same store, which from now on credits what its experiments find to `agents`, by their numbers.
    #[must_use]
    pub fn crediting(self, agents: &[u32]) -> Self {
        Self { agents: agents.to_vec(), ..self }
    }

    /// For looking at what is recorded.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Closes all connections; the last one to leave folds the log into the file.
    pub async fn close(self) {
        self.reader.pool.close().await;
        self.live.close().await;
        self.facts.close().await;
    }

    /// Begins a transaction of facts: durable when committed.
    pub(super) async fn facts(&self) -> Result<Transaction<'static, Sqlite>, Fault> {
        Ok(self.facts.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Begins a transaction of live rows: visible when committed, durable some time later.
    pub(super) async fn live(&self) -> Result<Transaction<'static, Sqlite>, Fault> {
        Ok(self.live.begin_with("BEGIN IMMEDIATE").await?)
    }

    pub(super) fn path(&self) -> &Path {
        &self.reader.path
    }
}

impl Reader {
    /// Opens the project's store, or `None` while nothing was ever recorded.
    pub async fn open(project: &Project) -> Result<Option<Self>, StoreError> {
        Self::open_at(&project.store_file()).await
    }

    /// Opens the store in the file `path`, or `None` while there is none. A store of an older workbench is upgraded.
    pub async fn open_at(path: &Path) -> Result<Option<Self>, StoreError> {
        match path.try_exists() {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => return Err(Fault::CannotOpen { what: error.to_string() }).at(path),
        }
        let reading = reading_options(path);
        let reader = Self { pool: pool(READERS_MAX).connect_lazy_with(reading), path: path.to_path_buf() };
        let found = match reader.connection().await {
            Ok(mut connection) => schema::identify(&mut connection).await,
            Err(fault) => Err(fault),
        };
        match found.map_err(|fault| diagnosed(path, fault)).at(path)? {
            Found::Current => Ok(Some(reader)),
            Found::Empty => Ok(None),
            Found::Older => create(path).await.at(path).map(|()| Some(reader)),
        }
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at every page and every index; the findings, none when all is well.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        let mut connection = self.connection().await.at(&self.path)?;
        integrity(&mut connection).await.at(&self.path)
    }

    pub(super) async fn connection(&self) -> Result<PoolConnection<Sqlite>, Fault> {
        Ok(self.pool.acquire().await?)
    }

    /// Begins a read transaction: everything read in it is of one moment.
    pub(super) async fn moment(&self) -> Result<Transaction<'static, Sqlite>, Fault> {
        Ok(self.pool.begin().await?)
    }
}

/// Unix time for `at_ms` columns.
pub(super) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// An `at_ms` column as a time.
pub(super) fn time(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(if at_ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Makes sure that there is a store of this version at `path`.
async fn create(path: &Path) -> Result<(), Fault> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| not_writable(folder, &error))?;
    }
    // Another process may be creating, recovering or closing the file this moment; SQLite's own busy timeout does not
    // cover the change to WAL mode, so the whole step is tried again.
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match create_once(path).await {
            Err(Fault::Busy { .. }) if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(5)).await,
            done => return done,
        }
    }
}

async fn create_once(path: &Path) -> Result<(), Fault> {
    let mut connection =
        SqliteConnection::connect_with(&options(path).create_if_missing(true).synchronous(SqliteSynchronous::Full))
            .await?;
    // Whose file it is comes first: a foreign one is left as it is, journal mode included.
    if schema::identify(&mut connection).await? != Found::Current {
        // Writing begins here, and a file that cannot be written says so here.
        sqlx::query("PRAGMA journal_mode = WAL").execute(&mut connection).await?;
        schema::migrate(&mut connection).await?;
    } else {
        // The header alone does not tell whether the file may be written.
        connection.begin_with("BEGIN IMMEDIATE").await?.rollback().await?;
    }
    connection.close().await?;
    Ok(())
}

/// The fault, with what a closer look at a damaged file finds.
fn diagnosed(path: &Path, fault: Fault) -> Fault {
    match (fault, missing_pages(path)) {
        (Fault::Damaged { what }, Some(missing)) => Fault::Damaged { what: format!("{what}; {missing}") },
        (fault, _) => fault,
    }
}

/// The file's header says how many pages there should be (<https://www.sqlite.org/fileformat2.html>, bytes 16 and 28).
fn missing_pages(path: &Path) -> Option<String> {
    let mut header = [0; 32];
    let mut file = std::fs::File::open(path).ok()?;
    io::Read::read_exact(&mut file, &mut header).ok()?;
    let page_bytes = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        bytes => u64::from(bytes).max(512),
    };
    let expected = u64::from(u32::from_be_bytes([header[28], header[29], header[30], header[31]]));
    let there = file.metadata().ok()?.len() / page_bytes;
    (there < expected).then(|| format!("the file was cut off: {there} of {expected} pages are there"))
}

async fn integrity(connection: &mut SqliteConnection) -> Result<Vec<String>, Fault> {
    let lines: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(5)").fetch_all(connection).await?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(BUSY_TIMEOUT).foreign_keys(true)
}

/// Read-only options. SQLite must write a `-shm` file beside a WAL database even to read it; where the folder cannot be
/// written and no log is left to apply, the file is read as it is.
fn reading_options(path: &Path) -> SqliteConnectOptions {
    let log = PathBuf::from([path.as_os_str(), "-wal".as_ref()].into_iter().collect::<std::ffi::OsString>());
    let no_log = std::fs::metadata(&log).map_or(true, |log| log.len() == 0);
    let sealed = no_log && path.parent().is_some_and(|folder| !may_write(folder));
    options(path).read_only(true).immutable(sealed)
}

fn may_write(folder: &Path) -> bool {
    nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK).is_ok()
}

fn pool(connections_max: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections_max)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(BUSY_TIMEOUT + Duration::from_secs(5))
        .test_before_acquire(false)
}

fn not_writable(folder: &Path, error: &io::Error) -> Fault {
    let what = format!("cannot create {}: {error}", folder.display());
    match error.kind() {
        io::ErrorKind::StorageFull => Fault::Full { what },
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Fault::ReadOnly { what },
        _ => Fault::CannotOpen { what },
    }
}

#[cfg(test)]
impl Store {
    /// Bounds the file's size, as a full disk would.
    pub(super) async fn pretend_disk_is_full(&self) {
        let mut connection = self.facts.acquire().await.unwrap();
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *connection).await.unwrap();
        let limit = format!("PRAGMA max_page_count = {pages}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(limit)).execute(&mut *connection).await.unwrap();
    }
}
