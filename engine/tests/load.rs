//! Loads: what they leave in the table, what they refuse, and that a crash at any moment finds the table empty or full.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::api::{Database, Error, Load, LoadedPart, Options, TableId};
use engine::buffer::BATCH_PAGES;
use engine::buffer::flush::paced::Paced;
use engine::buffer::flush::sharp::Sharp;
use engine::buffer::flush::{Flusher, make};
use engine::io::{Fault, FaultKind, IoAction, SimFs, Survival, Vfs};
use engine::metrics::Counter;
use engine::transaction::wal::CommitLog;
use engine::transaction::wal::grouped::GroupedLog;
use engine::transaction::wal::serial::SerialLog;
use engine_testing::crash::{Plan, Progress, Promise, Report, enumerate};
use engine_testing::random::Xorshift;

engine::on_both_logs! {
    a_loaded_table_is_like_any_other what_is_loaded_past_the_pool_is_on_disk_alone what_is_no_load_is_refused a_dropped_load_leaves_nothing writers_wait_for_a_load
    a_disk_that_is_nearly_full_takes_what_fits what_is_written_beside_its_makers_is_all_there a_write_that_fails_fails_the_load
    what_is_being_written_is_nobody_elses
}

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

fn options<F: Flusher>() -> Options {
    Options {
        flusher: make::<F>,
        background: false,
        pool_bytes: 16 * 8192,
        wal_segment_bytes: 32 << 10,
        wal_buffer_bytes: 64 << 10,
        lock_timeout: Some(Duration::from_millis(20)),
        ..Options::default()
    }
}

fn open<L: CommitLog, F: Flusher>(fs: SimFs) -> Database<L> {
    Database::open_with(Arc::new(fs), options::<F>()).unwrap_or_else(|error| panic!("does not open: {error}"))
}

/// Up to `count` rows; keys of up to `longest` bytes, many with a long beginning in common.
fn random_rows(random: &mut Xorshift, count: u64, longest: u64) -> Rows {
    let row = |random: &mut Xorshift| {
        let len = random.below(longest + 1) as usize;
        let mut key = vec![b'a' + random.below(2) as u8; len];
        let tail = random.bits().to_be_bytes();
        let at = len.saturating_sub(tail.len());
        key[at..].copy_from_slice(&tail[..len - at]);
        let value = vec![random.bits() as u8; random.below(1500) as usize];
        (key, value)
    };
    (0..count).map(|_| row(random)).collect()
}

/// Loads the rows in as many parts as there are `splits`, and one.
fn load<L: CommitLog>(db: &Database<L>, table: TableId, rows: &Rows, splits: &[Vec<u8>]) -> Result<u64, Error> {
    let load = db.load(table)?;
    let mut parts: Vec<LoadedPart<'_>> = Vec::new();
    for at in 0..=splits.len() {
        let lower = if at == 0 { &[][..] } else { &splits[at - 1] };
        let upper = splits.get(at).map(|upper| &upper[..]);
        let mut part = load.part(lower, upper)?;
        for (key, row) in rows.range(lower.to_vec()..).take_while(|(key, _)| upper.is_none_or(|upper| &key[..] < upper))
        {
            part.push(key, row)?;
        }
        parts.push(part.finish());
    }
    // In whatever order the threads come back.
    parts.reverse();
    load.finish(parts)
}

fn read<L: CommitLog>(db: &Database<L>, table: TableId) -> Rows {
    let mut rows = Rows::new();
    let mut txn = db.begin().expect("a seat");
    txn.scan(table, .., |key, row| {
        rows.insert(key.to_vec(), row.to_vec());
        ControlFlow::Continue(())
    })
    .unwrap_or_else(|error| panic!("unreadable: {error}"));
    rows
}

/// What `rows` may become: some new, some other, some gone.
fn changed(rows: &Rows, random: &mut Xorshift, count: u64) -> Rows {
    let mut rows = rows.clone();
    rows.extend(random_rows(random, count, 300));
    rows.retain(|_, _| random.below(20) != 0);
    rows.values_mut().filter(|_| random.below(10) == 0).for_each(|row| row.resize(row.len() / 2 + 50, 7));
    rows
}

