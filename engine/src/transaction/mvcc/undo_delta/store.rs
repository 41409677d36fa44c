//! The store: makes, reads and shortens chains of undo records.

use super::record::{Record, Reference};
use super::segment::{SEGMENT_BYTES, Segment, Shelf, Undo};
use super::status::{Status, Statuses};
use crate::concurrent::reclaim::{self, Reclaim as _};
use crate::metrics::{Counter, Metrics};
use crate::select::Reclaim;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::transaction::mvcc::{Before, Newest, Pruned, RowId, VersionStore, Vis};
use crate::transaction::row_log::Patch;
use crate::transaction::snapshot::Snapshot;
use crate::transaction::stamp::{Origin, Stamp, Ts, TxnId};
use std::ptr::NonNull;

/// Changes of one row between two looks through its chain. With more versions that are needed, as many more changes.
const TRIM_AFTER: u16 = 8;

type Reader = <Reclaim<Segment> as reclaim::Reclaim<Segment>>::Reader;
type Guard<'r> = <Reclaim<Segment> as reclaim::Reclaim<Segment>>::Guard<'r>;

/// See the [module](super).
#[derive(Debug)]
pub struct UndoDelta {
    statuses: Statuses,
    /// No snapshot is older: what ended at or before it may be gone.
    floor: AtomicU64,
    shelf: Arc<Shelf>,
    reclaim: Reclaim<Segment>,
    metrics: Arc<Metrics>,
}

/// What an open transaction carries.
#[derive(Debug, Default)]
pub struct DeltaTxn {
    undo: Undo,
    committed: bool,
    reader: Reader,
    /// For trimming: the open snapshots, and a row in two versions.
    open: Vec<Ts>,
    newer: Vec<u8>,
    older: Vec<u8>,
}

impl VersionStore for UndoDelta {
    type Txn = DeltaTxn;

    fn new(first_id: TxnId, first_ts: Ts, metrics: Arc<Metrics>) -> Self {
        Self {
            statuses: Statuses::new(first_id),
            floor: AtomicU64::new(first_ts.0),
            shelf: Arc::new(Shelf::new(&metrics)),
            reclaim: Reclaim::new(&metrics),
            metrics,
        }
    }

    fn stamps_rows(&self) -> bool {
        false
    }

    #[inline]
    fn resolve(&self, stamp: Stamp) -> Stamp {
        match stamp.origin() {
            Origin::Committed(_) => stamp,
            Origin::Writer(id) => match self.statuses.of(id) {
                Status::Settled => Stamp::FROZEN.with_deleted(stamp.is_deleted()),
                Status::Committed(ts) => Stamp::committed(ts).with_deleted(stamp.is_deleted()),
                Status::Open => stamp,
            },
        }
    }

    fn read(
        &self,
        _txn: &mut DeltaTxn,
        _row: RowId<'_>,
        newest: Newest<'_>,
        snapshot: &Snapshot,
        out: &mut Vec<u8>,
    ) -> Vis {
        out.clear();
        out.extend_from_slice(newest.bytes);
        let (mut at, mut steps) = (Reference(newest.reference), 0);
        let seen = loop {
            // The version that this record was replaced by is not seen by a snapshot that is open. So the record's
            // segment, whose `until` is not before that version's commit, has not been freed.
            let Some(record) = at.record() else { break Vis::Nothing };
            steps += 1;
            // SAFETY: there, as just explained; the caller has the leaf latched.
            let (applied, stamp, next) = unsafe { (record.apply(out), record.stamp(), record.next()) };
            assert!(applied.is_some(), "an undo record that does not fit its row");
            if snapshot.sees(self.resolve(stamp)) {
                break if stamp.is_deleted() { Vis::Nothing } else { Vis::Row };
            }
            at = next;
        };
        self.metrics.inc(Counter::MvccOlderReads);
        self.metrics.add(Counter::MvccSteps, steps);
        seen
    }

    fn rest(&self, txn: &mut DeltaTxn) {
        self.reclaim.rest(&mut txn.reader);
    }

