//! How a transaction ends: commit, rollback.

use super::txn::{Phase, Txn, Write, WriteKind};
use crate::index::{LeafMut, TupleHeader};
use crate::io::Lsn;
use crate::memory::txn_mem::TxnMem as _;
use crate::metrics::Counter;
use crate::transaction::error::Error;
use crate::transaction::mvcc::{Newest, RowId, VersionStore as _};
use crate::transaction::row_log::Record;
use crate::transaction::stamp::{Origin, Stamp, Ts};
use crate::transaction::undo::Undone;
use crate::transaction::wal::{CommitLog, CommitWait, Durability};

/// What a commit leaves to wait for: the point up to which the log must be durable before anybody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a commit may be acknowledged only after `Database::wait` on its ticket"]
pub struct CommitTicket {
    pub(crate) until: Lsn,
}

impl CommitTicket {
    /// A ticket for all that the log held before this place.
    pub fn of(until: Lsn) -> Self {
        CommitTicket { until }
    }

    /// Where the log ended when the commit was in it.
    pub fn until(self) -> Lsn {
        self.until
    }
}

impl<L: CommitLog> Txn<'_, L> {
    /// Ends the transaction and keeps what it did. It may be acknowledged once
    /// [`Database::wait`](crate::api::Database::wait) on the ticket returns.
    ///
    /// # Errors
    /// It did not commit: everything is rolled back. Only after [`Error::Poisoned`] is the outcome unknown until recovery.
    pub fn commit(mut self) -> Result<CommitTicket, Error> {
        match self.phase {
            Phase::Reading => Ok(self.end_reading()),
            Phase::Writing => self.end_writing(),
            Phase::Failed { .. } | Phase::Abandoned | Phase::Ended => {
                self.undo_all()?;
                Err(Error::TxnFailed)
            }
        }
    }

    /// Ends the transaction and undoes what it did.
    ///
    /// # Errors
    /// [`Error::Poisoned`]: it could not be undone in memory. Nobody will ever see it; recovery undoes it.
    pub fn rollback(mut self) -> Result<(), Error> {
        self.undo_all()
    }

    /// A transaction that wrote nothing has nothing to log, but what it saw may not be durable yet.
    fn end_reading(&mut self) -> CommitTicket {
        // Rows read under lock were as new as could be, whatever the snapshot.
        let locked = self.state.owner.held() > 0;
        if cfg!(planted = "reader_does_not_wait") {
            self.leave();
            return CommitTicket::NONE;
        }
        let until = match self.db.log().durability() {
            Durability::Full if locked => self.db.clock.horizon(),
            Durability::Full if self.seen > self.db.durable.known() => {
                self.db.look_what_is_durable();
                self.db.clock.horizon_of(self.seen).unwrap_or(self.horizon)
            }
            Durability::Full | Durability::GroupAsync | Durability::Off => Lsn::ZERO,
        };
        self.leave();
        CommitTicket { until }
    }

    fn end_writing(&mut self) -> Result<CommitTicket, Error> {
        let db = self.db;
        let early = db.log().releases_locks_early();
        // A timestamp holds up all later ones until it is published: with a sync in between it is taken after that.
        let ts = early.then(|| db.clock.take());
        if cfg!(planted = "locks_released_before_commit_record") {
            db.locks.release_all(&mut self.state.owner);
        }
        let end = match db.append(&mut self.state.encoder, &Record::Commit { txn: self.id, ts }) {
            Ok(span) => span.end,
            Err(error) => {
                if let Some(ts) = ts {
                    // Taken, so it must be passed; no row bears it.
                    db.clock.publish(ts, Lsn::ZERO);
                }
                self.undo_all()?;
                return Err(error);
            }
        };
        if let Some(ts) = ts {
            self.show(ts, end)?;
        }
        let durable = db.log().commit(end);
        if !early {
            match durable {
                Ok(_) => self.show(db.clock.take(), end)?,
                // Unknown whether it is on disk: nobody may see it in memory, and it cannot be undone either.
                Err(_) => {
                    self.phase = Phase::Abandoned;
                    self.leave();
                }
            }
        }
        let until = match durable? {
            CommitWait::Durable => end,
            CommitWait::Until(until) => until,
            CommitWait::Unsynced => Lsn::ZERO,
        };
        Ok(CommitTicket { until })
    }

    /// Makes the transaction visible and lets go of its locks.
    fn show(&mut self, ts: Ts, end: Lsn) -> Result<(), Error> {
        let stamped = if self.db.versions.stamps_rows() {
            self.stamp_rows(ts)
        } else {
            self.note_ghosts(ts);
            Ok(())
        };
        self.db.versions.commit(&mut self.state.undo, self.id, ts);
        self.db.clock.publish(ts, end);
        if let Err(error) = &stamped {
            // Committed in the log, half shown in memory: only recovery can put that right.
            self.db.fail(error);
        }
        self.leave();
        stamped
    }

    /// The second pass: every row written gets the timestamp. Rows of one leaf are stamped under one latch, and a leaf is
    /// found by the page number of the write as long as it has not been split.
    fn stamp_rows(&mut self, ts: Ts) -> Result<(), Error> {
        let db = self.db;
        let mem = &self.state.mem;
        db.metrics.add(Counter::MvccRowsStamped, mem.items().len() as u64);
        let mut held: Option<(Write, LeafMut<'_>)> = None;
        for write in mem.items() {
            let key = mem.get(write.key);
            let kept = held.take().filter(|(last, leaf)| last.table == write.table && leaf.covers(key));
            let mut leaf = match kept {
                Some((_, leaf)) => leaf,
                None => {
                    let tree = db.tree(write.table)?;
                    match tree.leaf_again(write.page, key) {
                        Some(leaf) => leaf,
                        None => tree.leaf_exclusive(key, 0)?,
                    }
                }
            };
            // Inserted, then deleted, then purged? No: the purge waits for the stamp. So it is there.
            if let Ok(at) = leaf.search(key) {
                let mut header = leaf.header(at);
                let stamp = Stamp::from_bits(header.stamp);
                if stamp.origin() == Origin::Writer(self.id) {
                    header.stamp = Stamp::committed(ts).with_deleted(stamp.is_deleted()).bits();
                    leaf.set_header_unlogged(at, header);
                    if stamp.is_deleted() {
                        db.ghosts.push(ts, write.table, key);
                    }
                }
                match write.kind {
                    WriteKind::Insert => {}
                    WriteKind::Change | WriteKind::Delete => {
                        db.versions.commit_row(RowId { table: write.table.0, key }, header.undo, ts);
                    }
                }
            }
            held = Some((*write, leaf));
        }
        Ok(())
    }

    /// What else there is to do where rows need no stamp: vacuum is told what was deleted.
    fn note_ghosts(&self, ts: Ts) {
        let mem = &self.state.mem;
        for write in mem.items().iter().filter(|write| write.kind == WriteKind::Delete) {
            self.db.ghosts.push(ts, write.table, mem.get(write.key));
        }
    }

    /// Undoes everything, the newest change first, and leaves.
    pub(super) fn undo_all(&mut self) -> Result<(), Error> {
        let wrote = match self.phase {
            Phase::Writing | Phase::Failed { wrote: true } => true,
            Phase::Reading | Phase::Failed { wrote: false } => false,
            Phase::Abandoned | Phase::Ended => return Ok(()),
        };
        let undone = if wrote { self.undo_writes() } else { Ok(()) };
        if let Err(error) = &undone {
            // What is left of it stays invisible in memory; the log must take nothing more that could build on it.
            self.db.fail(error);
            self.phase = Phase::Abandoned;
        }
        self.leave();
        undone
    }

    fn undo_writes(&mut self) -> Result<(), Error> {
        if self.state.mem.items().is_empty() {
            // Its first record found no room in the log.
            return Ok(());
        }
        while let Some(write) = self.state.mem.pop() {
            self.undo(&write)?;
        }
        let record = Record::RolledBack { txn: self.id };
        self.db.append(&mut self.state.encoder, &record).map(drop)
    }

    fn undo(&mut self, write: &Write) -> Result<(), Error> {
        let db = self.db;
        let state = &mut *self.state;
        let key = state.mem.get(write.key);
        let undone = Undone { txn: self.id, table: write.table, key, record: write.record };
        match write.kind {
            WriteKind::Insert => return db.undo_insert(&mut state.encoder, undone),
            WriteKind::Change | WriteKind::Delete => {}
        }
        let row_id = RowId { table: write.table.0, key };
        let before = |present: TupleHeader, bytes: &[u8], row: &mut Vec<u8>| {
            let newest = Newest { reference: present.undo, bytes };
            let (stamp, undo) = db.versions.before_image(row_id, newest, row)?;
            if let (true, Origin::Committed(ts)) = (stamp.is_deleted(), db.versions.resolve(stamp).origin()) {
                // Vacuum may have passed by while the ghost was revived.
                db.ghosts.push(ts, write.table, key);
            }
            Some(TupleHeader { stamp: stamp.bits(), undo })
        };
        let done = |present: TupleHeader| db.versions.roll_back(row_id, present.undo);
        db.undo_change(&mut state.encoder, undone, &mut state.row, before, done)
    }
}