/// Makes the table's rows `to` in one transaction.
fn bring<L: CommitLog>(db: &Database<L>, table: TableId, from: &Rows, to: &Rows) {
    let mut txn = db.begin().expect("a seat");
    for (key, row) in to.iter().filter(|(key, row)| from.get(*key) != Some(*row)) {
        if !txn.update(table, key, |old| old.clone_from(row)).expect("a row") {
            txn.insert(table, key, row).expect("a row");
        }
    }
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        assert!(txn.delete(table, key).expect("a row"));
    }
    let ticket = txn.commit().expect("a working disk");
    db.wait(&ticket).expect("a working disk");
}

fn a_loaded_table_is_like_any_other<L: CommitLog>() {
    let mut random = Xorshift::new(11);
    // Up to three levels above the leaves; none, one and few rows, too.
    for (count, longest, splits) in [(0, 0, 0), (0, 0, 2), (1, 0, 0), (5, 8, 0), (9, 8, 3), (700, 12, 1), (900, 512, 3)]
    {
        let fs = SimFs::new();
        let db = open::<L, Sharp>(fs.clone());
        let table = db.create_table("t").expect("a new table");
        let mut rows = random_rows(&mut random, count, longest);
        let mut splits: Vec<Vec<u8>> = (0..splits).map(|_| random.bits().to_be_bytes().to_vec()).collect();
        splits.sort();
        assert_eq!(load(&db, table, &rows, &splits).expect("an empty table"), rows.len() as u64);
        db.verify().expect("a sound tree");
        assert!(read(&db, table) == rows, "{count} rows as loaded");
        if count > 100 {
            assert!(db.metrics().get(Counter::TreeLoadedPages) > count / 20);
            assert!(db.metrics().get(Counter::WalBytes) < 20_000, "rows were logged");
        }
        // As if the process had died at once.
        drop(db);
        let db = open::<L, Sharp>(fs.crash(Survival::Everything));
        assert!(read(&db, table) == rows, "{count} rows after a restart");
        let after = changed(&rows, &mut random, 300);
        bring(&db, table, &rows, &after);
        rows = after;
        db.vacuum().expect("a working disk");
        db.verify().expect("a sound tree");
        assert!(read(&db, table) == rows, "{count} rows and changes");
        db.close().expect("a working disk");
    }
}

fn what_is_loaded_past_the_pool_is_on_disk_alone<L: CommitLog>() {
    let rows = random_rows(&mut Xorshift::new(17), 60, 12);
    let read_from_disk = |past: bool| {
        let db =
            Database::<L>::open_with(Arc::new(SimFs::new()), Options { pool_bytes: 256 * 8192, ..options::<Sharp>() })
                .expect("an empty directory");
        let table = db.create_table("t").expect("a new table");
        let begun = db.load(table).expect("an empty table");
        let begun = if past { begun.past_the_pool() } else { begun };
        let mut part = begun.part(b"", None).expect("all keys");
        rows.iter().for_each(|(key, row)| part.push(key, row).expect("ascending keys"));
        begun.finish(vec![part.finish()]).expect("a working disk");
        let before = db.metrics().get(Counter::BufferLeafMisses);
        assert!(read(&db, table) == rows);
        (db.metrics().get(Counter::BufferLeafMisses) - before, db.metrics().get(Counter::TreeLoadedPages))
    };
    assert_eq!(read_from_disk(false).0, 0);
    let (misses, loaded) = read_from_disk(true);
    assert!(misses > 3 && misses <= loaded, "{misses} of {loaded} pages");
}

/// All keys and no row.
fn whole<'db, L: CommitLog>(begun: &Load<'db, L>) -> LoadedPart<'db> {
    begun.part(b"", None).expect("a part").finish()
}

