//! The version stores against a model that keeps every version of every row, and side by side.
//!
//! What stands around a store in the engine is played by a map: a row's header and bytes, as its leaf has them. Rows and
//! their headers are those of an earlier life of the database, with references that point nowhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::compose::Object;
use engine::metrics::{Counter, Metrics};
use engine::transaction::mvcc::full_chain::FullChain;
use engine::transaction::mvcc::undo_delta::UndoDelta;
use engine::transaction::mvcc::{Before, Newest, RowId, VersionStore, Vis};
use engine::transaction::row_log::Patch;
use engine::transaction::snapshot::Snapshot;
use engine::transaction::stamp::{Origin, Stamp, Ts, TxnId};
use proptest::prelude::*;

const SEATS: usize = 4;
const KEYS: u8 = 5;
const FIRST_ID: u64 = 1000;
const FIRST_TS: u64 = 70;

/// An address nobody may look at, with all bits above it set too.
const NOWHERE: u64 = 0xffff_0000_0000_0010;

type Bytes = Vec<u8>;

#[derive(Debug, Clone)]
enum Step {
    Snapshot(usize),
    Read(usize, u8),
    Write(usize, u8, Bytes),
    Delete(usize, u8),
    Commit(usize),
    Rollback(usize),
    Prune,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (seat, key) = (0..SEATS, 0..KEYS);
    // Rows that are alike, so that patches are short, overlap and leave gaps.
    let row = proptest::collection::vec(prop_oneof![4 => Just(b'a'), 1 => any::<u8>()], 0..24);
    let step = prop_oneof![
        2 => seat.clone().prop_map(Step::Snapshot),
        5 => (seat.clone(), key.clone()).prop_map(|(seat, key)| Step::Read(seat, key)),
        8 => (seat.clone(), key.clone(), row).prop_map(|(seat, key, row)| Step::Write(seat, key, row)),
        1 => (seat.clone(), key).prop_map(|(seat, key)| Step::Delete(seat, key)),
        5 => seat.clone().prop_map(Step::Commit),
        1 => seat.prop_map(Step::Rollback),
        1 => Just(Step::Prune),
    ];
    proptest::collection::vec(step, 1..250)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn full_chain_is_the_model(steps in steps()) {
        World::<FullChain>::new().run(&steps);
    }

    #[test]
    fn undo_delta_is_the_model(steps in steps()) {
        World::<UndoDelta>::new().run(&steps);
    }

    #[test]
    fn an_object_shows_the_same(steps in steps()) {
        type AsObject<S> = Object<S, dyn VersionStore<Txn = <S as VersionStore>::Txn>>;
        prop_assert_eq!(World::<AsObject<FullChain>>::new().run(&steps), World::<FullChain>::new().run(&steps));
        prop_assert_eq!(World::<AsObject<UndoDelta>>::new().run(&steps), World::<UndoDelta>::new().run(&steps));
    }

    #[test]
    fn both_show_the_same(steps in steps()) {
        prop_assert_eq!(World::<FullChain>::new().run(&steps), World::<UndoDelta>::new().run(&steps));
    }
}

/// A row as its leaf has it.
#[derive(Debug, Clone)]
struct Row {
    stamp: Stamp,
    reference: u64,
    bytes: Bytes,
}

struct Open<S: VersionStore> {
    id: TxnId,
    snapshot: Option<Snapshot>,
    undo: S::Txn,
    /// Keys written, and whether each was inserted by it.
    writes: Vec<(u8, bool)>,
}

struct World<S: VersionStore> {
    store: S,
    metrics: Arc<Metrics>,
    rows: BTreeMap<u8, Row>,
    seats: Vec<Option<Open<S>>>,
    spare: Vec<S::Txn>,
    next_id: u64,
    now: u64,
    /// (key, commit) → what it was from then on; and what open transactions have written.
    committed: BTreeMap<(u8, u64), Option<Bytes>>,
    pending: BTreeMap<(u8, usize), Option<Bytes>>,
    seen: Vec<Option<Bytes>>,
}

