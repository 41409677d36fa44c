//! The open database.

use super::background::Background;
use super::{CommitTicket, Error, Load, OpenError, Options, TableId, Txn};
use crate::index::check::{TreeFault, TreeReport};
use crate::io::{Lsn, Vfs};
use crate::metrics::Metrics;
use crate::select;
use crate::sync::Arc;
use crate::transaction::Vacuumed;
use crate::transaction::engine::Engine;
use crate::transaction::recovery;
use crate::transaction::wal::CommitLog;

/// An open database. Share it by reference or in an `Arc`; one directory has at most one.
#[derive(Debug)]
pub struct Database<L: CommitLog = select::CommitLog> {
    // Dropped first: the threads hold the engine too.
    background: Option<Background>,
    engine: Arc<Engine<L>>,
}

/// What [`Database::verify`] has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Tables.
    pub tables: u64,
    /// Pages of all trees, the catalog's included.
    pub pages: u64,
    /// Rows of all tables, deleted ones that are not removed yet included.
    pub rows: u64,
}

/// What is wrong with a database.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VerifyError {
    /// A tree is not as it must be.
    #[error("table `{table}`: {fault}")]
    Table {
        /// Its name.
        table: String,
        /// What is wrong.
        fault: TreeFault,
    },
    /// The catalog is not as it must be.
    #[error("the catalog: {0}")]
    Catalog(TreeFault),
    /// The catalog cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Error),
}

impl Database<select::CommitLog> {
    /// Opens the database in a directory, creating it in an empty one and recovering it after a crash.
    // Inline, so that the engine is compiled with its log where it is used, and not here as well.
    #[inline]
    pub fn open(vfs: Arc<dyn Vfs>, options: Options) -> Result<Self, OpenError> {
        Self::open_with(vfs, options)
    }
}

impl<L: CommitLog> Database<L> {
    /// [`open`](Database::open) with a log of the caller's choice: for tests that run both.
    pub fn open_with(vfs: Arc<dyn Vfs>, options: Options) -> Result<Self, OpenError> {
        let settings = options.settings();
        settings.check()?;
        let engine = Arc::new(recovery::open::<L>(vfs, &settings)?);
        let background = options.background.then(|| Background::start(&engine, &options)).transpose()?;
        Ok(Self { background, engine })
    }

    /// Creates a table, durably.
    ///
    /// # Errors
    /// [`Error::TableExists`].
    pub fn create_table(&self, name: &str) -> Result<TableId, Error> {
        self.engine.create_table(name)
    }

    /// Finds a table.
    ///
    /// # Errors
    /// [`Error::NoSuchTable`].
    pub fn table(&self, name: &str) -> Result<TableId, Error> {
        self.engine.table(name)
    }

    /// All tables by name.
    pub fn tables(&self) -> Result<Vec<(String, TableId)>, Error> {
        self.engine.tables()
    }

    /// Starts a transaction. It has no snapshot and no lock yet.
    #[inline]
    pub fn begin(&self) -> Result<Txn<'_, L>, Error> {
        Txn::begin(&self.engine)
    }

    /// Begins to fill an empty table with sorted rows: see [`Load`].
    ///
    /// # Errors
    /// [`Error::NoSuchTable`]; or the table could not be locked.
    pub fn load(&self, table: TableId) -> Result<Load<'_, L>, Error> {
        Load::begin(&self.engine, table)
    }

    /// Blocks until what the ticket stands for is durable: then it may be acknowledged.
    ///
    /// # Errors
    /// [`Error::Poisoned`]: whether it survived is unknown until the database is opened again.
    pub fn wait(&self, ticket: &CommitTicket) -> Result<(), Error> {
        Ok(self.engine.log().wait(ticket.until)?)
    }

    /// Whether what the ticket stands for is durable already. Never blocks. Stays false after a failure of the log,
    /// which [`wait`](Self::wait) reports.
    #[inline]
    pub fn is_durable(&self, ticket: &CommitTicket) -> bool {
        self.durable() >= ticket.until
    }

    /// Gets pending commits on their way to the disk, for a worker that has other sessions to run meanwhile.
    pub fn nudge(&self) {
        self.engine.log().nudge();
    }

    /// How far the log is durable.
    pub fn durable(&self) -> Lsn {
        self.engine.log().durable()
    }

    /// Writes everything changed so far in place and lets go of the log before it.
    pub fn checkpoint(&self) -> Result<(), Error> {
        self.engine.checkpoint()
    }

    /// Writes the pages that are due, if the engine writes pages in the background (B004), and makes the checkpoint that is
    /// due. Runs by itself if [`background`](Options::background) is set.
    pub fn write_pages(&self, redo_bytes: u64) -> Result<(), Error> {
        self.engine.write_pages(redo_bytes)?;
        self.engine.checkpoint_if_due(redo_bytes)
    }

    /// Drops versions and removes deleted rows that nobody can see any more. Runs by itself every
    /// [`vacuum_interval`](Options::vacuum_interval) if [`background`](Options::background) is set.
    pub fn vacuum(&self) -> Result<Vacuumed, Error> {
        self.engine.vacuum()
    }

    /// Versions that are kept for older snapshots.
    pub fn versions(&self) -> u64 {
        self.engine.versions()
    }

    /// The database's counters and wait events.
    pub fn metrics(&self) -> &Metrics {
        self.engine.metrics()
    }

    /// Checks the structure of the catalog and of every table. Nobody may write meanwhile.
    ///
    /// # Errors
    /// The first thing that is not as it must be, by table and page.
    pub fn verify(&self) -> Result<Verified, VerifyError> {
        let catalog = self.engine.catalog().tree().check().map_err(VerifyError::Catalog)?;
        let mut verified = Verified { tables: 0, pages: pages(&catalog), rows: 0 };
        for (table, id) in self.tables()? {
            let report = self.engine.tree(id)?.check().map_err(|fault| VerifyError::Table { table, fault })?;
            verified.tables += 1;
            verified.pages += pages(&report);
            verified.rows += report.entries;
        }
        Ok(verified)
    }

    /// Stops the background threads, makes a checkpoint and gives the directory back.
    ///
    /// # Errors
    /// The checkpoint failed; nothing acknowledged is lost, the next open recovers.
    pub fn close(mut self) -> Result<(), Error> {
        drop(self.background.take());
        self.engine.checkpoint()?;
        Ok(self.engine.log().close()?)
    }
}

fn pages(report: &TreeReport) -> u64 {
    report.pages.iter().sum()
}