fn what_is_no_load_is_refused<L: CommitLog>() {
    let db = open::<L, Sharp>(SimFs::new());
    let (table, other) = (db.create_table("t").expect("new"), db.create_table("other").expect("new"));
    let refused = |result: Result<u64, Error>| assert!(matches!(result, Err(Error::LoadRefused(_))), "{result:?}");
    let unit = |result: Result<(), Error>| refused(result.map(|()| 0));

    let first = db.load(table).expect("an empty table");
    let mut part = first.part(b"b", Some(b"m")).expect("a part");
    unit(part.push(b"a", b""));
    unit(part.push(b"m", b""));
    part.push(b"c", b"1").expect("a row");
    unit(part.push(b"c", b"2"));
    unit(part.push(b"bb", b"2"));
    assert!(matches!(part.push(b"d", &[0; 4000]), Err(Error::RowTooLarge { .. })));
    part.push(b"d", b"2").expect("the load goes on");
    unit(first.part(b"m", Some(b"m")).map(drop));
    // Parts that leave out keys at the begin, in between, at the end; that overlap; of another table.
    refused(first.finish(vec![part.finish()]));
    refused(db.load(table).expect("empty").finish(Vec::new()));
    let begun = db.load(table).expect("empty");
    let parts =
        vec![begun.part(b"", Some(b"m")).expect("a part").finish(), begun.part(b"n", None).expect("a part").finish()];
    refused(begun.finish(parts));
    let begun = db.load(table).expect("empty");
    let parts = vec![whole(&begun), whole(&begun)];
    refused(begun.finish(parts));
    let begun = db.load(table).expect("empty");
    let foreign = db.load(other).expect("empty");
    let parts = vec![whole(&foreign)];
    refused(begun.finish(parts));
    drop(foreign);

    // Few rows or many, a table that has one already is none to be loaded.
    let mut txn = db.begin().expect("a seat");
    txn.insert(table, b"there", b"already").expect("a row");
    let ticket = txn.commit().expect("a commit");
    db.wait(&ticket).expect("a commit");
    for count in [3, 400] {
        let rows = random_rows(&mut Xorshift::new(3), count, 20);
        refused(load(&db, table, &rows, &[]));
    }
    assert_eq!(read(&db, table), Rows::from([(b"there".to_vec(), b"already".to_vec())]));
    db.verify().expect("a sound tree");
}

fn a_dropped_load_leaves_nothing<L: CommitLog>() {
    let fs = SimFs::new();
    let db = open::<L, Sharp>(fs.clone());
    let table = db.create_table("t").expect("a new table");
    let mut random = Xorshift::new(5);
    let rows = random_rows(&mut random, 600, 30);
    let begun = db.load(table).expect("an empty table");
    let mut part = begun.part(b"", None).expect("a part");
    for (key, row) in &rows {
        part.push(key, row).expect("a row");
    }
    let loaded = part.finish();
    drop((begun, loaded));
    assert!(read(&db, table).is_empty());
    // Its pages are used again, by transactions and by the next load.
    let other = db.create_table("other").expect("a new table");
    let early = changed(&Rows::new(), &mut random, 400);
    bring(&db, other, &Rows::new(), &early);
    load(&db, table, &rows, &[]).expect("an empty table");
    let others = changed(&early, &mut random, 400);
    bring(&db, other, &early, &others);
    let after = changed(&rows, &mut random, 100);
    bring(&db, table, &rows, &after);
    db.verify().expect("sound trees");
    drop(db);
    let db = open::<L, Sharp>(fs.crash(Survival::Everything));
    assert!(read(&db, table) == after && read(&db, other) == others);
}

fn a_disk_that_is_nearly_full_takes_what_fits<L: CommitLog>() {
    let fs = SimFs::new();
    let db = open::<L, Sharp>(fs.clone());
    let table = db.create_table("t").expect("a new table");
    let rows = many_rows(1000);
    let used = |fs: &dyn Vfs| -> u64 {
        fs.list().expect("names").iter().map(|name| fs.open(name).and_then(|file| file.len()).expect("a length")).sum()
    };
    // Seven rows a page and their parent, and nothing of the room that is asked for ahead.
    let exactly = used(&fs) + (1000_u64.div_ceil(7) + 1) * 8192;
    fs.set_capacity(Some(exactly - 8192));
    let error = load(&db, table, &rows, &[]).expect_err("a page too many");
    assert!(matches!(error, Error::NoSpace(_)), "{error:?}");
    assert!(read(&db, table).is_empty());
    drop(db);
    let fs = fs.crash(Survival::Everything);
    fs.set_capacity(None);
    let db = open::<L, Sharp>(fs.clone());
    // A load begins behind all that there is.
    fs.set_capacity(Some(used(&fs) + (1000_u64.div_ceil(7) + 1) * 8192));
    load(&db, table, &rows, &[]).expect("just enough room");
    assert!(read(&db, table) == rows);
    db.verify().expect("a sound tree");
}

