//! What a transaction promises to its caller: reads, writes, errors, isolation. On both logs.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::api::{Database, Error, Options, TableId, Txn};
use engine::io::SimFs;
use engine::metrics::Counter;
use engine::transaction::wal::CommitLog;

engine::on_both_logs! {
    rows_come_and_go many_rows_at_once many_rows_as_a_snapshot_sees_them many_rows_are_added_at_once errors_leave_the_transaction_usable a_failed_transaction_can_only_be_rolled_back
    a_dropped_transaction_is_rolled_back rollback_restores_everything a_scan_respects_its_bounds
    no_dirty_read no_non_repeatable_read no_lost_update no_phantom_within_a_snapshot write_skew_is_allowed
    the_snapshot_is_taken_at_the_first_unlocked_read own_writes_are_seen a_row_may_outgrow_its_page
    a_deadlock_is_broken_and_counted vacuum_leaves_nothing_behind a_reader_waits_for_what_it_saw a_reader_waits_for_nothing_else
    a_reader_waits_for_a_deletion_that_vacuum_passed a_closed_database_opens_again
    closing_waits_for_nobody_who_rests tables_have_names
}

struct Fixture<L: CommitLog> {
    db: Database<L>,
    table: TableId,
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

fn fixture<L: CommitLog>() -> Fixture<L> {
    fixture_with(options())
}

/// With a pool in which many rows are sought at the same time.
fn roomy_fixture<L: CommitLog>() -> Fixture<L> {
    fixture_with(Options { pool_bytes: 1024 * 8192, ..options() })
}

fn fixture_with<L: CommitLog>(options: Options) -> Fixture<L> {
    let db = Database::<L>::open_with(Arc::new(SimFs::new()), options).expect("an empty directory");
    let table = db.create_table("t").expect("a new table");
    let fixture = Fixture { db, table };
    fixture.commit(|txn, table| {
        for (key, row) in [("a", "1"), ("b", "2"), ("c", "3")] {
            txn.insert(table, key.as_bytes(), row.as_bytes())?;
        }
        Ok(())
    });
    fixture
}

impl<L: CommitLog> Fixture<L> {
    fn begin(&self) -> Txn<'_, L> {
        self.db.begin().expect("a seat")
    }

