//! An answer that was given stays true: whatever a transaction saw, once its ticket is durable, no power cut takes it back.
//!
//! Transactions are run one after the other with most commits not yet synced, so that readers see what a crash can still
//! lose; vacuum passes by at odd moments. Then the power is cut, and what the acknowledged transactions saw is compared
//! with what recovery has found.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use engine::api::{CommitTicket, Database, Options, TableId};
use engine::io::{SimFs, Survival};
use engine::transaction::wal::CommitLog;
use engine_testing::random::Xorshift;

engine::on_both_logs! { what_was_answered_survives }

const KEYS: u64 = 12;
const STEPS: u64 = 60;

/// The states of a key, one for each commit that changed it: the number written, or nothing after a deletion.
type History = BTreeMap<u64, Vec<Option<u64>>>;

/// Something seen: the key, and which of its states.
type Seen = (u64, usize);

struct Course<L: CommitLog> {
    db: Arc<Database<L>>,
    table: TableId,
    random: Xorshift,
    history: History,
    written: u64,
    /// What each transaction saw, and when it may say so.
    answers: Vec<(CommitTicket, Vec<Seen>)>,
}

fn options() -> Options {
    Options {
        background: false,
        pool_bytes: 64 * 8192,
        wal_segment_bytes: 1 << 20,
        wal_buffer_bytes: 1 << 16,
        lock_timeout: Some(Duration::from_millis(20)),
        ..Options::default()
    }
}

fn open<L: CommitLog>(fs: SimFs) -> Database<L> {
    Database::open_with(Arc::new(fs), options()).unwrap_or_else(|error| panic!("does not open: {error}"))
}

fn number(row: &[u8]) -> u64 {
    u64::from_le_bytes(row.try_into().expect("eight bytes"))
}

impl<L: CommitLog> Course<L> {
    fn begin(fs: &SimFs, seed: u64) -> Self {
        let db = Arc::new(open(fs.clone()));
        let table = db.create_table("t").expect("a new table");
        let history = (0..KEYS).map(|key| (key, vec![None])).collect();
        Self { db, table, random: Xorshift::new(seed), history, written: 0, answers: Vec::new() }
    }

    fn step(&mut self) {
        match self.random.below(20) {
            0..8 => self.write(),
            8..17 => self.read(),
            17 => drop(self.db.vacuum().expect("a working disk")),
            18 => self.write_beside_a_snapshot(),
            _ => {
                if let Some((ticket, _)) = self.answers.last() {
                    self.db.wait(ticket).expect("a working disk");
                }
            }
        }
    }

    /// Writes or deletes a few keys. The commit is not waited for.
    fn write(&mut self) {
        let mut txn = self.db.begin().expect("a seat");
        let mut after = BTreeMap::new();
        for _ in 0..=self.random.below(3) {
            let key = self.random.below(KEYS);
            let name = key.to_be_bytes();
            let deletes = self.random.below(3) == 0;
            self.written += 1;
            let row = self.written.to_le_bytes();
            if deletes {
                txn.delete(self.table, &name).expect("nobody else");
            } else if !txn.update(self.table, &name, |old| old.copy_from_slice(&row)).expect("nobody else") {
                txn.insert(self.table, &name, &row).expect("nobody else");
            }
            after.insert(key, (!deletes).then_some(self.written));
        }
        let ticket = txn.commit().expect("a working disk");
        let mut seen = Vec::new();
        for (key, state) in after {
            let states = self.history.get_mut(&key).expect("a key");
            states.push(state);
            seen.push((key, states.len() - 1));
        }
        self.answers.push((ticket, seen));
    }