/// Rows of 1,000 bytes, seven of which fill a page.
fn many_rows(count: u32) -> Rows {
    (0..count).map(|key| (key.to_be_bytes().to_vec(), vec![key as u8; 1000])).collect()
}

/// As many as are written in one go.
const BATCH: u32 = 7 * BATCH_PAGES as u32;

fn what_is_written_beside_its_makers_is_all_there<L: CommitLog>() {
    let fs = SimFs::new();
    let db = open::<L, Sharp>(fs.clone());
    let table = db.create_table("t").expect("a new table");
    let rows = many_rows(13 * BATCH);
    let thirds = [1, 2].map(|third| (third * 5 * BATCH).to_be_bytes());
    // The disk is slower than the parts, so that these come to wait.
    fs.set_write_delay(Duration::from_millis(2));
    let begun = db.load(table).expect("an empty table");
    let bounds = [(&[][..], Some(&thirds[0][..])), (&thirds[0], Some(&thirds[1])), (&thirds[1], None)];
    let parts = std::thread::scope(|scope| {
        let threads = bounds.map(|(lower, upper)| {
            let end = upper.map_or(Bound::Unbounded, |upper| Bound::Excluded(upper.to_vec()));
            let rows = rows.range((Bound::Included(lower.to_vec()), end));
            let mut part = begun.part(lower, upper).expect("a part");
            scope.spawn(move || {
                rows.for_each(|(key, row)| part.push(key, row).expect("a row"));
                part.finish()
            })
        });
        threads.map(|thread| thread.join().expect("no panic"))
    });
    begun.finish(parts.into()).expect("a working disk");
    db.verify().expect("a sound tree");
    drop(db);
    let db = open::<L, Sharp>(fs.crash(Survival::Nothing));
    assert!(read(&db, table) == rows);
    db.verify().expect("a sound tree");
}

fn a_write_that_fails_fails_the_load<L: CommitLog>() {
    let rows = many_rows(8 * BATCH);
    for (kind, after) in
        [(FaultKind::Device, 3), (FaultKind::DiskFull, 0), (FaultKind::DiskFull, 5), (FaultKind::Device, 8)]
    {
        let fs = SimFs::new();
        let db = open::<L, Sharp>(fs.clone());
        let table = db.create_table("t").expect("a new table");
        fs.inject(Fault { action: IoAction::Write, file_prefix: "data".to_owned(), after, kind });
        let error = load(&db, table, &rows, &[]).expect_err("rows that are not there");
        match kind {
            FaultKind::DiskFull => {
                assert!(matches!(error, Error::NoSpace(_)), "{error:?}");
                // There is room again: the next load begins anew.
                assert!(read(&db, table).is_empty());
                load(&db, table, &rows, &[]).expect("room");
                db.verify().expect("a sound tree");
            }
            _ => assert!(matches!(error, Error::Storage(_) | Error::Poisoned(_)), "{error:?}"),
        }
        drop(db);
        let db = open::<L, Sharp>(fs.crash(Survival::Everything));
        db.verify().expect("a sound tree");
        if kind == FaultKind::Device {
            assert!(read(&db, table).is_empty());
            load(&db, table, &rows, &[]).expect("a working disk");
        }
        assert!(read(&db, table) == rows);
    }
}

/// A part that is given up may have pages on their way to the disk: they are free only when these are there.
fn what_is_being_written_is_nobody_elses<L: CommitLog>() {
    let fs = SimFs::new();
    let db = open::<L, Sharp>(fs.clone());
    let (table, other) = (db.create_table("t").expect("new"), db.create_table("other").expect("new"));
    fs.set_write_delay(Duration::from_millis(100));
    let begun = db.load(table).expect("an empty table");
    let mut part = begun.part(b"", None).expect("a part");
    for (key, row) in &many_rows(BATCH + 100) {
        part.push(key, row).expect("a row");
    }
    drop(part);
    // More than there are frames.
    let rows = many_rows(7 * 30);
    bring(&db, other, &Rows::new(), &rows);
    db.checkpoint().expect("a working disk");
    drop(begun);
    drop(db);
    let db = open::<L, Sharp>(fs.crash(Survival::Everything));
    db.verify().expect("sound trees");
    assert!(read(&db, table).is_empty() && read(&db, other) == rows);
}

