//! The state of an open transaction, and the rules that all its calls obey.

use std::mem::ManuallyDrop;

use super::CommitTicket;
use crate::buffer::PageId;
use crate::concurrent::lock_table::{Mode, Owner, OwnerId};
use crate::io::Lsn;
use crate::memory::txn_mem::{MemRef, Scratch, TxnMem as _};
use crate::metrics::{Counter, Metrics};
use crate::select;
use crate::sync::Arc;
use crate::transaction::engine::Engine;
use crate::transaction::error::Error;
use crate::transaction::mvcc::VersionStore;
use crate::transaction::row_log::Encoder;
use crate::transaction::running::{MAX_RUNNING, Seat};
use crate::transaction::snapshot::Snapshot;
use crate::transaction::stamp::{Origin, Stamp, Ts, TxnId};
use crate::transaction::wal::CommitLog;

/// A table, by its number in the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub(crate) u32);

/// An open transaction; dropped without [`commit`](Txn::commit) it rolls back.
#[derive(Debug)]
pub struct Txn<'db, L: CommitLog = select::CommitLog> {
    pub(super) db: &'db Engine<L>,
    /// [`TxnId::NONE`] before its first lock.
    pub(super) id: TxnId,
    pub(super) seat: Seat,
    pub(super) snapshot: Option<Snapshot>,
    /// Where the log of everything that the snapshot shows ends.
    pub(super) horizon: Lsn,
    /// The newest commit of which something was seen.
    pub(super) seen: Ts,
    pub(super) phase: Phase,
    /// Taken out by [`leave`](Self::leave), after which nothing looks at it.
    pub(super) state: ManuallyDrop<Box<TxnState>>,
}

/// What may still be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Everything; nothing is written yet.
    Reading,
    /// Everything.
    Writing,
    /// Only a rollback; whether something was written.
    Failed { wrote: bool },
    /// Nothing: the disk failed, what it wrote can be neither kept nor undone.
    Abandoned,
    /// Nothing: its locks and its seat are given back.
    Ended,
}

/// What a transaction has, which outlives it: the next one takes it over. What it fills while it writes is M003's.
#[derive(Debug)]
pub(in crate::transaction) struct TxnState {
    pub(super) owner: Owner,
    /// Tables locked IX.
    pub(super) tables: Vec<TableId>,
    pub(super) mem: select::TxnMem<Write>,
    pub(super) encoder: Encoder,
    /// The version store's part.
    pub(super) undo: <select::VersionStore as VersionStore>::Txn,
    /// The row being written.
    pub(super) row: Vec<u8>,
    /// Lent to the typed layer.
    lent_key: Vec<u8>,
    lent_row: Vec<u8>,
}

/// One change made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write {
    pub(super) table: TableId,
    pub(super) key: MemRef,
    /// The leaf at that time: where the commit looks first.
    pub(super) page: PageId,
    /// Start of its log record.
    pub(super) record: Lsn,
    pub(super) kind: WriteKind,
}

/// What has to be undone, and what to be stamped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteKind {
    /// A row where none was.
    Insert,
    /// A row or ghost was there; its before-image is in the version store.
    Change,
    /// The same, and what is left is a ghost.
    Delete,
}

/// Locks of a kind for which a transaction's lists keep room.
const KEPT_LOCKS: usize = 1024;

impl<'db, L: CommitLog> Txn<'db, L> {
    /// Starts a transaction.
    pub(crate) fn begin(db: &'db Engine<L>) -> Result<Self, Error> {
        let seat = db.running.enter().ok_or(Error::TooManyTransactions(MAX_RUNNING))?;
        let state = db.spare.take(seat).unwrap_or_else(|| Box::new(TxnState::new(&db.metrics)));
        let (id, snapshot, horizon, seen, phase) = (TxnId::NONE, None, Lsn::ZERO, Ts(0), Phase::Reading);
        Ok(Self { db, id, seat, snapshot, horizon, seen, phase, state: ManuallyDrop::new(state) })
    }

    /// The transaction's id, once it has locked a row: for messages and tests.
    #[must_use]
    pub fn id(&self) -> Option<TxnId> {
        (self.id != TxnId::NONE).then_some(self.id)
    }

    /// The snapshot, taken now if it is the first time.
    #[inline]
    pub(super) fn snapshot(&mut self) -> Snapshot {
        if let Some(snapshot) = self.snapshot {
            return snapshot;
        }
        let ts = self.db.running.take_snapshot(self.seat, &self.db.clock);
        // After the timestamp: the horizon covers at least what the timestamp shows.
        self.horizon = self.db.clock.horizon();
        *self.snapshot.insert(Snapshot { ts, own: self.id, first_id: self.db.first_id })
    }

    /// Refuses calls after a failure.
    #[inline]
    pub(super) fn usable(&self) -> Result<(), Error> {
        match self.phase {
            Phase::Reading | Phase::Writing => Ok(()),
            Phase::Failed { .. } | Phase::Abandoned | Phase::Ended => Err(Error::TxnFailed),
        }
    }

    /// Runs one call; an error that the transaction cannot survive leaves only a rollback.
    #[inline]
    pub(super) fn guarded<R>(&mut self, call: impl FnOnce(&mut Self) -> Result<R, Error>) -> Result<R, Error> {
        self.usable()?;
        let result = call(self);
        if let Err(error) = &result
            && !error.leaves_txn_usable()
        {
            self.phase = Phase::Failed { wrote: self.phase == Phase::Writing };
            if matches!(error, Error::Poisoned(_)) {
                // If it was the data file that failed, the log must not promise anything more.
                self.db.fail(error);
            }
        }
        result
    }

