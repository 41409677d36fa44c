//! Every crash of a busy little database, on both logs and with both ways to write pages: nothing acknowledged is lost,
//! nothing unfinished stays.
//!
//! One thread, tiny pool (pages are evicted all the time), tiny log segments (recycled all the time): transfers between
//! accounts, inserts and deletes that split and empty leaves, rows that grow and shrink, rollbacks, a second transaction that
//! stays open across many others, checkpoints, background writing and vacuum in between.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use engine::api::{CommitTicket, Database, Error, Options, TableId, Txn};
use engine::buffer::flush::paced::Paced;
use engine::buffer::flush::sharp::Sharp;
use engine::buffer::flush::{Flusher, make};
use engine::io::SimFs;
use engine::metrics::Counter;
use engine::transaction::wal::CommitLog;
use engine::transaction::wal::grouped::GroupedLog;
use engine::transaction::wal::serial::SerialLog;
use engine_testing::crash::{Plan, Progress, Promise, Report, enumerate};
use engine_testing::random::Xorshift;

const ACCOUNTS: u32 = 24;

#[test]
fn serial_log_keeps_its_promises() {
    enough(crash_everywhere::<SerialLog, Sharp>(1, 250));
}

#[test]
fn grouped_log_keeps_its_promises() {
    enough(crash_everywhere::<GroupedLog, Sharp>(2, 350));
}

#[test]
fn background_writing_keeps_its_promises() {
    // Each of its batches is many writes, so many crash points.
    enough(crash_everywhere::<GroupedLog, Paced>(3, 300));
}

/// Each of the three opens so many different disks that the eight sets of the matrix are together beyond 100,000.
#[expect(clippy::print_stdout, reason = "`--nocapture` shows how many there were")]
fn enough(report: Report) {
    println!("{report:?}");
    assert!(report.states >= 5_000, "only {report:?}");
    assert!(report.second_states >= 1_500, "only {report:?}");
}

/// So much log, and redo should begin: little enough that old pages are written all the time.
const REDO_BYTES: u64 = 24 << 10;

fn options<F: Flusher>() -> Options {
    Options {
        flusher: make::<F>,
        background: false,
        pool_bytes: 16 * 8192,
        wal_segment_bytes: 32 << 10,
        wal_buffer_bytes: 64 << 10,
        ..Options::default()
    }
}

/// The hash of the state after each commit, from the empty tables on.
#[derive(Default)]
struct History(Mutex<Vec<u64>>);

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Default, Clone, Hash)]
struct Model {
    accounts: Rows,
    items: Rows,
}

fn crash_everywhere<L: CommitLog, F: Flusher>(seed: u64, txns: u32) -> Report {
    let hasher = RandomState::new();
    let (fs, progress, history) = (SimFs::new(), Arc::new(Progress::default()), History::default());
    let db = open::<L, F>(fs.clone());
    let tables = Tables { accounts: create(&db, "accounts"), items: create(&db, "items") };
    history.push(hasher.hash_one(Model::default()));
    let plan = Plan { seed, ..Plan::default() };
    let workload = || {
        let mut run = Run {
            db: &db,
            tables,
            progress: &progress,
            note: &|model: &Model| history.push(hasher.hash_one(model)),
            model: Model::default(),
            commits: 0,
            pending: Vec::new(),
            random: Xorshift::new(seed),
        };
        run.work(txns);
        for counter in
            [Counter::BufferEvictions, Counter::TreeSplits, Counter::TreeUnlinks, Counter::WalSegmentsRecycled]
        {
            let count = db.metrics().get(counter);
            assert!(count > 10, "too quiet to prove anything: {} {count}", counter.name());
        }
    };
    enumerate(plan, &fs, &progress, workload, open::<L, F>, |db, promise| {
        check(&db, tables, promise, &history, &hasher)
    })
}

fn open<L: CommitLog, F: Flusher>(fs: SimFs) -> Database<L> {
    Database::open_with(Arc::new(fs), options::<F>()).unwrap_or_else(|error| panic!("does not open: {error}"))
}

fn create<L: CommitLog>(db: &Database<L>, name: &str) -> TableId {
    db.create_table(name).expect("a new table")
}

impl History {
    fn push(&self, hash: u64) {
        self.0.lock().expect("no panic").push(hash);
    }
}