    fn commit(&self, work: impl FnOnce(&mut Txn<'_, L>, TableId) -> Result<(), Error>) {
        let mut txn = self.begin();
        work(&mut txn, self.table).expect("no conflict");
        let ticket = txn.commit().expect("a working disk");
        self.db.wait(&ticket).expect("a working disk");
        assert!(self.db.is_durable(&ticket));
    }

    fn get(&self, txn: &mut Txn<'_, L>, key: &str) -> Option<String> {
        let mut row = Vec::new();
        let found = txn.get(self.table, key.as_bytes(), &mut row).expect("a read");
        found.then(|| String::from_utf8(row).expect("text"))
    }

    fn set(&self, txn: &mut Txn<'_, L>, key: &str, row: &str) -> Result<bool, Error> {
        txn.update(self.table, key.as_bytes(), |bytes| {
            bytes.clear();
            bytes.extend_from_slice(row.as_bytes());
        })
    }

    /// All rows as "key=row" joined by spaces.
    fn all(&self, txn: &mut Txn<'_, L>) -> String {
        let mut rows = Vec::new();
        txn.scan(self.table, .., |key, row| {
            rows.push(format!("{}={}", String::from_utf8_lossy(key), String::from_utf8_lossy(row)));
            ControlFlow::Continue(())
        })
        .expect("a scan");
        rows.join(" ")
    }

    #[track_caller]
    fn check(&self, expected: &str) {
        assert_eq!(self.all(&mut self.begin()), expected);
    }
}

fn rows_come_and_go<L: CommitLog>() {
    let f = fixture::<L>();
    f.commit(|txn, table| {
        txn.insert(table, b"d", b"4")?;
        assert!(f.set(txn, "a", "one")?);
        assert!(txn.delete(table, b"b")?);
        assert!(!txn.delete(table, b"b")?);
        assert!(!f.set(txn, "b", "?")?);
        Ok(())
    });
    f.check("a=one c=3 d=4");
    f.commit(|txn, table| txn.insert(table, b"b", b"again"));
    f.check("a=one b=again c=3 d=4");
    f.db.verify().expect("a sound tree");
}

/// 200 rows of 500 bytes, and so over several leaves, of which every third is deleted again.
fn scattered<L: CommitLog>(fixture: &Fixture<L>) -> Vec<Vec<u8>> {
    let keys: Vec<Vec<u8>> = (0..200_u32).map(|n| format!("row-{n:03}").into_bytes()).collect();
    fixture.commit(|txn, table| keys.iter().try_for_each(|key| txn.insert(table, key, &[key[6]; 500])));
    fixture.commit(|txn, table| keys.iter().step_by(3).try_for_each(|key| txn.delete(table, key).map(drop)));
    keys
}

/// What `get_many` hands over, and what as many `get`s do.
fn both_ways<L: CommitLog>(fixture: &Fixture<L>, txn: &mut Txn<'_, L>, keys: &[Vec<u8>]) -> [Vec<Option<Vec<u8>>>; 2] {
    let (mut row, mut together) = (Vec::new(), Vec::new());
    let mut order = keys.iter();
    txn.get_many(fixture.table, keys, &mut row, |key, row| {
        assert_eq!(order.next(), Some(key), "in the order of the keys");
        together.push(row.map(<[u8]>::to_vec));
    })
    .expect("a read");
    let alone = |key: &Vec<u8>| txn.get(fixture.table, key, &mut row).expect("a read").then(|| row.clone());
    [together, keys.iter().map(alone).collect()]
}

fn many_rows_at_once<L: CommitLog>() {
    let fixture = roomy_fixture::<L>();
    let mut keys = scattered(&fixture);
    keys.extend([b"absent".to_vec(), b"zzz".to_vec(), keys[7].clone()]);
    for _ in 0..2 {
        let mut txn = fixture.begin();
        let [together, alone] = both_ways(&fixture, &mut txn, &keys);
        assert_eq!((together.len(), together.iter().flatten().count()), (203, 134));
        assert!(together == alone);

        // Growing rows outgrow their pages, so that what was sought is no longer where it was.
        let mut seen = Vec::new();
        let changed = txn.update_many(fixture.table, &keys, |key, row| {
            assert!(row[0] == key[6] || row[0] == b'+', "the row of another key");
            seen.push(key.clone());
            row.clear();
            row.resize(1500, b'+');
        });
        assert_eq!(changed.expect("no conflict"), 134);
        let there = |(key, row): (&Vec<u8>, &Option<Vec<u8>>)| row.as_ref().map(|_| key.clone());
        assert!(seen == keys.iter().zip(&together).filter_map(there).collect::<Vec<_>>(), "each once, in their order");
        let [together, alone] = both_ways(&fixture, &mut txn, &keys);
        assert!(together == alone && together.iter().flatten().all(|row| row.len() == 1500 && row[1499] == b'+'));
        txn.rollback().expect("a working disk");
        let [together, _] = both_ways(&fixture, &mut fixture.begin(), &keys);
        assert!(together.iter().flatten().all(|row| row.len() == 500), "undone");
        fixture.db.verify().expect("a sound database");
        keys.reverse();
    }
}

fn many_rows_are_added_at_once<L: CommitLog>() {
    let fixture = roomy_fixture::<L>();
    // Among them, in the place of the deleted ones, and beyond: neighbours, and from one end to the other.
    let mut keys = scattered(&fixture);
    keys = keys.into_iter().step_by(3).collect();
    keys.extend((0..300).map(|n| format!("row-100-{n:03}").into_bytes()));
    keys.extend((0..40).flat_map(|n| [format!("a-{n}").into_bytes(), format!("z-{n}").into_bytes()]));
    let row_of = |key: &[u8]| [key, &[b'.'; 90]].concat();
    let add = |txn: &mut Txn<'_, L>| {
        let mut order = keys.iter();
        txn.insert_many(fixture.table, &keys, |key, row| {
            assert!(row.is_empty() && order.next() == Some(key), "in the order of the keys");
            row.extend_from_slice(&row_of(key));
        })
    };
    let mut txn = fixture.begin();
    add(&mut txn).expect("new keys");
    let [together, alone] = both_ways(&fixture, &mut txn, &keys);
    assert!(together == alone && together.iter().zip(&keys).all(|(row, key)| row.as_deref() == Some(&row_of(key))));
    txn.rollback().expect("a working disk");
    let [none, _] = both_ways(&fixture, &mut fixture.begin(), &keys);
    assert!(none.iter().all(Option::is_none), "undone");
    fixture.commit(|txn, _| add(txn));
    fixture.db.verify().expect("a sound database");

