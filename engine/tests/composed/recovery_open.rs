//! Directories as they may be found, disks that fail, and what is said about it. On both logs, and with pages written on
//! demand and in the background.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use engine::api::{Database, Error, OpenError, Options, TableId};
use engine::buffer::flush::paced::Paced;
use engine::buffer::flush::sharp::Sharp;
use engine::buffer::flush::{Flusher, make};
use engine::io::{Fault, FaultKind, IoAction, SimFs, Survival, Vfs};
use engine::transaction::wal::CommitLog;
use engine::transaction::wal::grouped::GroupedLog;
use engine::transaction::wal::serial::SerialLog;

macro_rules! on_both_logs_with_both_flushers {
    ($($case:ident)+) => {
        mod serial_sharp {
            $(#[test] fn $case() { super::$case::<super::SerialLog, super::Sharp>(); })+
        }
        mod grouped_paced {
            $(#[test] fn $case() { super::$case::<super::GroupedLog, super::Paced>(); })+
        }
    };
}

on_both_logs_with_both_flushers! {
    other_peoples_files_are_left_alone options_that_cannot_work_are_named a_foreign_data_file_is_named
    a_hole_in_the_log_is_named_not_skipped a_missing_log_is_named a_log_without_its_database_is_named
    a_damaged_page_is_named a_failed_sync_poisons_and_a_restart_recovers a_failed_page_write_poisons
    a_full_disk_is_told_and_survived losers_are_undone_and_ids_go_on a_kill_without_a_power_cut_loses_nothing
    an_idle_database_recovers_from_its_checkpoint_alone a_rollback_during_a_checkpoint_is_no_damage
}

fn options<F: Flusher>() -> Options {
    Options {
        flusher: make::<F>,
        background: false,
        pool_bytes: 32 * 8192,
        wal_segment_bytes: 64 << 10,
        wal_buffer_bytes: 64 << 10,
        ..Options::default()
    }
}

fn open<L: CommitLog, F: Flusher>(fs: &SimFs) -> Result<Database<L>, OpenError> {
    Database::open_with(Arc::new(fs.clone()), options::<F>())
}

fn put<L: CommitLog>(db: &Database<L>, table: TableId, key: &[u8], row: &[u8]) -> Result<(), Error> {
    let mut txn = db.begin()?;
    txn.insert(table, key, row)?;
    let ticket = txn.commit()?;
    db.wait(&ticket)
}

/// A database with rows 0..n, which was killed.
fn killed<L: CommitLog, F: Flusher>(rows: u32) -> (SimFs, TableId) {
    let fs = SimFs::new();
    let db = open::<L, F>(&fs).expect("an empty directory");
    let table = db.create_table("t").expect("a new table");
    for n in 0..rows {
        put(&db, table, &n.to_be_bytes(), &[b'x'; 300]).expect("a working disk");
    }
    drop(db);
    (fs.crash(Survival::Nothing), table)
}

fn count<L: CommitLog>(db: &Database<L>, table: TableId) -> Result<u32, Error> {
    let mut rows = 0;
    db.begin()?.scan(table, .., |_, _| {
        rows += 1;
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

#[track_caller]
fn refused<L: CommitLog, F: Flusher>(fs: &SimFs, words: &[&str]) {
    let before = fs.state_hash();
    let said = open::<L, F>(fs).map(drop).expect_err("must not open").to_string();
    for word in words {
        assert!(said.contains(word), "`{word}` is missing in: {said}");
    }
    assert_eq!(fs.state_hash(), before, "a refusal must change nothing");
}

fn other_peoples_files_are_left_alone<L: CommitLog, F: Flusher>() {
    let fs = SimFs::new();
    fs.create("thesis.tex").expect("a file");
    refused::<L, F>(&fs, &["thesis.tex", "empty directory"]);
}

fn options_that_cannot_work_are_named<L: CommitLog, F: Flusher>() {
    for (name, options) in [
        ("wal_segment_bytes", Options { wal_segment_bytes: 5000, ..options::<F>() }),
        ("wal_buffer_bytes", Options { wal_buffer_bytes: 100_000, ..options::<F>() }),
        ("pool_bytes", Options { pool_bytes: 8192, ..options::<F>() }),
    ] {
        let said = Database::<L>::open_with(Arc::new(SimFs::new()), options).map(drop).expect_err("must not open");
        assert!(said.to_string().contains(name), "{said}");
    }
}

fn a_foreign_data_file_is_named<L: CommitLog, F: Flusher>() {
    let (fs, _) = killed::<L, F>(5);
    for slot in [0, 4096] {
        fs.corrupt("data", slot, 0xff);
    }
    refused::<L, F>(&fs, &["data", "not a database"]);
}

fn a_hole_in_the_log_is_named_not_skipped<L: CommitLog, F: Flusher>() {
    let (fs, _) = killed::<L, F>(600);
    let mut logs: Vec<String> = fs.list().expect("a directory").into_iter().filter(|name| is_segment(name)).collect();
    logs.sort();
    assert!(logs.len() > 2, "{logs:?}");
    fs.corrupt(&logs[logs.len() / 2], 20_000, 1);
    refused::<L, F>(&fs, &[&logs[logs.len() / 2], "damaged", "restore"]);
}

fn a_missing_log_is_named<L: CommitLog, F: Flusher>() {
    let (fs, _) = killed::<L, F>(5);
    for name in fs.list().expect("a directory").into_iter().filter(|name| is_segment(name)) {
        fs.remove(&name).expect("a file");
    }
    refused::<L, F>(&fs, &["wal-", "damaged"]);
}

fn a_log_without_its_database_is_named<L: CommitLog, F: Flusher>() {
    let (fs, _) = killed::<L, F>(5);
    fs.remove("data").expect("a file");
    refused::<L, F>(&fs, &["wal-", "no database"]);
}

fn is_segment(name: &str) -> bool {
    name.starts_with("wal-") && !name.contains("spare")
}

fn a_damaged_page_is_named<L: CommitLog, F: Flusher>() {
    let (fs, table) = killed::<L, F>(300);
    open::<L, F>(&fs).expect("recovers").close().expect("a clean end");
    // The catalog is page 1: without it nothing opens. Page 3 is one of the table's.
    let fs = fs.crash(Survival::Nothing);
    fs.corrupt("data", 3 * 8192 + 5000, 1);
    let db = open::<L, F>(&fs).expect("opens: nobody has looked at the page");
    let said = count(&db, table).expect_err("must not invent rows").to_string();
    assert!(said.contains("`data`") && said.contains("page 3") && said.contains("backup"), "{said}");
    let said = db.verify().expect_err("must not pass").to_string();
    assert!(said.contains("page 3"), "{said}");
    drop(db);
    let fs = fs.crash(Survival::Nothing);
    fs.corrupt("data", 8192 + 5000, 1);
    refused_but_opened::<L, F>(&fs, &["`data`", "page 1"]);
}

/// As [`refused`], but recovery had begun: the log may have a new segment.
#[track_caller]
fn refused_but_opened<L: CommitLog, F: Flusher>(fs: &SimFs, words: &[&str]) {
    for _ in 0..2 {
        let said = open::<L, F>(fs).map(drop).expect_err("must not open").to_string();
        for word in words {
            assert!(said.contains(word), "`{word}` is missing in: {said}");
        }
    }
}

fn fail(action: IoAction, prefix: &str, after: u64, kind: FaultKind) -> Fault {
    Fault { action, file_prefix: prefix.to_owned(), after, kind }
}

fn a_failed_sync_poisons_and_a_restart_recovers<L: CommitLog, F: Flusher>() {
    for after in [0, 3, 7] {
        let fs = SimFs::new();
        let db = open::<L, F>(&fs).expect("an empty directory");
        let table = db.create_table("t").expect("a new table");
        fs.inject(fail(IoAction::Sync, "wal-", after, FaultKind::Device));
        let mut told = 0;
        let error = loop {
            match put(&db, table, &u32::to_be_bytes(told), b"row") {
                Ok(()) => told += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::Poisoned(_)), "{error:?}");
        assert!(error.to_string().contains("open it again"), "{error}");
        // The device works again, but nothing is retried, and nothing is promised any more.
        for n in 100..105u32 {
            let refused = put(&db, table, &n.to_be_bytes(), b"row");
            assert!(matches!(refused, Err(Error::Poisoned(_))), "{refused:?}");
        }
        assert!(db.checkpoint().is_err());
        // Snapshots can still be read; what was told is there.
        assert!((told..=told + 1).contains(&count(&db, table).expect("a read")));
        let mut reader = db.begin().expect("a seat");
        let mut row = Vec::new();
        reader.get(table, &[9, 9, 9, 9], &mut row).expect("a read");
        drop(reader);
        drop(db);
        for survival in [Survival::Nothing, Survival::Everything] {
            let db = open::<L, F>(&fs.image().restart(survival)).expect("recovers");
            let found = count(&db, table).expect("a read");
            assert!((told..=told + 1).contains(&found), "told {told}, found {found}, {survival:?}");
            put(&db, table, b"new", b"row").expect("works again");
        }
    }
}

fn a_failed_page_write_poisons<L: CommitLog, F: Flusher>() {
    for file in ["data", "doublewrite"] {
        let (fs, table) = killed::<L, F>(50);
        let db = open::<L, F>(&fs).expect("recovers");
        put(&db, table, b"one more", b"row").expect("a working disk");
        fs.inject(fail(IoAction::Write, file, 0, FaultKind::Device));
        assert!(matches!(db.checkpoint(), Err(Error::Poisoned(_) | Error::Storage(_))));
        let refused = put(&db, table, b"another", b"row");
        assert!(matches!(refused, Err(Error::Poisoned(_))), "{refused:?}");
        assert_eq!(count(&db, table).expect("a read"), 51);
        drop(db);
        let db = open::<L, F>(&fs.crash(Survival::Nothing)).expect("recovers");
        assert_eq!(count(&db, table).expect("a read"), 51);
    }
}

fn a_full_disk_is_told_and_survived<L: CommitLog, F: Flusher>() {
    let (fs, table) = killed::<L, F>(10);
    let db = open::<L, F>(&fs).expect("recovers");
    let used: u64 = fs
        .list()
        .expect("a directory")
        .iter()
        .map(|name| fs.open(name).and_then(|file| file.len()).expect("a file"))
        .sum();
    fs.set_capacity(Some(used + (40 << 10)));
    let mut told = 0;
    let error = loop {
        match put(&db, table, &u32::to_be_bytes(1000 + told), &[b'y'; 1000]) {
            Ok(()) => told += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::NoSpace(_) | Error::Poisoned(_)), "{error:?}");
    assert!(error.to_string().contains("space"), "{error}");
    assert!(count(&db, table).expect("a read") >= 10 + told);
    drop(db);
    fs.set_capacity(None);
    let db = open::<L, F>(&fs.crash(Survival::Nothing)).expect("recovers once there is space");
    assert_eq!(count(&db, table).expect("a read"), 10 + told);
    db.verify().expect("a sound tree");
}

fn losers_are_undone_and_ids_go_on<L: CommitLog, F: Flusher>() {
    let (fs, table) = killed::<L, F>(20);
    let mut ids = Vec::new();
    let mut fs = fs;
    for round in 0..4u32 {
        let db = open::<L, F>(&fs).expect("recovers");
        assert_eq!(count(&db, table).expect("a read"), 20 + round);
        let mut loser = db.begin().expect("a seat");
        loser.delete(table, &3u32.to_be_bytes()).expect("free");
        ids.push(loser.id().expect("it has a lock"));
        loser.insert(table, &3u32.to_be_bytes(), b"revived").expect("own ghost");
        loser.update(table, &4u32.to_be_bytes(), |row| row.truncate(7)).expect("free");
        loser.insert(table, b"loser", b"row").expect("free");
        db.checkpoint().expect("a checkpoint that writes the loser's pages");
        loser.update(table, &4u32.to_be_bytes(), |row| row.resize(1200, b'!')).expect("own row");
        put(&db, table, &(100 + round).to_be_bytes(), b"winner").expect("durable, and with it the loser's log");
        // The process dies with the transaction open.
        std::mem::forget(loser);
        fs = fs.crash(Survival::Everything);
        drop(db);
    }
    let db = open::<L, F>(&fs).expect("recovers");
    let mut row = Vec::new();
    for key in [3u32, 4] {
        assert!(db.begin().expect("a seat").get(table, &key.to_be_bytes(), &mut row).expect("a read"));
        assert_eq!(row, [b'x'; 300]);
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "an id was used twice: {ids:?}");
}

fn a_kill_without_a_power_cut_loses_nothing<L: CommitLog, F: Flusher>() {
    let (fs, table) = killed::<L, F>(30);
    let db = open::<L, F>(&fs).expect("recovers");
    let mut txn = db.begin().expect("a seat");
    txn.insert(table, b"unfinished", b"row").expect("free");
    txn.rollback().expect("a rollback");
    drop(db);
    let db = open::<L, F>(&fs.crash(Survival::Everything)).expect("recovers");
    assert_eq!(count(&db, table).expect("a read"), 30);
}

fn an_idle_database_recovers_from_its_checkpoint_alone<L: CommitLog, F: Flusher>() {
    let (fs, table) = killed::<L, F>(30);
    for _ in 0..5 {
        open::<L, F>(&fs).expect("recovers").close().expect("a clean end");
        let segments = fs.list().expect("a directory").into_iter().filter(|name| is_segment(name)).count();
        assert!(segments <= 3, "the log is let go of: {segments} segments");
    }
    assert_eq!(count(&open::<L, F>(&fs).expect("opens"), table).expect("a read"), 30);
}

#[test]
fn what_one_wrote_the_other_opens() {
    let (fs, table) = killed::<SerialLog, Sharp>(40);
    let db = open::<GroupedLog, Paced>(&fs).expect("recovers");
    put(&db, table, b"by the other", b"row").expect("a working disk");
    drop(db);
    let fs = fs.crash(Survival::Nothing);
    let db = open::<SerialLog, Sharp>(&fs).expect("recovers");
    assert_eq!(count(&db, table).expect("a read"), 41);
    db.close().expect("a clean end");
    assert_eq!(count(&open::<GroupedLog, Paced>(&fs).expect("opens"), table).expect("a read"), 41);
}

/// Records of a transaction that is rolled back while a checkpoint is made may lie on both sides of where recovery begins
/// to read: its changes before, its compensations behind.
fn a_rollback_during_a_checkpoint_is_no_damage<L: CommitLog, F: Flusher>() {
    let (fs, table) = killed::<L, F>(20);
    let db = open::<L, F>(&fs).expect("recovers");
    let mut txn = db.begin().expect("a seat");
    txn.update(table, &3u32.to_be_bytes(), |row| row.fill(b'!')).expect("free");
    fs.set_sync_delay(Duration::from_millis(50));
    let before = fs.op_count();
    std::thread::scope(|scope| {
        let checkpoint = scope.spawn(|| db.checkpoint());
        // Once it has begun to write, the place from which redo will begin is settled.
        while fs.op_count() == before {
            std::thread::yield_now();
        }
        txn.rollback().expect("a rollback");
        checkpoint.join().expect("no panic").expect("a working disk");
    });
    fs.set_sync_delay(Duration::ZERO);
    drop(db);
    let db = open::<L, F>(&fs.crash(Survival::Nothing)).expect("recovers");
    assert_eq!(count(&db, table).expect("a read"), 20);
}