/// The recovered state is that after some commit between the last acknowledged and the last begun; and the database works.
fn check<L: CommitLog>(db: &Database<L>, tables: Tables, promise: Promise, history: &History, hasher: &RandomState) {
    db.verify().unwrap_or_else(|error| panic!("unsound after recovery: {error}"));
    let found = read_all(db, tables);
    let hash = hasher.hash_one(&found);
    let history = history.0.lock().expect("no panic").clone();
    let allowed = promise.acked as usize..=promise.begun as usize;
    if !history[allowed.clone()].contains(&hash) {
        let after = history.iter().position(|after| *after == hash);
        let sum: i64 = found.accounts.values().map(|row| balance(row)).sum();
        panic!(
            "the state is that after commit {after:?}, promised was one of {allowed:?} \
             ({} accounts with {sum} together, {} items)",
            found.accounts.len(),
            found.items.len(),
        );
    }
    assert_eq!(db.versions(), 0);
    let mut txn = db.begin().expect("a seat");
    txn.insert(tables.items, b"after the crash", b"works").expect("a write");
    let ticket = txn.commit().expect("a commit");
    db.wait(&ticket).expect("a durable commit");
}

fn read_all<L: CommitLog>(db: &Database<L>, tables: Tables) -> Model {
    let mut txn = db.begin().expect("a seat");
    let mut rows = |table| {
        let mut rows = Rows::new();
        txn.scan(table, .., |key, row| {
            rows.insert(key.to_vec(), row.to_vec());
            ControlFlow::Continue(())
        })
        .unwrap_or_else(|error| panic!("unreadable after recovery: {error}"));
        rows
    };
    Model { accounts: rows(tables.accounts), items: rows(tables.items) }
}

#[derive(Clone, Copy)]
struct Tables {
    accounts: TableId,
    items: TableId,
}

/// A transaction that stays open across others, and what it wrote.
type Long<'a, L> = (Txn<'a, L>, Vec<(Vec<u8>, Vec<u8>)>);

struct Run<'a, L: CommitLog> {
    db: &'a Database<L>,
    tables: Tables,
    progress: &'a Progress,
    note: &'a dyn Fn(&Model),
    model: Model,
    commits: u64,
    /// Commits not yet waited for.
    pending: Vec<(u64, CommitTicket)>,
    random: Xorshift,
}

impl<'a, L: CommitLog> Run<'a, L> {
    fn work(&mut self, txns: u32) {
        let mut txn = self.begin();
        let mut model = self.model.clone();
        for n in 0..ACCOUNTS {
            let row = account_row(1000);
            txn.insert(self.tables.accounts, &n.to_be_bytes(), &row).expect("a new account");
            model.accounts.insert(n.to_be_bytes().to_vec(), row);
        }
        self.commit(txn, model);
        // The transaction that stays open, and what it does to the items.
        let mut long: Option<Long<'a, L>> = None;
        for n in 0..txns {
            self.one();
            if n % 3 == 0 {
                self.db.write_pages(REDO_BYTES).expect("a working disk");
            }
            match (n % 30, &mut long) {
                (3, long) => *long = Some((self.begin(), Vec::new())),
                (5 | 9 | 13, Some((txn, written))) => {
                    let key = format!("long {n:05}").into_bytes();
                    let row = vec![b'l'; 300];
                    txn.insert(self.tables.items, &key, &row).expect("a key of its own");
                    written.push((key, row));
                }
                (20, long) => self.end_long(long.take(), n % 60 < 30),
                (11 | 26, _) => self.db.checkpoint().expect("a checkpoint"),
                (7 | 12 | 17 | 23 | 28, _) => {
                    if n % 30 > 7 {
                        // Only what was deleted durably can go.
                        self.wait_for_all();
                    }
                    self.db.vacuum().expect("a vacuum");
                }
                _ => {}
            }
        }
        self.end_long(long, false);
        self.wait_for_all();
    }

    fn end_long(&mut self, long: Option<Long<'a, L>>, commit: bool) {
        let Some((txn, written)) = long else { return };
        if !commit {
            return txn.rollback().expect("a rollback");
        }
        let mut model = self.model.clone();
        model.items.extend(written);
        self.commit(txn, model);
    }

    /// One transaction of one to three steps; one in eight is rolled back.
    fn one(&mut self) {
        let mut txn = self.begin();
        let mut model = self.model.clone();
        for _ in 0..1 + self.random.below(3) {
            match self.random.below(10) {
                0..=1 => self.transfer(&mut txn, &mut model),
                2..=6 => self.insert(&mut txn, &mut model),
                7 => self.resize(&mut txn, &mut model),
                8 => self.delete(&mut txn, &mut model, 2),
                // Once in a while whole leaves.
                _ if self.random.below(5) == 0 => self.delete(&mut txn, &mut model, 40),
                _ => {}
            }
        }
        if self.random.below(8) == 0 {
            txn.rollback().expect("a rollback");
        } else {
            self.commit(txn, model);
        }
    }