    // The rows before the one that is refused stay, and so does the transaction.
    let mut txn = fixture.begin();
    let pair = [b"new".to_vec(), keys[0].clone(), b"newer".to_vec()];
    let refused = txn.insert_many(fixture.table, &pair, |_, row| row.push(b'!'));
    assert!(matches!(refused, Err(Error::DuplicateKey)), "{refused:?}");
    let too_large = txn.insert_many(fixture.table, &[b"newest"], |_, row| row.resize(9000, 0));
    assert!(matches!(too_large, Err(Error::RowTooLarge { .. })), "{too_large:?}");
    fixture.db.wait(&txn.commit().expect("a working disk")).expect("a working disk");
    let [now, _] = both_ways(&fixture, &mut fixture.begin(), &pair);
    assert_eq!(now.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false]);
    fixture.db.verify().expect("a sound database");
}

fn many_rows_as_a_snapshot_sees_them<L: CommitLog>() {
    let fixture = roomy_fixture::<L>();
    let keys = scattered(&fixture);
    let mut reader = fixture.begin();
    let [before, _] = both_ways(&fixture, &mut reader, &keys);
    fixture.commit(|txn, table| {
        txn.update_many(table, &keys, |_, row| row.fill(b'!'))?;
        keys.iter().step_by(3).try_for_each(|key| txn.insert(table, key, b"back"))
    });
    let [together, alone] = both_ways(&fixture, &mut reader, &keys);
    assert!(together == before && alone == before);
    let [now, _] = both_ways(&fixture, &mut fixture.begin(), &keys);
    assert!(now.iter().flatten().count() == 200 && now != before);
    let late = reader.update_many(fixture.table, &keys[1..2], |_, _| panic!("not in a snapshot that is too old"));
    assert!(matches!(late, Err(Error::SerializationFailure)), "{late:?}");
}

fn errors_leave_the_transaction_usable<L: CommitLog>() {
    let f = fixture::<L>();
    let mut txn = f.begin();
    assert!(matches!(txn.insert(f.table, b"a", b"x"), Err(Error::DuplicateKey)));
    assert!(matches!(txn.insert(f.table, b"z", &[0; 9000]), Err(Error::RowTooLarge { row_len: 9000, .. })));
    assert!(matches!(txn.insert(f.table, &[7; 600], b""), Err(Error::RowTooLarge { key_len: 600, .. })));
    let grown = txn.update(f.table, b"a", |row| row.resize(5000, b'x'));
    assert!(matches!(grown, Err(Error::RowTooLarge { row_len: 5000, .. })), "{grown:?}");
    txn.insert(f.table, b"d", b"4").expect("still usable");
    let _ = txn.commit().expect("a commit");
    f.check("a=1 b=2 c=3 d=4");
}

fn a_failed_transaction_can_only_be_rolled_back<L: CommitLog>() {
    let f = fixture::<L>();
    let mut txn = f.begin();
    f.get(&mut txn, "c");
    f.set(&mut txn, "a", "mine").expect("free");
    f.commit(|txn, _| f.set(txn, "b", "theirs").map(drop));
    let refused = f.set(&mut txn, "b", "mine");
    assert!(matches!(refused, Err(Error::SerializationFailure)), "{refused:?}");
    assert_eq!(refused.map_err(|error| (error.retry(), error.sqlstate())), Err((true, "40001")));
    assert!(matches!(f.set(&mut txn, "c", "mine"), Err(Error::TxnFailed)));
    assert!(matches!(txn.commit(), Err(Error::TxnFailed)));
    f.check("a=1 b=theirs c=3");
}

