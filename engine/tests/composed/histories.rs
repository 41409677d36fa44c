//! Concurrent transactions leave a history, and snapshot isolation must allow it. First the judge is judged: histories with a
//! known anomaly, by hand. Then the engine, on both logs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use engine::api::{Database, Error, Options, TableId, Txn};
use engine::io::SimFs;
use engine::metrics::Counter;
use engine::transaction::wal::CommitLog;
use engine_testing::history::{Anomaly, Ending, Recorder, Running, check};
use engine_testing::random::Xorshift;

engine::on_both_logs! { what_transactions_see_is_allowed_under_snapshot_isolation }

/// A history by hand: `T x+1 y=12 .` begins transaction `T`, lets it append 1 to list x and read 1, 2 in list y; `.` commits
/// and `!` rolls back. A transaction that is named again goes on.
fn judge(script: &str) -> Result<(), Anomaly> {
    let recorder = Recorder::default();
    let mut running: Vec<(char, Running)> = Vec::new();
    let mut at = '-';
    for word in script.split_whitespace() {
        let mut letters = word.chars();
        let (first, rest) = (letters.next().unwrap(), letters.as_str());
        if first.is_uppercase() {
            at = first;
            if !running.iter().any(|(name, _)| *name == at) {
                running.push((at, recorder.begin()));
            }
            continue;
        }
        let place = running.iter().position(|(name, _)| *name == at).unwrap();
        let digits = || rest[1..].chars().map(|digit| u64::from(digit.to_digit(16).unwrap()));
        match (first, rest.chars().next()) {
            ('.', None) => recorder.end(running.swap_remove(place).1, Ending::Committed),
            ('!', None) => recorder.end(running.swap_remove(place).1, Ending::Aborted),
            ('?', None) => recorder.end(running.swap_remove(place).1, Ending::Unknown),
            (key, Some('+')) => digits().for_each(|value| running[place].1.append(key.into(), value)),
            (key, Some('=')) => running[place].1.read(key.into(), &digits().collect::<Vec<_>>()),
            _ => panic!("{word}"),
        }
    }
    check(&recorder.history())
}

#[test]
fn what_snapshot_isolation_allows_is_allowed() {
    for script in [
        "A x+1 . B x=1 x+2 . C x=12 .",
        // Side by side: an old snapshot stays as it is.
        "A x= B x+1 . A y= . C x=1 y= .",
        // Write skew: two rw edges in a row.
        "A x= y= B x= y= A x+1 . B y+2 . C x=1 y=2 .",
        // The answer never came: it may have committed, or not.
        "A x+1 ? B x=1 .",
        "A x+1 ? B x= .",
        // Its own appends come after what it saw.
        "A x+1 . B x=1 x+2 x=12 x+3 . C x=123 .",
        "A x+1 ! B x= .",
    ] {
        assert_eq!(judge(script), Ok(()), "{script}");
    }
}

