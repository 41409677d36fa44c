//! From a directory to a running engine.

use std::collections::BTreeMap;
use std::time::Duration;

use super::OpenError;
use super::analysis::{Analysis, Done};
use super::redo;
use crate::buffer::{BufferPool, DOUBLEWRITE_FILE, PAGE_SIZE, PoolOptions};
use crate::index::TupleHeader;
use crate::io::Vfs;
use crate::metrics::Metrics;
use crate::storage::Volume;
use crate::storage::catalog::Catalog;
use crate::storage::superblock::{Control, DATA_FILE, NEW_DATA_FILE, Superblock};
use crate::sync::Arc;
use crate::transaction::checkpoint::Checkpoint;
use crate::transaction::engine::{Engine, Parts};
use crate::transaction::lock_manager::LockManager;
use crate::transaction::row_log::{Encoder, Record};
use crate::transaction::stamp::{Stamp, Ts, TxnId};
use crate::transaction::txn::TableId;
use crate::transaction::undo::Undone;
use crate::transaction::wal::{CommitLog, LogFiles, Resume, WalOptions};

/// How an engine is configured.
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// The log.
    pub wal: WalOptions,
    /// The buffer pool.
    pub pool: PoolOptions,
    /// How long to wait for a lock.
    pub lock_timeout: Option<Duration>,
}

/// Opens the database in a directory, making one in an empty directory.
pub fn open<L: CommitLog>(vfs: Arc<dyn Vfs>, options: &EngineOptions) -> Result<Engine<L>, OpenError> {
    if let Some((superblock, control)) = Superblock::open(&*vfs)? {
        if let Some(checkpoint) = Checkpoint::from_control(&control) {
            return recover(vfs, superblock, &checkpoint, options);
        }
        // A crash cut the making of a new database short. Nobody was told that it exists.
        drop(superblock);
        forget_unfinished(&*vfs)?;
    } else if let Some(file) = vfs.list()?.into_iter().find(|name| !is_ours(name)) {
        return Err(OpenError::NotEmpty { file });
    }
    create(vfs, options)
}

/// A new database: superblock first (without a checkpoint it does not count), then the log, then the catalog, then the
/// checkpoint that makes it count.
fn create<L: CommitLog>(vfs: Arc<dyn Vfs>, options: &EngineOptions) -> Result<Engine<L>, OpenError> {
    let resume = LogFiles::discover(Arc::clone(&vfs))?.start_new()?;
    let superblock = Superblock::create(&*vfs, &Control::default())?;
    let metrics = Arc::new(Metrics::new());
    let volume = volume::<L>(&vfs, &superblock, resume, options, &metrics)?;
    let catalog = Catalog::create(Arc::clone(&volume))?;
    let engine = start(volume, catalog, superblock, (TxnId(1), Ts(0)), options, metrics)?;
    engine.checkpoint()?;
    Ok(engine)
}

fn recover<L: CommitLog>(
    vfs: Arc<dyn Vfs>,
    superblock: Superblock,
    checkpoint: &Checkpoint,
    options: &EngineOptions,
) -> Result<Engine<L>, OpenError> {
    let files = LogFiles::discover(Arc::clone(&vfs))?;
    let mut reader = files.read_from(checkpoint.analysis_from, checkpoint.record_end)?;
    let Analysis { losers, next_txn, ts, .. } = Analysis::run(&mut reader, checkpoint)?;
    let end = reader.end().map_or(checkpoint.record_end, |end| end.at);

    let metrics = Arc::new(Metrics::new());
    let volume = volume::<L>(&vfs, &superblock, reader.into_resume(), options, &metrics)?;
    let mut reader = LogFiles::discover(Arc::clone(&vfs))?.read_from(checkpoint.redo_from, end)?;
    redo::run(&mut reader, end, &volume.pool)?;
    let catalog = Catalog::open(Arc::clone(&volume));
    catalog.rebuild_space()?;

    let engine = start(volume, catalog, superblock, (next_txn, ts), options, metrics)?;
    undo_losers(&engine, losers)?;
    engine.checkpoint()?;
    Ok(engine)
}

fn volume<L: CommitLog>(
    vfs: &Arc<dyn Vfs>,
    superblock: &Superblock,
    resume: Resume,
    options: &EngineOptions,
    metrics: &Arc<Metrics>,
) -> Result<Arc<Volume<L>>, OpenError> {
    let log = L::open(resume, &options.wal, Arc::clone(metrics))?;
    let (data, horizon) = (superblock.data_file(), log.horizon());
    let (pool, _healed) = BufferPool::open(&**vfs, data, options.pool, horizon, Arc::clone(metrics))?;
    Ok(Arc::new(Volume::new(pool, log)))
}

