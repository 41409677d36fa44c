//! The open database.

use std::marker::PhantomData;

use super::{CommitTicket, Error, OpenError, Options, TableId, Txn};
use crate::io::{Lsn, Vfs};
use crate::metrics::Metrics;
use crate::select;
use crate::sync::Arc;
use crate::transaction::wal::CommitLog;

/// An open database. Share it by reference or in an `Arc`; one directory has at most one.
#[derive(Debug)]
pub struct Database<L: CommitLog = select::CommitLog> {
    log: PhantomData<L>,
}

/// What [`Database::verify`] has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Tables, the catalog included.
    pub tables: u64,
    /// Pages of all trees.
    pub pages: u64,
    /// Rows, ghosts included.
    pub rows: u64,
}

impl Database<select::CommitLog> {
    /// Opens the database in a directory, creating it in an empty one and recovering it after a crash.
    pub fn open(vfs: Arc<dyn Vfs>, options: Options) -> Result<Self, OpenError> {
        Self::open_with(vfs, options)
    }
}

impl<L: CommitLog> Database<L> {
    /// [`open`](Database::open) with a log of the caller's choice: for tests that run both.
    pub fn open_with(vfs: Arc<dyn Vfs>, options: Options) -> Result<Self, OpenError> {
        todo!("{vfs:?} {options:?}")
    }

    /// Creates a table, durably.
    ///
    /// # Errors
    /// [`Error::TableExists`].
    pub fn create_table(&self, name: &str) -> Result<TableId, Error> {
        todo!("{name}")
    }

    /// Finds a table.
    ///
    /// # Errors
    /// [`Error::NoSuchTable`].
    pub fn table(&self, name: &str) -> Result<TableId, Error> {
        todo!("{name}")
    }

    /// Starts a transaction. It has no snapshot and no lock yet.
    pub fn begin(&self) -> Result<Txn<'_, L>, Error> {
        todo!()
    }

    /// Blocks until what the ticket stands for is durable: then it may be acknowledged.
    ///
    /// # Errors
    /// [`Error::Poisoned`]: whether it survived is unknown until the database is opened again.
    pub fn wait(&self, ticket: &CommitTicket) -> Result<(), Error> {
        todo!("{ticket:?}")
    }

    /// Whether what the ticket stands for is durable already. Never blocks. Stays false after a failure of the log,
    /// which [`wait`](Self::wait) reports.
    pub fn is_durable(&self, ticket: &CommitTicket) -> bool {
        self.durable() >= ticket.until
    }

    /// Gets pending commits on their way to the disk, for a worker that has other sessions to run meanwhile.
    pub fn nudge(&self) {
        todo!()
    }

    /// How far the log is durable.
    pub fn durable(&self) -> Lsn {
        todo!()
    }

    /// Writes everything changed so far in place and lets go of the log before it.
    pub fn checkpoint(&self) -> Result<(), Error> {
        todo!()
    }

    /// Drops versions and removes deleted rows that nobody can see any more. Runs by itself every
    /// [`vacuum_interval`](Options::vacuum_interval) if [`background`](Options::background) is set.
    pub fn vacuum(&self) -> Result<(), Error> {
        todo!()
    }

    /// Versions that are kept for older snapshots.
    pub fn versions(&self) -> u64 {
        todo!()
    }

    /// The database's counters and wait events.
    pub fn metrics(&self) -> &Metrics {
        todo!()
    }

    /// Checks the structure of every table. Run it while nobody writes.
    pub fn verify(&self) -> Result<Verified, Error> {
        todo!()
    }

    /// Stops the background threads, makes a checkpoint and gives the directory back.
    ///
    /// # Errors
    /// The checkpoint failed; nothing acknowledged is lost, the next open recovers.
    pub fn close(self) -> Result<(), Error> {
        todo!()
    }
}
