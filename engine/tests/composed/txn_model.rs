//! Several open transactions under random interleavings, against a model that keeps every version of every row.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use engine::api::{Database, Error, Options, TableId, Txn};
use engine::io::SimFs;
use engine::transaction::wal::CommitLog;
use proptest::prelude::*;

/// Transactions open at one time.
const SEATS: usize = 4;
const KEYS: u8 = 12;

#[derive(Debug, Clone)]
enum Step {
    Get(usize, u8),
    GetForUpdate(usize, u8),
    Scan(usize, u8, u8),
    Update(usize, u8, Row),
    Insert(usize, u8, Row),
    Delete(usize, u8),
    Commit(usize),
    Rollback(usize),
    Vacuum,
    Checkpoint,
}

/// A byte and a length: enough to tell rows apart and to make pages split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row(u8, u16);

impl Row {
    fn bytes(self) -> Vec<u8> {
        vec![self.0; usize::from(self.1)]
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let seat = 0..SEATS;
    let key = 0..KEYS;
    let row = (any::<u8>(), 0..1200u16).prop_map(|(byte, len)| Row(byte, len));
    let step = prop_oneof![
        3 => (seat.clone(), key.clone()).prop_map(|(seat, key)| Step::Get(seat, key)),
        1 => (seat.clone(), key.clone()).prop_map(|(seat, key)| Step::GetForUpdate(seat, key)),
        2 => (seat.clone(), key.clone(), key.clone()).prop_map(|(seat, from, to)| Step::Scan(seat, from, to)),
        4 => (seat.clone(), key.clone(), row.clone()).prop_map(|(seat, key, row)| Step::Update(seat, key, row)),
        4 => (seat.clone(), key.clone(), row).prop_map(|(seat, key, row)| Step::Insert(seat, key, row)),
        2 => (seat.clone(), key).prop_map(|(seat, key)| Step::Delete(seat, key)),
        3 => seat.clone().prop_map(Step::Commit),
        1 => seat.prop_map(Step::Rollback),
        1 => Just(Step::Vacuum),
        1 => Just(Step::Checkpoint),
    ];
    proptest::collection::vec(step, 1..160)
}

engine::on_both_logs! { interleavings_match_the_model }

fn interleavings_match_the_model<L: CommitLog>() {
    // Failures print themselves whole: a file of seeds beside the test would only go stale.
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in steps())| run::<L>(&steps));
}

/// What the model knows: every committed version, and what each open transaction saw and wrote.
#[derive(Default)]
struct Model {
    /// (key, commit number) → row, or nothing if deleted.
    versions: BTreeMap<(u8, u64), Option<Vec<u8>>>,
    now: u64,
}

#[derive(Default)]
struct Open {
    snapshot: Option<u64>,
    writes: BTreeMap<u8, Option<Vec<u8>>>,
    /// Locked, whether or not it was written.
    locks: Vec<u8>,
}

/// What a write may do.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// The newest row, now locked.
    Free(Option<Vec<u8>>),
    /// Changed since the snapshot.
    Stale,
    /// Locked by somebody else.
    Locked,
}

impl Model {
    fn at(&self, key: u8, ts: u64) -> Option<Vec<u8>> {
        self.versions.range((key, 0)..=(key, ts)).next_back().and_then(|(_, row)| row.clone())
    }

    fn changed_at(&self, key: u8) -> u64 {
        self.versions.range((key, 0)..=(key, u64::MAX)).next_back().map_or(0, |((_, ts), _)| *ts)
    }

    fn read(&self, open: &mut Open, key: u8) -> Option<Vec<u8>> {
        let ts = *open.snapshot.get_or_insert(self.now);
        open.writes.get(&key).cloned().unwrap_or_else(|| self.at(key, ts))
    }

    fn lock(&self, all: &mut [Open; SEATS], seat: usize, key: u8) -> Verdict {
        if (0..SEATS).any(|other| other != seat && all[other].locks.contains(&key)) {
            return Verdict::Locked;
        }
        let open = &mut all[seat];
        if !open.locks.contains(&key) {
            open.locks.push(key);
        }
        if let Some(own) = open.writes.get(&key) {
            return Verdict::Free(own.clone());
        }
        match open.snapshot {
            Some(ts) if self.changed_at(key) > ts => Verdict::Stale,
            Some(_) | None => Verdict::Free(self.at(key, self.now)),
        }
    }
}

struct Run<'a, L: CommitLog> {
    db: &'a Database<L>,
    table: TableId,
    model: Model,
    open: [Open; SEATS],
    txns: [Option<Txn<'a, L>>; SEATS],
}

fn run<L: CommitLog>(steps: &[Step]) {
    let options = Options {
        background: false,
        pool_bytes: 16 * 8192,
        wal_segment_bytes: 64 << 10,
        wal_buffer_bytes: 64 << 10,
        // Nobody else will ever release it: the steps come from one thread.
        lock_timeout: Some(Duration::ZERO),
        ..Options::default()
    };
    let db = Database::<L>::open_with(Arc::new(SimFs::new()), options).expect("an empty directory");
    let table = db.create_table("t").expect("a new table");
    let mut run = Run { db: &db, table, model: Model::default(), open: Default::default(), txns: Default::default() };
    for step in steps {
        run.step(step);
    }
    for seat in 0..SEATS {
        run.end(seat, false);
    }
    let mut txn = db.begin().expect("a seat");
    let expected: Vec<_> = (0..KEYS).filter_map(|key| Some((key, run.model.at(key, u64::MAX)?))).collect();
    assert_eq!(scan(&mut txn, table, 0, KEYS), expected);
    drop(txn);
    db.vacuum().expect("a vacuum");
    assert_eq!(db.versions(), 0);
    assert_eq!(db.verify().expect("a sound tree").rows, expected.len() as u64, "ghosts are left");
}