fn id_of(key: &u8) -> RowId<'_> {
    RowId { table: 3, key: std::slice::from_ref(key) }
}

impl<S: VersionStore> World<S> {
    fn new() -> Self {
        let metrics = Arc::new(Metrics::new());
        let mut world = World {
            store: S::new(TxnId(FIRST_ID), Ts(FIRST_TS), Arc::clone(&metrics)),
            metrics,
            rows: BTreeMap::new(),
            seats: (0..SEATS).map(|_| None).collect(),
            spare: Vec::new(),
            next_id: FIRST_ID,
            now: FIRST_TS,
            committed: BTreeMap::new(),
            pending: BTreeMap::new(),
            seen: Vec::new(),
        };
        for (key, stamp) in
            [(0, Stamp::writer(TxnId(FIRST_ID - 1))), (1, Stamp::committed(Ts(FIRST_TS))), (2, Stamp::FROZEN)]
        {
            let bytes = vec![b'a'; 10];
            world.rows.insert(key, Row { stamp, reference: NOWHERE, bytes: bytes.clone() });
            world.committed.insert((key, 0), Some(bytes));
        }
        world
    }

    /// Everything that was read.
    fn run(mut self, steps: &[Step]) -> Vec<Option<Bytes>> {
        for step in steps {
            match step {
                Step::Snapshot(seat) => drop(self.snapshot(*seat)),
                Step::Read(seat, key) => self.read(*seat, *key),
                Step::Write(seat, key, row) => self.write(*seat, *key, Some(row)),
                Step::Delete(seat, key) => self.write(*seat, *key, None),
                Step::Commit(seat) => self.commit(*seat),
                Step::Rollback(seat) => self.rollback(*seat),
                Step::Prune => self.prune(),
            }
        }
        for seat in 0..SEATS {
            for key in 0..KEYS {
                self.read(seat, key);
            }
            self.rollback(seat);
        }
        self.prune();
        assert_eq!(self.store.versions(), 0, "nobody is left who could want any");
        self.seen
    }

    fn begin(&mut self, seat: usize) -> &mut Open<S> {
        let spare = &mut self.spare;
        let next_id = &mut self.next_id;
        self.seats[seat].get_or_insert_with(|| {
            *next_id += 1;
            let undo = spare.pop().unwrap_or_default();
            Open { id: TxnId(*next_id - 1), snapshot: None, undo, writes: Vec::new() }
        })
    }

    fn snapshot(&mut self, seat: usize) -> Snapshot {
        let ts = Ts(self.now);
        let open = self.begin(seat);
        let own = open.id;
        *open.snapshot.get_or_insert(Snapshot { ts, own, first_id: TxnId(FIRST_ID) })
    }

    fn read(&mut self, seat: usize, key: u8) {
        let snapshot = self.snapshot(seat);
        let mut out = b"stale".to_vec();
        let found = match self.rows.get(&key) {
            None => false,
            Some(row) => {
                let stamp = self.store.resolve(row.stamp);
                if snapshot.sees(stamp) {
                    out.clone_from(&row.bytes);
                    !stamp.is_deleted()
                } else {
                    let newest = Newest { reference: row.reference, bytes: &row.bytes };
                    // A reader's memory of its own: what it is does not matter here.
                    let mut undo = S::Txn::default();
                    let seen = self.store.read(&mut undo, id_of(&key), newest, &snapshot, &mut out);
                    self.store.rest(&mut undo);
                    seen == Vis::Row
                }
            }
        };
        let versions = self.committed.range((key, 0)..=(key, snapshot.ts.0));
        let committed = versions.last().and_then(|(_, row)| row.clone());
        let expected = self.pending.get(&(key, seat)).cloned().unwrap_or(committed);
        assert_eq!(found.then_some(&out), expected.as_ref(), "key {key} at {:?}", snapshot.ts);
        self.seen.push(expected);
    }