#[test]
fn every_planted_anomaly_is_found() {
    type Is = fn(&Anomaly) -> bool;
    let cases: [(&str, &str, Is); 14] = [
        ("appended twice", "A x+1 . B y+1 .", |a| matches!(a, Anomaly::NotAHistory(_))),
        ("circular writes", "A x+1 B x+2 A y+3 . B y+4 . C x=12 y=43 .", |a| matches!(a, Anomaly::Cycle(_))),
        ("aborted read", "A x+1 B x=1 . A !", |a| matches!(a, Anomaly::AbortedRead { .. })),
        ("intermediate read", "A x+1 B x=1 . A x+2 . C x=12 .", |a| matches!(a, Anomaly::IntermediateRead { .. })),
        ("circular information", "A x+1 B y+2 A y=2 . B x=1 .", |a| matches!(a, Anomaly::Cycle(_))),
        ("lost update", "A x= B x= A x+1 . B x+2 . C x=12 .", |a| matches!(a, Anomaly::Cycle(_))),
        ("lost append", "A x+1 . B x+2 . C x=2 .", |a| matches!(a, Anomaly::LostAppend { .. })),
        ("diverging", "A x+1 . B x+2 . C x=12 . D x=21 .", |a| matches!(a, Anomaly::Diverging { .. })),
        ("read skew", "A x= B x+1 y+2 . A y=2 . C x=1 .", |a| matches!(a, Anomaly::Cycle(_))),
        ("non-repeatable", "A x= B x+1 . A x=1 .", |a| matches!(a, Anomaly::NonRepeatable { .. })),
        ("own write unseen", "A x+1 x= .", |a| matches!(a, Anomaly::OwnWriteMissing { .. })),
        ("from nowhere", "A x=7 .", |a| matches!(a, Anomaly::FromNowhere { .. })),
        ("stale read", "A x+1 . B x= . C x=1 .", |a| matches!(a, Anomaly::Cycle(_))),
        ("long fork", "C x= D y= A x+1 . B y+2 . C y=2 . D x=1 . E x=1 y=2 .", |a| matches!(a, Anomaly::Cycle(_))),
    ];
    for (name, script, is) in cases {
        match judge(script) {
            Err(anomaly) => assert!(is(&anomaly), "{name}: {anomaly}"),
            Ok(()) => panic!("{name} was not found"),
        }
    }
}

#[test]
fn a_cycle_is_told_with_its_edges() {
    let told = judge("A x= B x+1 y+2 . A y=2 . C x=1 .").unwrap_err().to_string();
    // x is list 120, y list 121; B ended first.
    assert!(told.contains("T0 ─wr(121)─▶ T1") && told.contains("T1 ─rw(120)─▶ T0"), "{told}");
}

const THREADS: u64 = 4;
const TRANSACTIONS: u64 = 2500;
/// Lists in use at a time; the window moves on, so that no list outgrows a row.
const WINDOW: u64 = 6;
const APPENDS_PER_LIST: u64 = 60;

/// Lists as rows, and the numbers appended so far.
struct Lists<'a, L: CommitLog> {
    db: &'a Database<L>,
    table: TableId,
    appended: AtomicU64,
    recorder: &'a Recorder,
}

fn what_transactions_see_is_allowed_under_snapshot_isolation<L: CommitLog>() {
    // Small, so that pages are evicted and split, versions are pruned and the log is recycled under way.
    let options = Options {
        pool_bytes: 24 * 8192,
        wal_segment_bytes: 64 << 10,
        wal_buffer_bytes: 64 << 10,
        checkpoint_wal_bytes: 128 << 10,
        vacuum_interval: Duration::from_millis(2),
        ..Options::default()
    };
    let db = Database::<L>::open_with(Arc::new(SimFs::new()), options).expect("an empty directory");
    let table = db.create_table("list").expect("a new table");
    let recorder = Recorder::default();
    let lists = Lists { db: &db, table, appended: AtomicU64::new(0), recorder: &recorder };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let lists = &lists;
            scope.spawn(move || {
                let mut random = Xorshift::new(thread);
                (0..TRANSACTIONS).for_each(|_| lists.transaction(&mut random));
            });
        }
    });
    lists.read_everything();
    let metrics = db.metrics();
    let conflicts = metrics.get(Counter::TxnSerializationFailures) + metrics.get(Counter::TxnDeadlocks);
    assert!(conflicts > 20, "only {conflicts} conflicts: nothing was proved");
    let history = recorder.history();
    assert!(history.commits() as u64 > THREADS * TRANSACTIONS / 4, "only {} commits", history.commits());
    check(&history).unwrap_or_else(|anomaly| panic!("{anomaly}"));
}