fn a_dropped_transaction_is_rolled_back<L: CommitLog>() {
    let f = fixture::<L>();
    let mut txn = f.begin();
    f.set(&mut txn, "a", "mine").expect("free");
    drop(txn);
    f.check("a=1 b=2 c=3");
    f.commit(|txn, _| f.set(txn, "a", "theirs").map(drop));
}

fn rollback_restores_everything<L: CommitLog>() {
    let f = fixture::<L>();
    f.commit(|txn, table| txn.delete(table, b"b").map(drop));
    let mut txn = f.begin();
    txn.insert(f.table, b"b", b"revived, and longer than it was").expect("a ghost is no row");
    txn.insert(f.table, b"new", b"row").expect("free");
    f.set(&mut txn, "new", "changed").expect("own row");
    f.set(&mut txn, "a", "").expect("free");
    f.set(&mut txn, "a", "a second time").expect("own row");
    txn.delete(f.table, b"a").expect("own row");
    txn.insert(f.table, b"a", b"a third time").expect("own ghost");
    txn.delete(f.table, b"c").expect("free");
    txn.rollback().expect("a rollback");
    f.check("a=1 c=3");
    assert_eq!(f.db.vacuum().expect("a vacuum").ghosts, 1);
    assert_eq!(f.db.versions(), 0);
    assert_eq!(f.db.verify().expect("a sound tree").rows, 2);
}

fn a_scan_respects_its_bounds<L: CommitLog>() {
    let f = fixture::<L>();
    f.commit(|txn, table| {
        for i in 0..2000u32 {
            txn.insert(table, format!("k{i:05}").as_bytes(), &[b'x'; 50])?;
        }
        Ok(())
    });
    let mut txn = f.begin();
    let mut count = |from: &str, to: &str, inclusive: bool| {
        let (mut seen, mut last) = (0, Vec::new());
        let mut visit = |key: &[u8], _: &[u8]| {
            assert!(*last < *key, "out of order");
            last = key.to_vec();
            seen += 1;
            ControlFlow::Continue(())
        };
        let done = match inclusive {
            true => txn.scan(f.table, from.as_bytes()..=to.as_bytes(), &mut visit),
            false => txn.scan(f.table, from.as_bytes()..to.as_bytes(), &mut visit),
        };
        done.expect("a scan");
        seen
    };
    assert_eq!(count("k00100", "k00200", false), 100);
    assert_eq!(count("k00100", "k00200", true), 101);
    assert_eq!(count("k001001", "k00200", false), 99);
    assert_eq!(count("", "b", true), 2);
    assert_eq!(count("k00200", "k00100", false), 0);
    assert_eq!(count("zzz", "zzzz", true), 0);
    let mut first = None;
    let from = (std::ops::Bound::Excluded(b"k01998".as_slice()), std::ops::Bound::Unbounded);
    txn.scan(f.table, from, |key, _| {
        first = Some(key.to_vec());
        ControlFlow::Break(())
    })
    .expect("a scan");
    assert_eq!(first.as_deref(), Some(b"k01999".as_slice()));
}

fn no_dirty_read<L: CommitLog>() {
    let f = fixture::<L>();
    let mut writer = f.begin();
    f.set(&mut writer, "a", "dirty").expect("free");
    writer.insert(f.table, b"d", b"dirty").expect("free");
    writer.delete(f.table, b"b").expect("free");
    f.check("a=1 b=2 c=3");
    writer.rollback().expect("a rollback");
    f.check("a=1 b=2 c=3");
}

fn no_non_repeatable_read<L: CommitLog>() {
    let f = fixture::<L>();
    let mut reader = f.begin();
    assert_eq!(f.get(&mut reader, "a").as_deref(), Some("1"));
    for row in ["2", "3", "4"] {
        f.commit(|txn, _| f.set(txn, "a", row).map(drop));
        f.db.vacuum().expect("a vacuum");
    }
    f.commit(|txn, table| txn.delete(table, b"a").map(drop));
    f.db.vacuum().expect("a vacuum");
    assert_eq!(f.get(&mut reader, "a").as_deref(), Some("1"));
    assert_eq!(f.all(&mut reader), "a=1 b=2 c=3");
    drop(reader);
    f.check("b=2 c=3");
}