    /// `None` deletes. Not if somebody else is at it, or was since the snapshot.
    fn write(&mut self, seat: usize, key: u8, new: Option<&Bytes>) {
        let Open { id, snapshot, .. } = *self.begin(seat);
        let ghost = Stamp::writer(id).with_deleted(new.is_none());
        let Some(row) = self.rows.get(&key).cloned() else {
            if let Some(new) = new {
                self.rows.insert(key, Row { stamp: ghost, reference: 0, bytes: new.clone() });
                self.note(seat, key, true, Some(new));
            }
            return;
        };
        let stamp = self.store.resolve(row.stamp);
        match stamp.origin() {
            Origin::Writer(other) if other != id && other.0 >= FIRST_ID => return,
            Origin::Committed(ts) if snapshot.is_some_and(|snapshot| ts > snapshot.ts) => return,
            Origin::Writer(_) | Origin::Committed(_) => {}
        }
        if stamp.is_deleted() && new.is_none() {
            return;
        }
        let patch = new.map_or(Patch::NONE, |new| Patch::between(&row.bytes, new));
        let Row { stamp, reference, bytes } = &row;
        let before = Before { row: id_of(&key), txn: id, stamp: *stamp, reference: *reference, bytes, patch: &patch };
        let snapshots: Vec<Ts> = self.snapshots().collect();
        let Some(open) = &mut self.seats[seat] else { return };
        let reference = self.store.before_change(&mut open.undo, before, &|out| out.extend(&snapshots));
        self.rows.insert(key, Row { stamp: ghost, reference, bytes: new.unwrap_or(bytes).clone() });
        self.note(seat, key, false, new);
    }

    fn note(&mut self, seat: usize, key: u8, inserted: bool, new: Option<&Bytes>) {
        self.pending.insert((key, seat), new.cloned());
        self.begin(seat).writes.push((key, inserted));
    }

    fn commit(&mut self, seat: usize) {
        let Some(mut open) = self.seats[seat].take() else { return };
        if !open.writes.is_empty() {
            let ts = Ts(self.now + 1);
            for (key, inserted) in &open.writes {
                let row = self.rows.get_mut(key).expect("a row written stays");
                if self.store.stamps_rows() {
                    row.stamp = Stamp::committed(ts).with_deleted(row.stamp.is_deleted());
                    if !inserted {
                        self.store.commit_row(id_of(key), row.reference, ts);
                    }
                }
            }
            self.store.commit(&mut open.undo, open.id, ts);
            self.now = ts.0;
            for (key, _) in &open.writes {
                if let Some(row) = self.pending.remove(&(*key, seat)) {
                    self.committed.insert((*key, ts.0), row);
                }
            }
        }
        self.leave(open);
    }

    fn rollback(&mut self, seat: usize) {
        let Some(mut open) = self.seats[seat].take() else { return };
        while let Some((key, inserted)) = open.writes.pop() {
            self.pending.remove(&(key, seat));
            if inserted {
                self.rows.remove(&key);
                continue;
            }
            let row = self.rows.get_mut(&key).expect("a row written stays");
            let (newest, mut bytes) = (Newest { reference: row.reference, bytes: &row.bytes }, Vec::new());
            let (stamp, reference) = self.store.before_image(id_of(&key), newest, &mut bytes).expect("a before-image");
            self.store.roll_back(id_of(&key), row.reference);
            *row = Row { stamp, reference, bytes };
        }
        self.leave(open);
    }

    fn leave(&mut self, mut open: Open<S>) {
        self.store.end(&mut open.undo, open.id);
        // Now and then one is not used again.
        if !open.id.0.is_multiple_of(5) {
            self.spare.push(open.undo);
        }
    }

    fn snapshots(&self) -> impl Iterator<Item = Ts> {
        self.seats.iter().flatten().filter_map(|open| open.snapshot).map(|snapshot| snapshot.ts)
    }