    /// From here on the transaction may be waited for, and write.
    fn identify(&mut self) {
        self.id = self.db.running.identify(self.seat);
        self.state.owner.renew(OwnerId(self.id.0));
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.own = self.id;
        }
    }

    /// Locks a row for writing, and its table before.
    #[inline]
    pub(super) fn lock(&mut self, table: TableId, key: &[u8]) -> Result<(), Error> {
        if self.id == TxnId::NONE {
            self.identify();
        }
        let state = &mut *self.state;
        if !state.tables.contains(&table) {
            self.db.locks.lock_table(&mut state.owner, u64::from(table.0), Mode::IX)?;
            state.tables.push(table);
        }
        Ok(self.db.locks.lock_row(&mut state.owner, u64::from(table.0), key)?)
    }

    /// Locks a whole table for writing.
    pub(in crate::transaction) fn lock_whole(&mut self, table: TableId) -> Result<(), Error> {
        if self.id == TxnId::NONE {
            self.identify();
        }
        let state = &mut *self.state;
        self.db.locks.lock_table(&mut state.owner, u64::from(table.0), Mode::X)?;
        // It covers what the rows' locks would ask for.
        state.tables.push(table);
        Ok(())
    }

    /// First updater wins: whether this transaction, which has the row's lock, may write over a row with this stamp.
    #[inline]
    pub(super) fn check_writable(&self, stamp: Stamp) -> Result<(), Error> {
        match self.db.versions.resolve(stamp).origin() {
            // Somebody else's unfinished write under our lock: its owner could not be rolled back, since the log failed.
            Origin::Writer(txn) if txn != self.id && txn >= self.db.first_id => {
                Err(Error::Poisoned("a transaction could be neither committed nor rolled back".to_owned()))
            }
            Origin::Writer(_) => Ok(()),
            Origin::Committed(ts) => match self.snapshot {
                Some(snapshot) if ts > snapshot.ts => {
                    self.db.metrics.inc(Counter::TxnSerializationFailures);
                    Err(Error::SerializationFailure)
                }
                Some(_) | None => Ok(()),
            },
        }
    }

    /// Gives back locks, seat and memory. The last thing of every transaction.
    pub(super) fn leave(&mut self) {
        debug_assert!(self.phase != Phase::Ended, "a transaction leaves once");
        // SAFETY: the phase is `Ended` from here on, so nobody comes here or to the state again.
        let mut state = unsafe { ManuallyDrop::take(&mut self.state) };
        if self.id != TxnId::NONE {
            self.db.locks.release_all(&mut state.owner);
            match self.phase {
                Phase::Abandoned => self.db.versions.abandon(&mut state.undo),
                Phase::Reading | Phase::Writing | Phase::Failed { .. } | Phase::Ended => {
                    self.db.versions.end(&mut state.undo, self.id);
                }
            }
            state.retire();
            self.db.metrics().add(Counter::TxnAllocations, state.mem.take_allocations());
        }
        self.phase = Phase::Ended;
        state.lent_key.hand_on();
        state.lent_row.hand_on();
        self.db.spare.keep(self.seat, state);
        self.db.running.leave(self.seat);
    }

    /// Lends the transaction's two spare buffers, emptied.
    pub(crate) fn with_buffers<R>(&mut self, work: impl FnOnce(&mut Self, &mut Vec<u8>, &mut Vec<u8>) -> R) -> R {
        let mut key = std::mem::take(&mut self.state.lent_key);
        let mut row = std::mem::take(&mut self.state.lent_row);
        key.clear();
        row.clear();
        let result = work(self, &mut key, &mut row);
        (self.state.lent_key, self.state.lent_row) = (key, row);
        result
    }
}

impl<L: CommitLog> Drop for Txn<'_, L> {
    fn drop(&mut self) {
        if self.phase != Phase::Ended {
            // There is nobody to tell. A failure has poisoned the log, so the next call that matters tells.
            let _ = self.undo_all();
        }
    }
}

impl TxnState {
    /// The transaction has ended, and had written or locked.
    fn retire(&mut self) {
        let Self { owner, tables, mem, encoder, undo: _, row, lent_key: _, lent_row: _ } = self;
        mem.retire(owner);
        mem.retire(tables);
        mem.retire(encoder);
        mem.retire(row);
        mem.reset();
    }

    fn new(metrics: &Arc<Metrics>) -> Self {
        Self {
            owner: Owner::default(),
            tables: Vec::new(),
            mem: select::TxnMem::new(metrics),
            encoder: Encoder::default(),
            undo: Default::default(),
            row: Vec::new(),
            lent_key: Vec::new(),
            lent_row: Vec::new(),
        }
    }
}

impl Scratch for Owner {
    fn has_memory(&self) -> bool {
        self.capacity() > 0
    }

    fn hand_on(&mut self) {
        debug_assert!(self.held() == 0, "locks are given back first");
        self.shrink_to(KEPT_LOCKS);
    }
}

impl Scratch for Encoder {
    fn has_memory(&self) -> bool {
        self.capacity() > 0
    }

    /// A record is not longer than a page or two.
    fn hand_on(&mut self) {}
}

impl CommitTicket {
    /// Nothing to wait for.
    pub(super) const NONE: CommitTicket = CommitTicket { until: Lsn::ZERO };
}