impl<'a, L: CommitLog> Run<'a, L> {
    fn step(&mut self, step: &Step) {
        let table = self.table;
        match *step {
            Step::Get(seat, key) => {
                let expected = self.model.read(&mut self.open[seat], key);
                let mut row = b"stale".to_vec();
                let found = self.txn(seat).get(table, &[key], &mut row).expect("a read");
                assert_eq!(found.then_some(row), expected, "{step:?}");
            }
            Step::Scan(seat, from, to) => {
                let expected: Vec<_> =
                    (from..to).filter_map(|key| Some((key, self.model.read(&mut self.open[seat], key)?))).collect();
                // An empty range takes a snapshot too.
                self.model.read(&mut self.open[seat], 0);
                assert_eq!(scan(self.txn(seat), table, from, to), expected, "{step:?}");
            }
            Step::GetForUpdate(seat, key) => {
                let verdict = self.model.lock(&mut self.open, seat, key);
                let mut row = Vec::new();
                let got = self.txn(seat).get_for_update(table, &[key], &mut row);
                let got = got.map(|found| found.then_some(row));
                self.agree(step, seat, verdict, got);
            }
            Step::Update(seat, key, row) => {
                let verdict = self.model.lock(&mut self.open, seat, key);
                let mut before = None;
                let got = self.txn(seat).update(table, &[key], |bytes| {
                    before = Some(bytes.clone());
                    *bytes = row.bytes();
                });
                let got = got.map(|found| before.filter(|_| found));
                if let Some(Some(_)) = self.agree(step, seat, verdict, got) {
                    self.open[seat].writes.insert(key, Some(row.bytes()));
                }
            }
            Step::Delete(seat, key) => {
                let verdict = self.model.lock(&mut self.open, seat, key);
                let got = self.txn(seat).delete(table, &[key]);
                // What was deleted is not told: take the model's word for its bytes, not for its presence.
                let bytes = match &verdict {
                    Verdict::Free(row) => row.clone().unwrap_or_default(),
                    Verdict::Stale | Verdict::Locked => Vec::new(),
                };
                if let Some(Some(_)) = self.agree(step, seat, verdict, got.map(|found| found.then_some(bytes))) {
                    self.open[seat].writes.insert(key, None);
                }
            }
            Step::Insert(seat, key, row) => self.insert(step, seat, key, row),
            Step::Commit(seat) => self.end(seat, true),
            Step::Rollback(seat) => self.end(seat, false),
            Step::Vacuum => _ = self.db.vacuum().expect("a vacuum"),
            Step::Checkpoint => self.db.checkpoint().expect("a checkpoint"),
        }
    }

    fn insert(&mut self, step: &Step, seat: usize, key: u8, row: Row) {
        let table = self.table;
        let verdict = self.model.lock(&mut self.open, seat, key);
        match (self.txn(seat).insert(table, &[key], &row.bytes()), verdict) {
            (Ok(()), Verdict::Free(None)) => _ = self.open[seat].writes.insert(key, Some(row.bytes())),
            (Err(Error::DuplicateKey), Verdict::Free(Some(_))) => {}
            (Err(Error::SerializationFailure), Verdict::Stale) => self.end(seat, false),
            (Err(Error::LockTimeout(_)), Verdict::Locked) => self.end(seat, false),
            (got, verdict) => panic!("{step:?}: {got:?}, the model says {verdict:?}"),
        }
    }

    /// The row that was found under lock, if the call got that far; otherwise the transaction is over.
    fn agree(
        &mut self,
        step: &Step,
        seat: usize,
        verdict: Verdict,
        got: Result<Option<Vec<u8>>, Error>,
    ) -> Option<Option<Vec<u8>>> {
        match (got, verdict) {
            (Ok(found), Verdict::Free(expected)) => {
                assert_eq!(found, expected, "{step:?}");
                return Some(found);
            }
            (Err(Error::SerializationFailure), Verdict::Stale) | (Err(Error::LockTimeout(_)), Verdict::Locked) => {}
            (got, verdict) => panic!("{step:?}: {got:?}, the model says {verdict:?}"),
        }
        self.end(seat, false);
        None
    }

    fn txn(&mut self, seat: usize) -> &mut Txn<'a, L> {
        let db = self.db;
        self.txns[seat].get_or_insert_with(|| db.begin().expect("a seat"))
    }

    fn end(&mut self, seat: usize, commit: bool) {
        let open = std::mem::take(&mut self.open[seat]);
        let Some(txn) = self.txns[seat].take() else { return };
        if !commit {
            return txn.rollback().expect("a rollback");
        }
        let ticket = txn.commit().expect("a commit");
        self.db.wait(&ticket).expect("a durable commit");
        if !open.writes.is_empty() {
            self.model.now += 1;
        }
        for (key, row) in open.writes {
            self.model.versions.insert((key, self.model.now), row);
        }
    }
}

fn scan<L: CommitLog>(txn: &mut Txn<'_, L>, table: TableId, from: u8, to: u8) -> Vec<(u8, Vec<u8>)> {
    let mut rows = Vec::new();
    txn.scan(table, [from].as_slice()..[to].as_slice(), |key, row| {
        rows.push((key[0], row.to_vec()));
        ControlFlow::Continue(())
    })
    .expect("a scan");
    rows
}