    /// Looks up or scans. What is seen is checked at once, and remembered.
    fn read(&mut self) {
        let mut txn = self.db.begin().expect("a seat");
        let mut found: BTreeMap<u64, Option<u64>> = BTreeMap::new();
        let mut row = Vec::new();
        match self.random.below(4) {
            0 => {
                found = (0..KEYS).map(|key| (key, None)).collect();
                let visit = |key: &[u8], row: &[u8]| {
                    found.insert(u64::from_be_bytes(key.try_into().expect("eight bytes")), Some(number(row)));
                    ControlFlow::Continue(())
                };
                txn.scan(self.table, .., visit).expect("a working disk");
            }
            1 => {
                let keys: Vec<[u8; 8]> = (0..3).map(|_| self.random.below(KEYS).to_be_bytes()).collect();
                let visit = |key: &[u8; 8], row: Option<&[u8]>| {
                    found.insert(u64::from_be_bytes(*key), row.map(number));
                };
                txn.get_many(self.table, &keys, &mut row, visit).expect("a working disk");
            }
            _ => {
                let key = self.random.below(KEYS);
                let is_there = txn.get(self.table, &key.to_be_bytes(), &mut row).expect("a working disk");
                found.insert(key, is_there.then(|| number(&row)));
            }
        }
        let ticket = txn.commit().expect("nothing to conflict with");
        let mut seen = Vec::new();
        for (key, state) in found {
            let states = &self.history[&key];
            assert_eq!(states.last(), Some(&state), "key {key}");
            seen.push((key, states.len() - 1));
        }
        self.answers.push((ticket, seen));
    }

    /// A reader whose snapshot is older than the newest rows.
    fn write_beside_a_snapshot(&mut self) {
        let key = self.random.below(KEYS);
        let before = self.history[&key].len() - 1;
        let mut row = Vec::new();
        let db = Arc::clone(&self.db);
        let mut reader = db.begin().expect("a seat");
        let first = self.random.below(KEYS).to_be_bytes();
        reader.get(self.table, &first, &mut row).expect("a working disk");
        self.write();
        let is_there = reader.get(self.table, &key.to_be_bytes(), &mut row).expect("a working disk");
        assert_eq!(is_there.then(|| number(&row)), self.history[&key][before], "key {key} as of the snapshot");
        let ticket = reader.commit().expect("nothing to conflict with");
        self.answers.push((ticket, vec![(key, before)]));
    }

    /// Those who may have answered by now.
    fn acknowledged(&self) -> Vec<Vec<Seen>> {
        let durable = self.answers.iter().filter(|(ticket, _)| self.db.is_durable(ticket));
        durable.map(|(_, seen)| seen.clone()).collect()
    }
}

fn what_was_answered_survives<L: CommitLog>() {
    let mut unsynced_answers = 0;
    for seed in 0..150 {
        let fs = SimFs::new();
        let mut course = Course::<L>::begin(&fs, seed);
        (0..STEPS).for_each(|_| course.step());
        let (answers, given) = (course.answers.len(), course.acknowledged());
        unsynced_answers += answers - given.len();
        let history = course.history;
        let survival = match seed % 3 {
            0 => Survival::Nothing,
            1 => Survival::Random(seed),
            _ => Survival::Everything,
        };
        let restarted = fs.crash(survival);
        drop(course.db);
        let db = open::<L>(restarted);
        let table = db.table("t").expect("it was durable");
        let mut now = BTreeMap::new();
        let visit = |key: &[u8], row: &[u8]| {
            now.insert(u64::from_be_bytes(key.try_into().expect("eight bytes")), number(row));
            ControlFlow::Continue(())
        };
        db.begin().expect("a seat").scan(table, .., visit).expect("a working disk");
        for (key, at) in given.into_iter().flatten() {
            let found = now.get(&key).copied();
            let allowed = &history[&key][at..];
            assert!(
                allowed.contains(&found),
                "seed {seed}: key {key} was seen as {:?}, now it is {found:?}",
                allowed[0]
            );
        }
    }
    let waits = std::any::TypeId::of::<L>() == std::any::TypeId::of::<engine::transaction::wal::grouped::GroupedLog>();
    assert!(!waits || unsynced_answers > 500, "only {unsynced_answers} answers had something to wait for");
}