    fn before_change(&self, txn: &mut DeltaTxn, change: Before<'_>, open: &dyn Fn(&mut Vec<Ts>)) -> u64 {
        let behind = Reference(change.reference);
        let behind = match self.resolve(change.stamp).origin() {
            // Our own change before this one, if any.
            Origin::Writer(_) => behind,
            Origin::Committed(end) if end <= self.floor() => Reference::NONE,
            Origin::Committed(end) if behind.until_trim() == 0 => {
                let mut reader = std::mem::take(&mut txn.reader);
                let trimmed = {
                    let guard = self.reclaim.enter(&mut reader);
                    self.trim(&guard, txn, &change, end, open)
                };
                self.reclaim.rest(&mut reader);
                txn.reader = reader;
                trimmed
            }
            Origin::Committed(_) => behind,
        };
        let until_trim = if behind == Reference::NONE { TRIM_AFTER } else { behind.until_trim().saturating_sub(1) };
        let back = change.patch.reversed();
        let size = Record::size(back.after.len());
        let memory = txn.undo.allocate(&self.shelf, size, Ts(0));
        // SAFETY: allocated for us, of this size.
        let record = unsafe { Record::write(memory, change.stamp, behind, &back) };
        self.statuses.keep(change.txn, size as u64);
        self.metrics.inc(Counter::MvccVersions);
        self.metrics.add(Counter::MvccBytes, size as u64);
        Reference::new(record, until_trim).0
    }

    fn commit_row(&self, _row: RowId<'_>, _newest: u64, _ts: Ts) {
        unreachable!("rows are not stamped");
    }

    fn commit(&self, txn: &mut DeltaTxn, id: TxnId, ts: Ts) {
        txn.undo.commit(ts);
        txn.committed = true;
        self.statuses.commit(id, ts);
    }

    fn end(&self, txn: &mut DeltaTxn, id: TxnId) {
        txn.undo.end();
        // The slot of one that has committed may be another's already.
        if !std::mem::take(&mut txn.committed) {
            self.statuses.end(id);
        }
    }

    fn abandon(&self, txn: &mut DeltaTxn) {
        // Its status stays open for ever, and whoever reads its rows goes by its records.
        txn.undo.commit(Ts(u64::MAX));
        txn.undo.end();
    }

    fn before_image(&self, _row: RowId<'_>, newest: Newest<'_>, out: &mut Vec<u8>) -> Option<(Stamp, u64)> {
        let record = Reference(newest.reference).record()?;
        out.clear();
        out.extend_from_slice(newest.bytes);
        // SAFETY: of an open transaction, whose segments are not freed; the caller has the leaf latched.
        unsafe {
            record.apply(out)?;
            Some((record.stamp(), record.next().0))
        }
    }

    fn roll_back(&self, _row: RowId<'_>, _newest: u64) {
        // Nothing refers to the record any more; its memory goes with the segment.
    }

    fn prune(&self, oldest: Ts) -> Pruned {
        // Before any segment goes: see `trim`.
        self.floor.fetch_max(oldest.0, Ordering::SeqCst);
        {
            let _batch = self.reclaim.batch();
            let gone = if cfg!(planted = "undo_freed_a_commit_early") { Ts(oldest.0 + 1) } else { oldest };
            while let Some(segment) = self.shelf.take(gone) {
                let segment: NonNull<Segment> = NonNull::from(Box::leak(Box::new(segment)));
                // SAFETY: no open snapshot leads to a record in it, and whoever trims looks at the floor first; taken off
                // the shelf once.
                unsafe { self.reclaim.retire(segment, SEGMENT_BYTES) };
            }
        }
        self.reclaim.collect();
        self.shelf.trim();
        let gone = self.statuses.settle(oldest);
        Pruned { versions: gone.versions, bytes: gone.bytes }
    }

    fn versions(&self) -> u64 {
        self.statuses.kept(self.floor()).versions
    }

    fn bytes(&self) -> u64 {
        self.statuses.kept(self.floor()).bytes + self.reclaim.limbo_bytes()
    }
}

impl UndoDelta {
    fn floor(&self) -> Ts {
        Ts(self.floor.load(Ordering::SeqCst))
    }