impl<L: CommitLog> Lists<'_, L> {
    fn transaction(&self, random: &mut Xorshift) {
        let mut running = self.recorder.begin();
        let ending = match self.attempt(&mut running, random) {
            Ok(ending) => ending,
            Err(Error::Deadlock | Error::SerializationFailure | Error::DuplicateKey) => Ending::Aborted,
            Err(error) => panic!("{error}"),
        };
        self.recorder.end(running, ending);
    }

    fn attempt(&self, running: &mut Running, random: &mut Xorshift) -> Result<Ending, Error> {
        let mut txn = self.db.begin()?;
        for _ in 0..1 + random.below(5) {
            let first = self.appended.load(Ordering::Relaxed) / APPENDS_PER_LIST;
            let key = first + random.below(WINDOW);
            match random.below(10) {
                0..4 => self.read(&mut txn, running, key)?,
                4 => self.read_locked(&mut txn, running, key)?,
                5 => self.scan(&mut txn, running, first)?,
                _ => self.append(&mut txn, running, key)?,
            }
            if random.below(3) == 0 {
                thread::yield_now();
            }
        }
        if random.below(12) == 0 {
            txn.rollback()?;
            return Ok(Ending::Aborted);
        }
        let ticket = txn.commit()?;
        self.db.wait(&ticket)?;
        Ok(Ending::Committed)
    }

    fn read(&self, txn: &mut Txn<'_, L>, running: &mut Running, key: u64) -> Result<(), Error> {
        let mut row = Vec::new();
        let found = txn.get(self.table, &key.to_be_bytes(), &mut row)?;
        // What is in the buffer when there is no row is nobody's business.
        running.read(key, &numbers(if found { &row } else { &[] }));
        Ok(())
    }

    fn read_locked(&self, txn: &mut Txn<'_, L>, running: &mut Running, key: u64) -> Result<(), Error> {
        let mut row = Vec::new();
        let found = txn.get_for_update(self.table, &key.to_be_bytes(), &mut row)?;
        // What is in the buffer when there is no row is nobody's business.
        running.read(key, &numbers(if found { &row } else { &[] }));
        Ok(())
    }

    fn scan(&self, txn: &mut Txn<'_, L>, running: &mut Running, first: u64) -> Result<(), Error> {
        let mut lists = vec![Vec::new(); WINDOW as usize];
        let (from, to) = (first.to_be_bytes(), (first + WINDOW).to_be_bytes());
        txn.scan(self.table, &from[..]..&to[..], |key, row| {
            let key = u64::from_be_bytes(key.try_into().expect("eight bytes"));
            lists[(key - first) as usize] = numbers(row);
            ControlFlow::Continue(())
        })?;
        lists.iter().zip(first..).for_each(|(list, key)| running.read(key, list));
        Ok(())
    }

    fn append(&self, txn: &mut Txn<'_, L>, running: &mut Running, key: u64) -> Result<(), Error> {
        let value = self.appended.fetch_add(1, Ordering::Relaxed);
        let mut before = Vec::new();
        let found = txn.update(self.table, &key.to_be_bytes(), |row| {
            before = numbers(row);
            row.extend_from_slice(&value.to_be_bytes());
        })?;
        if !found {
            txn.insert(self.table, &key.to_be_bytes(), &value.to_be_bytes())?;
        }
        running.read(key, &before);
        running.append(key, value);
        Ok(())
    }

    /// Every list once more, so that the order of all appends is known.
    fn read_everything(&self) {
        let mut running = self.recorder.begin();
        let mut txn = self.db.begin().expect("a seat");
        txn.scan(self.table, .., |key, row| {
            running.read(u64::from_be_bytes(key.try_into().expect("eight bytes")), &numbers(row));
            ControlFlow::Continue(())
        })
        .expect("a scan");
        txn.rollback().expect("a rollback");
        self.recorder.end(running, Ending::Committed);
    }
}

fn numbers(row: &[u8]) -> Vec<u64> {
    row.chunks_exact(8).map(|bytes| u64::from_be_bytes(bytes.try_into().expect("eight bytes"))).collect()
}