    /// Vacuum: old versions, and deletions that everybody sees.
    fn prune(&mut self) {
        let oldest = self.snapshots().min().unwrap_or(Ts(self.now));
        self.store.prune(oldest);
        let store = &self.store;
        self.rows.retain(|_, row| {
            let stamp = store.resolve(row.stamp);
            !(stamp.is_deleted() && matches!(stamp.origin(), Origin::Committed(ts) if ts <= oldest))
        });
    }
}

/// One snapshot stays open while a row changes again and again, under many passing ones; then everybody goes.
fn under_a_long_snapshot<S: VersionStore>() -> (u64, World<S>) {
    let mut world = World::<S>::new();
    world.read(0, 1);
    for round in 0..10_000_u32 {
        let mut row = vec![b'a'; 10 + (round % 3) as usize];
        row[..4].copy_from_slice(&round.to_le_bytes());
        world.write(1, 1, Some(&row));
        if round % 7 == 0 {
            world.rollback(1)
        } else {
            world.commit(1)
        }
        match round % 100 {
            0 => world.read(2, 1),
            50 => world.rollback(2),
            99 => world.prune(),
            _ => {}
        }
        world.read(0, 1);
        world.read(3, 1);
        world.rollback(3);
    }
    let versions = world.store.versions();
    world.read(0, 1);
    (versions, world)
}

#[test]
fn a_long_snapshot_holds_everything_back_in_full_chain() {
    let (versions, world) = under_a_long_snapshot::<FullChain>();
    assert_eq!(versions, 10_000 - 10_000_u64.div_ceil(7));
    assert_eq!(world.metrics.get(Counter::MvccTrimmed), 0);
    world.run(&[]);
}

#[test]
fn undo_delta_drops_what_lies_between_two_snapshots() {
    let (versions, world) = under_a_long_snapshot::<UndoDelta>();
    assert!((1..40).contains(&versions), "{versions} versions for three snapshots");
    assert!(world.metrics.get(Counter::MvccTrimmed) > 8000);
    let (reads, steps) = (world.metrics.get(Counter::MvccOlderReads), world.metrics.get(Counter::MvccSteps));
    assert!(steps < reads * 20, "{steps} steps in {reads} reads");
    world.run(&[]);
}

/// Segments fill up and go, with a reader in the way half of the time.
#[test]
fn undo_segments_come_and_go() {
    let mut world = World::<UndoDelta>::new();
    for round in 0..4_000_u32 {
        if round % 1000 == 500 {
            world.read(0, 0);
        }
        for key in 0..KEYS {
            let row: Bytes = (0..200).map(|at| (round + at + u32::from(key)) as u8).collect();
            world.write(1, key, Some(&row));
        }
        world.commit(1);
        if round % 50 == 0 {
            world.read(0, (round % 5) as u8);
            world.prune();
        }
        if round % 1000 == 999 {
            world.rollback(0);
        }
    }
    world.run(&[]);
}

/// The disk failed in the middle of a transaction: what it wrote stays in the leaf, and nobody ever sees it.
fn an_abandoned_change_stays_invisible<S: VersionStore>() {
    let mut world = World::<S>::new();
    world.write(1, 0, Some(&b"never".to_vec()));
    let mut open = world.seats[1].take().expect("it has written");
    world.pending.clear();
    world.store.abandon(&mut open.undo);
    drop(open);
    for round in 0..50_u8 {
        world.write(2, 1, Some(&vec![round; 10]));
        world.commit(2);
        world.prune();
        world.read(0, 0);
        world.rollback(0);
    }
}

#[test]
fn full_chain_hides_what_was_abandoned() {
    an_abandoned_change_stays_invisible::<FullChain>();
}

#[test]
fn undo_delta_hides_what_was_abandoned() {
    an_abandoned_change_stays_invisible::<UndoDelta>();
}