fn start<L: CommitLog>(
    volume: Arc<Volume<L>>,
    catalog: Catalog<L>,
    superblock: Superblock,
    (first_id, first_ts): (TxnId, Ts),
    options: &EngineOptions,
    metrics: Arc<Metrics>,
) -> Result<Engine<L>, OpenError> {
    let locks = LockManager::new(options.lock_timeout, Arc::clone(&metrics));
    Ok(Engine::new(Parts { volume, catalog, superblock, first_id, first_ts, locks, metrics })?)
}

/// Takes back what transactions did that never ended. Their rows are still stamped with their ids, and nobody else has
/// touched them since: they had the locks.
fn undo_losers<L: CommitLog>(engine: &Engine<L>, losers: BTreeMap<TxnId, Vec<Done>>) -> Result<(), OpenError> {
    let mut encoder = Encoder::default();
    let mut row = Vec::new();
    for (txn, changes) in losers {
        for done in changes.iter().rev().skip(usize::from(cfg!(planted = "undo_dropped"))) {
            undo_one(engine, &mut encoder, &mut row, txn, done)?;
        }
        engine.append(&mut encoder, &Record::RolledBack { txn })?;
    }
    Ok(())
}

fn undo_one<L: CommitLog>(
    engine: &Engine<L>,
    encoder: &mut Encoder,
    row: &mut Vec<u8>,
    txn: TxnId,
    done: &Done,
) -> Result<(), OpenError> {
    let malformed = |why: String| OpenError::Record { lsn: done.lsn, why };
    match Record::decode(&done.payload).map_err(|why| malformed(why.to_string()))? {
        Record::Insert { place, .. } => {
            let undone = Undone { txn, table: table_of(place.table), key: place.key, record: done.lsn };
            engine.undo_insert(encoder, undone)?;
        }
        Record::Change { place, change, patch, .. } => {
            let undone = Undone { txn, table: table_of(place.table), key: place.key, record: done.lsn };
            let before = |_: TupleHeader, present: &[u8], row: &mut Vec<u8>| {
                row.clear();
                row.extend_from_slice(present);
                patch.reversed().apply(row)?;
                Some(TupleHeader { stamp: Stamp::FROZEN.with_deleted(change.from_ghost()).bits(), undo: 0 })
            };
            engine.undo_change(encoder, undone, row, before, |_| {})?;
        }
        Record::Purge { .. }
        | Record::UndoInsert { .. }
        | Record::UndoChange { .. }
        | Record::Commit { .. }
        | Record::RolledBack { .. } => return Err(malformed("it is no change that could be undone".to_owned())),
    }
    Ok(())
}

fn table_of(number: u64) -> TableId {
    TableId(number as u32)
}

/// Whether a crash while a database is made may leave a file of this name.
fn is_ours(name: &str) -> bool {
    [DATA_FILE, NEW_DATA_FILE, DOUBLEWRITE_FILE].contains(&name) || LogFiles::owns(name)
}

/// Removes what an unfinished creation left, except for the data file, which the new creation replaces.
fn forget_unfinished(vfs: &dyn Vfs) -> Result<(), OpenError> {
    for name in vfs.list()? {
        if is_ours(&name) && name != DATA_FILE {
            vfs.remove(&name)?;
        }
    }
    Ok(vfs.sync_dir()?)
}

impl EngineOptions {
    /// Refuses what could not work.
    pub fn check(&self) -> Result<(), OpenError> {
        let bad = |name, why: String| Err(OpenError::Option { name, why });
        let (segment, buffer) = (self.wal.segment_bytes, self.wal.buffer_bytes);
        if !segment.is_multiple_of(4096) || segment < 8192 {
            return bad("wal_segment_bytes", format!("{segment} is not a multiple of 4096, at least 8192"));
        }
        if !buffer.is_power_of_two() || buffer < 64 << 10 {
            return bad("wal_buffer_bytes", format!("{buffer} is not a power of two, at least 65536"));
        }
        if self.pool.frames < 16 {
            return bad("pool_bytes", format!("{} pages of {PAGE_SIZE} bytes, at least 16 needed", self.pool.frames));
        }
        Ok(())
    }
}