fn no_lost_update<L: CommitLog>() {
    let f = fixture::<L>();
    let mut one = f.begin();
    let seen = f.get(&mut one, "a").expect("a row");
    f.commit(|txn, _| f.set(txn, "a", "theirs").map(drop));
    let refused = f.set(&mut one, "a", &format!("{seen}+1"));
    assert!(matches!(refused, Err(Error::SerializationFailure)), "{refused:?}");
    drop(one);
    f.check("a=theirs b=2 c=3");

    // Also against a row deleted, or deleted and inserted again, meanwhile.
    let mut one = f.begin();
    f.get(&mut one, "b");
    f.commit(|txn, table| txn.delete(table, b"b").map(drop));
    assert!(matches!(one.insert(f.table, b"b", b"x"), Err(Error::SerializationFailure)));
    assert_eq!(f.db.metrics().get(Counter::TxnSerializationFailures), 2);
}

fn a_deadlock_is_broken_and_counted<L: CommitLog>() {
    let patient = Options { lock_timeout: None, ..options() };
    let db = Database::<L>::open_with(Arc::new(SimFs::new()), patient).expect("an empty directory");
    let table = db.create_table("t").expect("a new table");
    let f = Fixture { db, table };
    f.commit(|txn, table| txn.insert(table, b"a", b"1").and_then(|()| txn.insert(table, b"b", b"2")));
    let both_hold = std::sync::Barrier::new(2);
    let run = |first: &str, second: &str| {
        let mut txn = f.begin();
        assert!(f.set(&mut txn, first, "x").expect("a free row"));
        both_hold.wait();
        match f.set(&mut txn, second, "x") {
            Ok(found) => assert!(found && txn.commit().is_ok()),
            Err(error) => {
                assert!(matches!(error, Error::Deadlock), "{error:?}");
                return 1;
            }
        }
        0
    };
    let victims: u64 = std::thread::scope(|scope| {
        let other = scope.spawn(|| run("b", "a"));
        run("a", "b") + other.join().expect("no panic")
    });
    assert_eq!(victims, 1);
    assert_eq!(f.db.metrics().get(Counter::TxnDeadlocks), 1);
    assert!((1..=2).contains(&f.db.metrics().get(Counter::TxnLockWaits)));
    f.check("a=x b=x");
}

fn no_phantom_within_a_snapshot<L: CommitLog>() {
    let f = fixture::<L>();
    let mut reader = f.begin();
    assert_eq!(f.all(&mut reader), "a=1 b=2 c=3");
    f.commit(|txn, table| {
        txn.insert(table, b"aa", b"phantom")?;
        txn.delete(table, b"b").map(drop)
    });
    f.db.vacuum().expect("a vacuum");
    assert_eq!(f.all(&mut reader), "a=1 b=2 c=3");
}

/// The anomaly that snapshot isolation allows: each reads what the other writes, and both commit.
fn write_skew_is_allowed<L: CommitLog>() {
    let f = fixture::<L>();
    let (mut one, mut two) = (f.begin(), f.begin());
    assert_eq!((f.get(&mut one, "b").as_deref(), f.get(&mut two, "a").as_deref()), (Some("2"), Some("1")));
    f.set(&mut one, "a", "0").expect("nobody wrote a");
    f.set(&mut two, "b", "0").expect("nobody wrote b");
    let _ = one.commit().expect("a commit");
    let _ = two.commit().expect("a commit");
    f.check("a=0 b=0 c=3");
}