    /// Drops every version behind the row, which was committed at `end`, that no open snapshot needs: those that are older
    /// than all, and those *between* two. What is left leads from one needed version to the next.
    ///
    /// The snapshots still to come see the row itself. The caller has none of its own that would keep vacuum off, hence the
    /// guard: a segment that goes from now on stays while we look, and one that went before ended at or below the floor.
    #[cold]
    fn trim(
        &self,
        _guard: &Guard<'_>,
        txn: &mut DeltaTxn,
        change: &Before<'_>,
        mut end: Ts,
        open: &dyn Fn(&mut Vec<Ts>),
    ) -> Reference {
        let floor = self.floor();
        txn.open.clear();
        open(&mut txn.open);
        txn.open.sort_unstable();
        for row in [&mut txn.newer, &mut txn.older] {
            row.clear();
            row.extend_from_slice(change.bytes);
        }
        let (mut first, mut last, mut kept, mut trimmed) = (Reference::NONE, None::<Record>, 0_u16, 0);
        let (mut at, mut creator) = (Reference(change.reference), change.stamp);
        // Where the version began that the next record kept is to lead from; and the first record dropped since then, whose
        // place in the count the merged one takes.
        let (mut kept_end, mut dropped) = (end, None);
        while end > floor
            && let Some(&oldest) = txn.open.first()
            && oldest < end
            && let Some(record) = at.record()
        {
            // SAFETY: guarded, and above the floor; the caller has the leaf latched exclusively.
            let (applied, stamp, next) = unsafe { (record.apply(&mut txn.older), record.stamp(), record.next()) };
            assert!(applied.is_some(), "an undo record that does not fit its row");
            let Origin::Committed(begin) = self.resolve(stamp).origin() else {
                unreachable!("a version before a committed one is of an open transaction");
            };
            let from = txn.open.partition_point(|snapshot| *snapshot < begin);
            if txn.open.get(from).is_some_and(|snapshot| *snapshot < end) {
                let record = match dropped.take() {
                    None => record,
                    Some(_) => {
                        self.let_go(creator, record);
                        self.merged(txn, stamp, kept_end)
                    }
                };
                match last {
                    None => first = Reference::new(record, 0),
                    // SAFETY: one of this chain, as above.
                    Some(last) => unsafe { last.set_next(Reference::new(record, 0)) },
                }
                (last, kept_end) = (Some(record), begin);
                kept = kept.saturating_add(1);
                txn.newer.clone_from(&txn.older);
            } else {
                trimmed += 1;
                match dropped {
                    None => dropped = Some((creator, record)),
                    Some(_) => self.let_go(creator, record),
                }
            }
            (at, creator, end) = (next, stamp, begin);
        }
        if let Some(last) = last {
            // SAFETY: one of this chain, as above.
            unsafe { last.set_next(Reference::NONE) };
        }
        if let Some((creator, record)) = dropped {
            self.let_go(creator, record);
        }
        self.metrics.add(Counter::MvccTrimmed, trimmed);
        match first.record() {
            Some(record) => Reference::new(record, TRIM_AFTER.max(kept)),
            None => Reference::NONE,
        }
    }

    /// A record of the writer of the version that follows it is needed no more.
    fn let_go(&self, creator: Stamp, record: Record) {
        if let Origin::Writer(creator) = creator.origin() {
            // SAFETY: the caller has just looked at it.
            self.statuses.let_go(creator, unsafe { record.size_now() });
        }
    }

    /// A record that leads from `txn.newer`, which began at `end`, to `txn.older`, past what was between them. Not in the
    /// place of the old one: that one's segment may go before all see `end`.
    fn merged(&self, txn: &mut DeltaTxn, stamp: Stamp, end: Ts) -> Record {
        let back = Patch::between(&txn.newer, &txn.older);
        let memory = txn.undo.allocate(&self.shelf, Record::size(back.after.len()), end);
        // SAFETY: allocated for us, of this size.
        unsafe { Record::write(memory, stamp, Reference::NONE, &back) }
    }
}