fn writers_wait_for_a_load<L: CommitLog>() {
    let db = open::<L, Sharp>(SimFs::new());
    let table = db.create_table("t").expect("a new table");
    let begun = db.load(table).expect("an empty table");
    let mut txn = db.begin().expect("a seat");
    assert!(matches!(txn.insert(table, b"k", b""), Err(Error::LockTimeout(_))));
    txn.rollback().expect("nothing written");
    assert!(matches!(db.load(table), Err(Error::LockTimeout(_))));
    drop(begun);
    let mut txn = db.begin().expect("a seat");
    txn.insert(table, b"k", b"").expect("the lock is free");
    let _ = txn.commit().expect("a commit");
}

#[test]
fn a_crash_finds_all_or_nothing_serial() {
    enough(crash_everywhere::<SerialLog, Sharp>(1));
}

#[test]
fn a_crash_finds_all_or_nothing_grouped() {
    enough(crash_everywhere::<GroupedLog, Sharp>(2));
}

#[test]
fn a_crash_finds_all_or_nothing_in_the_background() {
    enough(crash_everywhere::<GroupedLog, Paced>(3));
}

#[expect(clippy::print_stdout, reason = "`--nocapture` shows how many there were")]
fn enough(report: Report) {
    println!("{report:?}");
    assert!(report.states >= 2_000 && report.second_states >= 500, "only {report:?}");
}

/// Transactions in one table, a load given up, a load into the other table, transactions in both.
fn crash_everywhere<L: CommitLog, F: Flusher>(seed: u64) -> Report {
    let hasher = RandomState::new();
    let (fs, progress) = (SimFs::new(), Arc::new(Progress::default()));
    let db = open::<L, F>(fs.clone());
    let tables = [db.create_table("loaded").expect("new"), db.create_table("other").expect("new")];
    // The hash of the state after each commit.
    let history = Mutex::new(vec![hasher.hash_one([Rows::new(), Rows::new()])]);
    let workload = || {
        let mut random = Xorshift::new(seed);
        let mut model = [Rows::new(), Rows::new()];
        // Tells what will be, does it, and tells that it is done.
        let commit = |model: &[Rows; 2], work: &mut dyn FnMut()| {
            let number = {
                let mut history = history.lock().expect("no panic");
                history.push(hasher.hash_one(model));
                history.len() as u64 - 1
            };
            progress.begin(number);
            work();
            progress.ack(number);
        };
        for round in 0..6 {
            let before = model.clone();
            match round {
                0 | 1 => {}
                2 => {
                    let begun = db.load(tables[0]).expect("an empty table");
                    let mut part = begun.part(b"", None).expect("a part");
                    random_rows(&mut random, 150, 40).iter().for_each(|(key, row)| part.push(key, row).expect("a row"));
                }
                3 => {
                    model[0] = random_rows(&mut random, 200, 40);
                    commit(&model, &mut || {
                        load(&db, tables[0], &model[0], &[b"b".to_vec()]).expect("a load");
                    });
                }
                _ => {
                    model[0] = changed(&before[0], &mut random, 25);
                    commit(&model, &mut || bring(&db, tables[0], &before[0], &model[0]));
                }
            }
            model[1] = changed(&before[1], &mut random, 25);
            commit(&model, &mut || bring(&db, tables[1], &before[1], &model[1]));
            db.write_pages(24 << 10).expect("a working disk");
        }
    };
    let plan = Plan { seed, survivals: 8, second_every: 97, ..Plan::default() };
    enumerate(plan, &fs, &progress, workload, open::<L, F>, |db, promise: Promise| {
        db.verify().unwrap_or_else(|error| panic!("unsound after recovery: {error}"));
        let hash = hasher.hash_one([read(&db, tables[0]), read(&db, tables[1])]);
        let history = history.lock().expect("no panic").clone();
        let allowed = promise.acked as usize..=promise.begun as usize;
        let found = history.iter().position(|after| *after == hash);
        assert!(found.is_some_and(|found| allowed.contains(&found)), "the state after {found:?}, not {allowed:?}");
        let mut txn = db.begin().expect("a seat");
        txn.insert(tables[0], &[0xff; 9], b"works").expect("a write");
        let ticket = txn.commit().expect("a commit");
        db.wait(&ticket).expect("a durable commit");
    })
}