fn the_snapshot_is_taken_at_the_first_unlocked_read<L: CommitLog>() {
    let f = fixture::<L>();
    let mut late = f.begin();
    f.commit(|txn, _| f.set(txn, "a", "theirs").map(drop));
    // Begun before, but nothing was read yet: it writes the newest state without conflict.
    assert!(late.update(f.table, b"a", |row| row.extend_from_slice(b", mine")).expect("no conflict"));
    f.commit(|txn, _| f.set(txn, "b", "theirs").map(drop));
    let mut row = Vec::new();
    assert!(late.get_for_update(f.table, b"b", &mut row).expect("no conflict"));
    assert_eq!(row, b"theirs");
    f.commit(|txn, _| f.set(txn, "c", "theirs").map(drop));
    assert_eq!(f.all(&mut late), "a=theirs, mine b=theirs c=theirs");
    // From here on it has a snapshot.
    f.commit(|txn, _| f.set(txn, "c", "newer").map(drop));
    assert_eq!(f.get(&mut late, "c").as_deref(), Some("theirs"));
    assert!(matches!(f.set(&mut late, "c", "mine"), Err(Error::SerializationFailure)));
}

fn own_writes_are_seen<L: CommitLog>() {
    let f = fixture::<L>();
    let mut txn = f.begin();
    f.check("a=1 b=2 c=3");
    assert_eq!(f.get(&mut txn, "a").as_deref(), Some("1"));
    f.set(&mut txn, "a", "own").expect("free");
    txn.delete(f.table, b"b").expect("free");
    txn.insert(f.table, b"d", b"own").expect("free");
    assert_eq!(f.all(&mut txn), "a=own c=3 d=own");
    assert_eq!(f.get(&mut txn, "b"), None);
    txn.insert(f.table, b"b", b"again").expect("own ghost");
    assert_eq!(f.all(&mut txn), "a=own b=again c=3 d=own");
}

fn a_row_may_outgrow_its_page<L: CommitLog>() {
    let f = fixture::<L>();
    f.commit(|txn, table| {
        for i in 0..60 {
            txn.insert(table, format!("k{i:02}").as_bytes(), &[b'x'; 100])?;
        }
        Ok(())
    });
    let mut reader = f.begin();
    let before = f.all(&mut reader);
    f.commit(|txn, table| {
        for i in 0..60 {
            assert!(txn.update(table, format!("k{i:02}").as_bytes(), |row| row.resize(1500, b'y'))?);
        }
        Ok(())
    });
    assert_eq!(f.all(&mut reader), before);
    let mut txn = f.begin();
    for i in 0..60 {
        // Shrunk, so that the pages fill with others' rows before it grows back.
        txn.update(f.table, format!("k{i:02}").as_bytes(), Vec::clear).expect("free");
    }
    f.commit(|txn, table| {
        for i in 0..300 {
            txn.insert(table, format!("k{:02}+{i:03}", i / 5).as_bytes(), &[b'z'; 300])?;
        }
        Ok(())
    });
    txn.rollback().expect("a rollback that splits");
    assert_eq!(f.get(&mut f.begin(), "k07").map(|row| row.len()), Some(1500));
    assert_eq!(f.db.verify().expect("a sound tree").rows, 363);
}

fn vacuum_leaves_nothing_behind<L: CommitLog>() {
    let f = fixture::<L>();
    f.commit(|txn, table| {
        for i in 0..500 {
            txn.insert(table, format!("k{i:03}").as_bytes(), &[b'x'; 200])?;
        }
        Ok(())
    });
    let pages = f.db.verify().expect("a sound tree").pages;
    let mut reader = f.begin();
    f.get(&mut reader, "a");
    f.commit(|txn, table| {
        for i in 0..500 {
            txn.delete(table, format!("k{i:03}").as_bytes())?;
        }
        Ok(())
    });
    f.db.vacuum().expect("a vacuum");
    assert_eq!(f.db.versions(), 500, "the reader may want them");
    drop(reader);
    assert_eq!(f.db.vacuum().expect("a vacuum").ghosts, 500);
    assert_eq!(f.db.versions(), 0);
    let after = f.db.verify().expect("a sound tree");
    assert_eq!(after.rows, 3);
    assert!(after.pages < pages / 3, "{} of {pages} pages are left", after.pages);
    f.check("a=1 b=2 c=3");
}

