//! What all transactions of a database share.

use super::clock::Clock;
use super::durable::Durable;
use super::error::Error;
use super::ghosts::Ghosts;
use super::lock_manager::LockManager;
use super::mvcc::VersionStore as _;
use super::row_log::{Encoder, Record};
use super::running::Running;
use super::stamp::{Origin, Stamp, Ts, TxnId};
use super::txn::{Spares, TableId};
use super::wal::CommitLog;
use crate::buffer::flush::Flusher;
use crate::index::BTree;
use crate::io::{IoAction, IoError, Lsn, Span};
use crate::metrics::Metrics;
use crate::select::VersionStore;
use crate::storage::Volume;
use crate::storage::catalog::{Catalog, CatalogError, MAX_TREES, TreeEntry};
use crate::storage::superblock::Superblock;
use crate::sync::{Arc, Mutex, OnceLock};

/// The shared state behind every [`Txn`](super::txn::Txn).
#[derive(Debug)]
pub struct Engine<L: CommitLog> {
    pub(super) volume: Arc<Volume<L>>,
    pub(super) catalog: Catalog<L>,
    /// By table number: looked up with every row operation, hence no lock.
    trees: Box<[OnceLock<BTree<L>>]>,
    pub(super) clock: Clock,
    pub(super) durable: Durable,
    pub(super) running: Running,
    pub(super) locks: LockManager,
    pub(super) versions: VersionStore,
    pub(super) ghosts: Ghosts,
    /// The first transaction id of this life of the database.
    pub(super) first_id: TxnId,
    /// The last timestamp of the lives before.
    pub(super) first_ts: Ts,
    pub(super) spare: Spares,
    pub(super) superblock: Superblock,
    /// The log's end at the begin of the last checkpoint; held during one.
    pub(super) checkpointed: Mutex<Lsn>,
    /// Held during a vacuum.
    pub(super) vacuuming: Mutex<()>,
    pub(super) metrics: Arc<Metrics>,
}

/// What an engine is made of.
#[derive(Debug)]
pub(super) struct Parts<L: CommitLog> {
    pub(super) volume: Arc<Volume<L>>,
    pub(super) catalog: Catalog<L>,
    pub(super) superblock: Superblock,
    /// Every transaction id below is past.
    pub(super) first_id: TxnId,
    /// Every timestamp up to this one is past.
    pub(super) first_ts: Ts,
    pub(super) locks: LockManager,
    pub(super) metrics: Arc<Metrics>,
}

impl<L: CommitLog> Engine<L> {
    /// An engine over pages that redo has brought up to date.
    pub(super) fn new(parts: Parts<L>) -> Result<Self, Error> {
        let Parts { volume, catalog, superblock, first_id, first_ts, locks, metrics } = parts;
        let engine = Self {
            trees: (0..MAX_TREES).map(|_| OnceLock::new()).collect(),
            clock: Clock::new(first_ts),
            durable: Durable::new(first_ts),
            running: Running::new(first_id),
            locks,
            versions: VersionStore::new(first_id, first_ts, Arc::clone(&metrics)),
            ghosts: Ghosts::new(&metrics),
            first_id,
            first_ts,
            spare: Spares::new(),
            superblock,
            checkpointed: Mutex::new(volume.log.tail()),
            vacuuming: Mutex::new(()),
            metrics,
            volume,
            catalog,
        };
        for (_, entry) in engine.catalog.list()? {
            engine.add_table(entry)?;
        }
        Ok(engine)
    }

    /// Creates a table, durably.
    pub fn create_table(&self, name: &str) -> Result<TableId, Error> {
        let table = self.add_table(self.catalog.create_tree(name)?)?;
        self.volume.log.sync_to(self.volume.log.tail())?;
        Ok(table)
    }

    /// Finds a table.
    pub fn table(&self, name: &str) -> Result<TableId, Error> {
        match self.catalog.find(name)? {
            Some(entry) => Ok(TableId(entry.tree.0)),
            None => Err(Error::NoSuchTable(name.to_owned())),
        }
    }

    /// Names and numbers of all tables.
    pub fn tables(&self) -> Result<Vec<(String, TableId)>, Error> {
        let tables = self.catalog.list()?.into_iter();
        Ok(tables.map(|(name, entry)| (name, TableId(entry.tree.0))).collect())
    }

    /// The log.
    #[inline]
    pub fn log(&self) -> &L {
        &self.volume.log
    }

    /// Versions kept for older snapshots.
    pub fn versions(&self) -> u64 {
        self.versions.versions()
    }

    /// The database's counters.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Who writes pages: to be asked whether, and when, it has work in the background.
    pub fn flusher(&self) -> &dyn Flusher {
        self.volume.pool.flusher()
    }

    /// The catalog, and through it all trees.
    pub fn catalog(&self) -> &Catalog<L> {
        &self.catalog
    }

    /// The tree that holds a table.
    #[inline]
    pub fn tree(&self, table: TableId) -> Result<&BTree<L>, Error> {
        let tree = self.trees.get(table.0 as usize).and_then(OnceLock::get);
        tree.ok_or_else(|| Error::NoSuchTable(format!("number {}", table.0)))
    }

    /// Appends a record. The caller holds the latch of the page it changes.
    #[inline]
    pub(super) fn append(&self, encoder: &mut Encoder, record: &Record<'_>) -> Result<Span, Error> {
        Ok(self.volume.log.append(encoder.encode(record))?)
    }

    /// The last commit that is durable with all before it, as far as can be known by now.
    pub(super) fn look_what_is_durable(&self) -> Ts {
        self.durable.look(&self.clock, || self.log().durable())
    }

    /// Whether a row with this stamp is part of every snapshot that is not older than `oldest`.
    pub(super) fn is_settled(&self, stamp: Stamp, oldest: Ts) -> bool {
        match stamp.origin() {
            Origin::Writer(txn) => txn < self.first_id,
            Origin::Committed(ts) => ts <= oldest,
        }
    }

    /// Memory and log can no longer be brought to agree: nothing more may be written, and only recovery can help.
    #[cold]
    pub(super) fn fail(&self, why: &Error) {
        let why = format!("a change could be neither completed nor undone: {why}");
        self.volume.log.poison(IoError::other(IoAction::Write, "database", std::io::ErrorKind::Other, why));
    }

    fn add_table(&self, entry: TreeEntry) -> Result<TableId, Error> {
        let slot = self.trees.get(entry.tree.0 as usize).ok_or(CatalogError::Full)?;
        slot.get_or_init(|| BTree::open(Arc::clone(&self.volume), entry.tree, entry.root));
        Ok(TableId(entry.tree.0))
    }
}
