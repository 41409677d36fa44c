//! Threads that transfer money: the sum stays, deadlocks are broken, and nothing is left behind. On both logs.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use engine::api::{Database, Error, Options, TableId};
use engine::io::{SimFs, Survival};
use engine::metrics::Wait;
use engine::transaction::wal::CommitLog;
use engine_testing::random::Xorshift;

const ACCOUNTS: u64 = 40;
const START: i64 = 1000;

engine::on_both_logs! { transfers_keep_the_sum a_power_cut_among_threads_keeps_what_was_acknowledged }

fn options() -> Options {
    Options {
        pool_bytes: 24 * 8192,
        wal_segment_bytes: 64 << 10,
        wal_buffer_bytes: 64 << 10,
        checkpoint_wal_bytes: 128 << 10,
        vacuum_interval: Duration::from_millis(3),
        ..Options::default()
    }
}

/// Creators who race for the last numbers: none may get one that the next opening cannot place.
#[test]
fn tables_are_made_up_to_the_limit_and_no_further() {
    let fs = SimFs::new();
    let open = || <Database>::open(Arc::new(fs.clone()), options());
    let db = open().expect("an empty directory");
    let made = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..4 {
            let (db, made) = (&db, &made);
            scope.spawn(move || {
                for number in 0.. {
                    match db.create_table(&format!("table {thread} {number}")) {
                        Ok(_) => _ = made.fetch_add(1, Ordering::Relaxed),
                        Err(Error::TooManyTables(limit)) => return assert_eq!(limit, 1023),
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    assert_eq!(made.into_inner(), 1023);
    db.close().expect("a clean end");
    assert_eq!(open().expect("opens again").tables().expect("a list").len(), 1023);
}

fn bank<L: CommitLog>(fs: &SimFs) -> (Database<L>, TableId) {
    let db = Database::open_with(Arc::new(fs.clone()), options()).expect("an empty directory");
    let table = db.create_table("account").expect("a new table");
    let mut txn = db.begin().expect("a seat");
    for account in 0..ACCOUNTS {
        txn.insert(table, &account.to_be_bytes(), &row(START)).expect("a new account");
    }
    let ticket = txn.commit().expect("a commit");
    db.wait(&ticket).expect("durable");
    (db, table)
}

fn row(balance: i64) -> Vec<u8> {
    let mut row = balance.to_le_bytes().to_vec();
    row.resize(500, 0);
    row
}

fn balance(row: &[u8]) -> i64 {
    i64::from_le_bytes(row[..8].try_into().expect("eight bytes"))
}

fn transfers_keep_the_sum<L: CommitLog>() {
    let fs = SimFs::new();
    let (db, table) = bank::<L>(&fs);
    let (transfers, deadlocks) = (AtomicU64::new(0), AtomicU64::new(0));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|seed| {
                let (db, transfers, deadlocks) = (&db, &transfers, &deadlocks);
                scope.spawn(move || {
                    let mut random = Xorshift::new(seed);
                    for _ in 0..1500 {
                        match transfer(db, table, &mut random) {
                            Ok(()) => transfers.fetch_add(1, Ordering::Relaxed),
                            Err(Error::Deadlock) => deadlocks.fetch_add(1, Ordering::Relaxed),
                            Err(error) => panic!("{error}"),
                        };
                    }
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            let mut sums = 0;
            while !done.load(Ordering::Relaxed) {
                assert_eq!(sum(&db, table), START * ACCOUNTS as i64, "a torn snapshot");
                sums += 1;
            }
            sums
        });
        writers.into_iter().for_each(|writer| writer.join().expect("no panic"));
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().expect("no panic") > 10, "the reader hardly ran");
    });
    assert!(transfers.load(Ordering::Relaxed) > 3000);
    assert!(deadlocks.load(Ordering::Relaxed) > 0, "nobody ever met");
    assert!(db.metrics().wait_total(Wait::Lock).count > 0);
    db.vacuum().expect("a vacuum");
    assert_eq!(db.versions(), 0, "versions are left after everybody has gone");
    assert_eq!(db.verify().expect("a sound tree").rows, ACCOUNTS);
    db.close().expect("a clean end");
    let db = Database::<L>::open_with(Arc::new(fs), options()).expect("opens again");
    assert_eq!(sum(&db, table), START * ACCOUNTS as i64);
}

/// Moves something from one account to two others, in random order: so deadlocks come about.
fn transfer<L: CommitLog>(db: &Database<L>, table: TableId, random: &mut Xorshift) -> Result<(), Error> {
    let (from, to, and) = (random.below(ACCOUNTS), random.below(ACCOUNTS), random.below(ACCOUNTS));
    let amount = random.below(50) as i64;
    let mut txn = db.begin()?;
    for (account, change) in [(from, -2 * amount), (to, amount), (and, amount)] {
        let found = txn.update(table, &account.to_be_bytes(), |bytes| *bytes = row(balance(bytes) + change))?;
        assert!(found);
        if random.below(16) == 0 {
            thread::yield_now();
        }
    }
    if random.below(10) == 0 {
        return txn.rollback();
    }
    let ticket = txn.commit()?;
    db.wait(&ticket)
}

fn sum<L: CommitLog>(db: &Database<L>, table: TableId) -> i64 {
    let mut sum = 0;
    let mut txn = db.begin().expect("a seat");
    txn.scan(table, .., |_, row| {
        sum += balance(row);
        ControlFlow::Continue(())
    })
    .expect("a scan");
    let ticket = txn.commit().expect("a commit");
    db.wait(&ticket).expect("durable");
    sum
}

/// Every thread counts up a row of its own with each transfer; after the cut each counter is at least what its thread had
/// been told, at most one more, and the sum is right.
fn a_power_cut_among_threads_keeps_what_was_acknowledged<L: CommitLog>() {
    for round in 0..12 {
        let fs = SimFs::new();
        let (db, table) = bank::<L>(&fs);
        fs.power_off_at(fs.op_count() + 20 + 61 * round);
        let acked: Vec<u64> = thread::scope(|scope| {
            let threads: Vec<_> = (0..3u64)
                .map(|thread| {
                    scope.spawn({
                        let db = &db;
                        move || count_up(db, table, thread)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        drop(db);
        for survival in fs.image().survivals(6, round).into_iter().chain([Survival::Nothing, Survival::Everything]) {
            let db = Database::<L>::open_with(Arc::new(fs.image().restart(survival)), options()).expect("recovers");
            db.verify().expect("a sound tree");
            let mut found = vec![0; acked.len()];
            let mut total = 0;
            let mut txn = db.begin().expect("a seat");
            txn.scan(table, .., |key, row| {
                match key.get(8) {
                    Some(thread) => found[usize::from(*thread)] = balance(row) as u64,
                    None => total += balance(row),
                }
                ControlFlow::Continue(())
            })
            .expect("a scan");
            assert_eq!(total, START * ACCOUNTS as i64, "round {round}, {survival:?}");
            for (found, acked) in found.iter().zip(&acked) {
                assert!((*acked..=acked + 1).contains(found), "round {round}, {survival:?}: {found}, told {acked}");
            }
        }
    }
}

/// Transfers until the power fails; how many were acknowledged.
fn count_up<L: CommitLog>(db: &Database<L>, table: TableId, thread: u64) -> u64 {
    let counter = [b'c', 0, 0, 0, 0, 0, 0, 0, thread as u8];
    let mut random = Xorshift::new(thread);
    let mut acked = 0;
    let mut attempt = |n: u64| -> Result<(), Error> {
        let mut txn = db.begin()?;
        // In order of keys: no deadlocks here.
        let (a, b) = (random.below(ACCOUNTS / 2), ACCOUNTS / 2 + random.below(ACCOUNTS / 2));
        for (account, change) in [(a, -1), (b, 1)] {
            txn.update(table, &account.to_be_bytes(), |bytes| *bytes = row(balance(bytes) + change))?;
        }
        if !txn.update(table, &counter, |bytes| *bytes = row(n as i64))? {
            txn.insert(table, &counter, &row(n as i64))?;
        }
        let ticket = txn.commit()?;
        db.wait(&ticket)
    };
    for n in 1..2000 {
        match attempt(n) {
            Ok(()) => acked = n,
            Err(_) => return acked,
        }
    }
    acked
}