/// Locks are released before the commit is durable; so what a reader saw may not be, and its ticket says so.
fn a_reader_waits_for_what_it_saw<L: CommitLog>() {
    let f = fixture::<L>();
    let mut writer = f.begin();
    f.set(&mut writer, "a", "early").expect("free");
    let written = writer.commit().expect("a commit");
    let mut reader = f.begin();
    assert_eq!(f.get(&mut reader, "a").as_deref(), Some("early"));
    let read = reader.commit().expect("a commit");
    let mut row = Vec::new();
    let mut locker = f.begin();
    assert!(locker.get_for_update(f.table, b"a", &mut row).expect("free"));
    let locked = locker.commit().expect("a commit");
    for ticket in [read, locked] {
        assert_eq!(f.db.is_durable(&ticket), f.db.is_durable(&written), "an answer before its cause");
    }
    f.db.wait(&read).expect("a working disk");
    assert!(f.db.is_durable(&written) && f.db.is_durable(&locked));
}

fn a_reader_waits_for_nothing_else<L: CommitLog>() {
    let f = fixture::<L>();
    let mut writer = f.begin();
    f.set(&mut writer, "a", "early").expect("free");
    let written = writer.commit().expect("a commit");
    let mut reader = f.begin();
    assert_eq!(f.get(&mut reader, "b").as_deref(), Some("2"));
    assert_eq!(f.get(&mut reader, "never there"), None);
    let read = reader.commit().expect("a commit");
    assert!(f.db.is_durable(&read), "what it saw was durable long ago");
    f.db.wait(&written).expect("a working disk");
}

fn a_reader_waits_for_a_deletion_that_vacuum_passed<L: CommitLog>() {
    let f = fixture::<L>();
    let mut writer = f.begin();
    assert!(writer.delete(f.table, b"c").expect("free"));
    let deleted = writer.commit().expect("a commit");
    for _ in 0..2 {
        f.db.vacuum().expect("a working disk");
        let mut reader = f.begin();
        assert_eq!(f.get(&mut reader, "c"), None);
        let read = reader.commit().expect("a commit");
        assert_eq!(f.db.is_durable(&read), f.db.is_durable(&deleted), "an answer before its cause");
    }
    f.db.wait(&deleted).expect("a working disk");
    f.db.vacuum().expect("a working disk");
    assert_eq!(f.db.versions(), 0, "what is durable can go");
}

fn a_closed_database_opens_again<L: CommitLog>() {
    let fs = SimFs::new();
    for round in 0..3u8 {
        let db = Database::<L>::open_with(Arc::new(fs.clone()), options()).expect("opens");
        let table = if round == 0 { db.create_table("t") } else { db.table("t") }.expect("a table");
        let mut txn = db.begin().expect("a seat");
        txn.insert(table, &[round], b"row").expect("a new row");
        let ticket = txn.commit().expect("a commit");
        db.wait(&ticket).expect("durable");
        let mut seen = Vec::new();
        db.begin()
            .expect("a seat")
            .scan(table, .., |key, _| {
                seen.push(key[0]);
                ControlFlow::Continue(())
            })
            .expect("a scan");
        assert_eq!(seen, (0..=round).collect::<Vec<_>>());
        db.close().expect("a clean end");
    }
}

fn closing_waits_for_nobody_who_rests<L: CommitLog>() {
    // The threads in the background have just begun to rest, the longest of them for a second; of three times the quickest.
    let closing = (0..3).map(|_| {
        let options = Options { background: true, ..options() };
        let db = Database::<L>::open_with(Arc::new(SimFs::new()), options).expect("opens");
        std::thread::sleep(Duration::from_millis(20));
        let began = Instant::now();
        db.close().expect("a clean end");
        began.elapsed()
    });
    let quickest = closing.min().unwrap_or_default();
    assert!(quickest < Duration::from_millis(500), "closed after {quickest:?}");
}

fn tables_have_names<L: CommitLog>() {
    let f = fixture::<L>();
    assert!(matches!(f.db.create_table("t"), Err(Error::TableExists(name)) if name == "t"));
    assert!(matches!(f.db.table("u"), Err(Error::NoSuchTable(name)) if name == "u"));
    let other = f.db.create_table("u").expect("a new name");
    f.commit(|txn, _| txn.insert(other, b"a", b"of u"));
    f.check("a=1 b=2 c=3");
    assert_eq!(f.db.tables().expect("a catalog").len(), 2);
}