    fn transfer(&mut self, txn: &mut Txn<'a, L>, model: &mut Model) {
        let amount = self.random.below(100) as i64;
        for change in [-amount, amount] {
            let key = (self.random.below(ACCOUNTS.into()) as u32).to_be_bytes();
            let row = account_row(balance(&model.accounts[key.as_slice()]) + change);
            let found = txn.update(self.tables.accounts, &key, |bytes| bytes.clone_from(&row)).expect("an update");
            assert!(found);
            model.accounts.insert(key.to_vec(), row);
        }
    }

    fn insert(&mut self, txn: &mut Txn<'a, L>, model: &mut Model) {
        for _ in 0..1 + self.random.below(3) {
            // A few hundred possible keys, so that ghosts are revived too.
            let key = format!("item {:03}", self.random.below(600)).into_bytes();
            let row = vec![b'a' + self.random.below(26) as u8; 20 + self.random.below(900) as usize];
            match txn.insert(self.tables.items, &key, &row) {
                Ok(()) => assert!(model.items.insert(key, row).is_none()),
                Err(Error::DuplicateKey) => assert!(model.items.contains_key(&key)),
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn resize(&mut self, txn: &mut Txn<'a, L>, model: &mut Model) {
        let Some(key) = self.some_item(model) else { return };
        let len = self.random.below(1000) as usize;
        txn.update(self.tables.items, &key, |row| row.resize(len, b'+')).expect("an update");
        model.items.get_mut(&key).expect("it is there").resize(len, b'+');
    }

    /// Deletes neighbours.
    fn delete(&mut self, txn: &mut Txn<'a, L>, model: &mut Model, count: usize) {
        let Some(first) = self.some_item(model) else { return };
        let keys: Vec<_> = model.items.range(first..b"long".to_vec()).take(count).map(|(key, _)| key.clone()).collect();
        for key in keys {
            assert!(txn.delete(self.tables.items, &key).expect("a delete"));
            model.items.remove(&key);
        }
    }

    fn some_item(&mut self, model: &Model) -> Option<Vec<u8>> {
        let from = format!("item {:03}", self.random.below(600)).into_bytes();
        // Those of the long transaction are not touched.
        model.items.range(from..b"long".to_vec()).next().map(|(key, _)| key.clone())
    }

    fn begin(&self) -> Txn<'a, L> {
        self.db.begin().expect("a seat")
    }

    fn commit(&mut self, txn: Txn<'a, L>, model: Model) {
        self.model = model;
        self.commits += 1;
        (self.note)(&self.model);
        self.progress.begin(self.commits);
        let ticket = txn.commit().expect("a commit");
        self.pending.push((self.commits, ticket));
        if self.random.below(3) == 0 {
            self.wait_for_all();
        }
        // In order: one that touched nothing is durable at once, and says nothing about those before it.
        for (n, _) in self.pending.iter().take_while(|(_, ticket)| self.db.is_durable(ticket)) {
            self.progress.ack(*n);
        }
    }

    fn wait_for_all(&mut self) {
        for (n, ticket) in self.pending.drain(..) {
            self.db.wait(&ticket).expect("a durable commit");
            self.progress.ack(n);
        }
    }
}

/// Wide enough that the accounts need more than one page.
fn account_row(balance: i64) -> Vec<u8> {
    let mut row = vec![b'.'; 400];
    row[200..208].copy_from_slice(&balance.to_le_bytes());
    row
}

fn balance(row: &[u8]) -> i64 {
    i64::from_le_bytes(row[200..208].try_into().expect("eight bytes"))
}

#[test]
fn a_crash_while_the_database_is_made_leaves_one_that_can_be_made() {
    fn case<L: CommitLog, F: Flusher>() -> Report {
        let (fs, progress) = (SimFs::new(), Arc::new(Progress::default()));
        let make = || {
            let db = open::<L, F>(fs.clone());
            create(&db, "items");
            progress.ack(1);
        };
        let check = |db: Database<L>, promise: Promise| {
            db.verify().expect("a sound catalog");
            let found = db.table("items");
            assert!(found.is_ok() || promise.acked == 0, "{found:?}");
            create(&db, "another");
        };
        let plan = Plan { survivals: 24, second_every: 1, second_survivals: 16, ..Plan::default() };
        enumerate(plan, &fs, &progress, make, open::<L, F>, check)
    }
    for report in [case::<SerialLog, Sharp>(), case::<GroupedLog, Paced>()] {
        assert!(report.states > 50, "{report:?}");
    }
}
