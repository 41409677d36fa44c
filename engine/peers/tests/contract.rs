//! What every adapter has to do, asked of each: our engine and the reference among them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use engine::api::Options;
use engine::io::SimFs;
use engine_driver::EngineStore;
use engine_peers::contestant::{Contestant, Durability};
use engine_peers::driver;
use engine_peers::one_writer::{BATCH_MAX, Batched, OneWriter, Plain};
use engine_peers::stores::Config;
use engine_peers::stores::fjall::Fjall;
use engine_peers::stores::lmdb::Lmdb;
use engine_peers::stores::redb::Redb;
use engine_peers::stores::sqlite::Sqlite;
use engine_workload::runner::{Workload, state_digest};
use engine_workload::store::{Decision, MemoryStore, Rows, Store, StoreError, TableId, Transaction, Txn};
use engine_workload::tpcc::{Scale, Tpcc, keys};
use probe::protocol::{Budget, Params};

const T: TableId = TableId(0);
const U: TableId = TableId(1);
const TABLES: &[&str] = &["t", "u"];

fn config<'a>(dir: &'a Path, tables: &'static [&'static str], durable: bool) -> Config<'a> {
    Config { dir, tables, cache_bytes: 16 << 20, durable, long_rows: false, reads_once: false }
}

/// Runs `test` on every store in every way it is driven, durable and not.
macro_rules! on_every_store {
    ($tables:expr, $test:ident) => {{
        for durable in [true, false] {
            macro_rules! on {
                ($store:ident) => {{
                    let dir = tempfile::tempdir().unwrap();
                    $test(Plain($store::open(&config(dir.path(), $tables, durable)).unwrap()), stringify!($store));
                    let dir = tempfile::tempdir().unwrap();
                    let store = $store::open(&config(dir.path(), $tables, durable)).unwrap();
                    $test(Batched::new(store), concat!(stringify!($store), " batched"));
                }};
            }
            on!(Lmdb);
            on!(Redb);
            on!(Sqlite);
            on!(Fjall);
            #[cfg(feature = "rocksdb")]
            {
                use engine_peers::stores::rocksdb::{Optimistic, Pessimistic};
                let dir = tempfile::tempdir().unwrap();
                $test(Pessimistic::open(&config(dir.path(), $tables, durable)).unwrap(), "RocksDB");
                let dir = tempfile::tempdir().unwrap();
                $test(Optimistic::open(&config(dir.path(), $tables, durable)).unwrap(), "RocksDB optimistic");
            }
        }
        $test(MemoryStore::new($tables), "memory");
    }};
}

/// All keys and rows of a table, as a reader sees them.
fn rows<S: Store>(store: &S, table: TableId, from: &[u8], to: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut found, mut txn) = (Vec::new(), store.begin_read().unwrap());
    txn.scan(table, from, to, |key, row| {
        found.push((key.to_vec(), row.to_vec()));
        ControlFlow::Continue(())
    })
    .unwrap();
    txn.rollback().unwrap();
    found
}

fn all<S: Store>(store: &S) -> Vec<(Vec<u8>, Vec<u8>)> {
    rows(store, T, &[], &[0xff; 8])
}

fn row(key: &[u8], row: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (key.to_vec(), row.to_vec())
}

fn commit<S: Store>(store: &S, txn: S::Txn<'_>) {
    let ticket = txn.commit().unwrap();
    store.wait(&ticket).unwrap();
    assert!(store.is_durable(&ticket).unwrap());
}

fn reads_writes_and_rollback<S: Store>(store: S, name: &str) {
    store.end_load().unwrap();
    let mut txn = store.begin().unwrap();
    for (key, value) in [(b"b", b"2"), (b"a", b"1"), (b"d", b"4"), (b"c", b"3")] {
        txn.insert(T, key, value).unwrap();
    }
    txn.insert(U, b"a", b"").unwrap();
    commit(&store, txn);
    assert_eq!(all(&store), [row(b"a", b"1"), row(b"b", b"2"), row(b"c", b"3"), row(b"d", b"4")], "{name}");
    assert_eq!(rows(&store, T, b"b", b"d"), [row(b"b", b"2"), row(b"c", b"3")], "{name}: from is in, to is not");
    assert_eq!(rows(&store, T, b"bb", b"cc"), [row(b"c", b"3")], "{name}: bounds need not be keys");
    assert_eq!(rows(&store, T, b"d", b"b"), [], "{name}");
    assert_eq!(rows(&store, U, &[], &[0xff; 8]), [row(b"a", b"")], "{name}: an empty row is a row");

    // A transaction sees its own writes, in gets and in scans.
    let (mut txn, mut buffer) = (store.begin().unwrap(), b"junk".to_vec());
    assert!(txn.update(T, b"a", |row| row.extend_from_slice(b" longer than it was")).unwrap());
    assert!(txn.update(T, b"b", Vec::clear).unwrap());
    assert!(!txn.update(T, b"x", |_| unreachable!("there is no such row")).unwrap());
    assert!(txn.delete(T, b"c").unwrap());
    assert!(!txn.delete(T, b"c").unwrap());
    txn.insert(T, b"c2", b"new").unwrap();
    assert!(txn.get(T, b"a", &mut buffer).unwrap());
    assert_eq!(buffer, b"1 longer than it was", "{name}");
    assert!(txn.get_for_update(T, b"b", &mut buffer).unwrap());
    assert_eq!(buffer, b"", "{name}");
    assert!(!txn.get(T, b"c", &mut buffer).unwrap());
    assert_eq!(buffer, b"", "{name}: no row leaves the buffer empty");
    let mut seen = Vec::new();
    txn.scan(T, b"a", b"z", |key, _| {
        seen.push(key.to_vec());
        if key == b"c2" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(seen, [&b"a"[..], b"b", b"c2"], "{name}");
    txn.rollback().unwrap();
    assert_eq!(
        all(&store),
        [row(b"a", b"1"), row(b"b", b"2"), row(b"c", b"3"), row(b"d", b"4")],
        "{name}: rolled back"
    );

    let mut txn = store.begin().unwrap();
    txn.insert(T, b"e", b"5").unwrap();
    drop(txn);
    assert_eq!(all(&store).len(), 4, "{name}: dropped is rolled back");
    let mut txn = store.begin().unwrap();
    assert!(txn.update(T, b"d", |row| row[0] = b'9').unwrap());
    commit(&store, txn);
    assert_eq!(all(&store)[3], row(b"d", b"9"), "{name}: the rows of a rollback left no trace");
    assert_eq!(store.verify(), Ok(()), "{name}");
    store.close().unwrap();
}

#[test]
fn every_store_reads_writes_and_rolls_back() {
    on_every_store!(TABLES, reads_writes_and_rollback);
}

/// TPC-C terminals that take turns; one in a hundred New-Orders rolls itself back.
fn digest_after<S: Store>(store: S, transactions: usize, wait_each: bool) -> (String, usize) {
    let workload = Tpcc::new(Scale { warehouses: 2, districts: 3, customers: 30, items: 100 }, 11);
    workload.load(&store, 1, &Default::default()).unwrap();
    store.end_load().unwrap();
    let (mut sessions, mut buffers) = ((0..5).map(|n| workload.session(n)).collect::<Vec<_>>(), Default::default());
    let (mut tickets, mut rollbacks) = (Vec::new(), 0);
    for turn in 0..transactions {
        let session = &mut sessions[turn % 5];
        workload.draw(session);
        let mut txn = store.begin().unwrap();
        match workload.execute(&mut txn, session, &mut buffers).unwrap() {
            Decision::Commit => tickets.push(txn.commit().unwrap()),
            Decision::Rollback => {
                txn.rollback().unwrap();
                rollbacks += 1;
            }
        }
        if wait_each {
            tickets.drain(..).for_each(|ticket| store.wait(&ticket).unwrap());
        }
    }
    tickets.iter().for_each(|ticket| store.wait(ticket).unwrap());
    (state_digest(&store, keys::TABLES.len()).unwrap(), rollbacks)
}

/// The same transactions leave the same rows in every store. In a batch some roll back among others that stay.
#[test]
fn every_store_ends_in_the_state_of_the_reference() {
    let (expected, rollbacks) = digest_after(MemoryStore::new(keys::TABLES), 700, true);
    assert!(rollbacks >= 3, "{rollbacks} rollbacks prove nothing");
    fn same<S: Store>(store: S, name: &str, expected: &str) {
        assert_eq!(digest_after(store, 700, false).0, expected, "{name}");
    }
    macro_rules! on {
        ($store:ident) => {{
            let dir = tempfile::tempdir().unwrap();
            let store = $store::open(&config(dir.path(), keys::TABLES, false)).unwrap();
            same(Plain(store), stringify!($store), &expected);
            let dir = tempfile::tempdir().unwrap();
            let store = $store::open(&config(dir.path(), keys::TABLES, false)).unwrap();
            same(Batched::new(store), concat!(stringify!($store), " batched"), &expected);
        }};
    }
    on!(Lmdb);
    on!(Redb);
    on!(Sqlite);
    on!(Fjall);
    #[cfg(feature = "rocksdb")]
    {
        use engine_peers::stores::rocksdb::{Optimistic, Pessimistic};
        let dir = tempfile::tempdir().unwrap();
        same(Pessimistic::open(&config(dir.path(), keys::TABLES, false)).unwrap(), "RocksDB", &expected);
        let dir = tempfile::tempdir().unwrap();
        same(Optimistic::open(&config(dir.path(), keys::TABLES, false)).unwrap(), "RocksDB optimistic", &expected);
    }
    let ours: EngineStore = EngineStore::open(Arc::new(SimFs::new()), Options::default(), keys::TABLES).unwrap();
    same(ours, "ours", &expected);
}

/// The rows of a vector.
struct Given(std::vec::IntoIter<(Vec<u8>, Vec<u8>)>);

impl Given {
    fn keys(keys: impl IntoIterator<Item = u32>) -> Self {
        let row = |key: u32| (key.to_be_bytes().to_vec(), vec![key as u8; 900]);
        Given(keys.into_iter().map(row).collect::<Vec<_>>().into_iter())
    }
}

impl Rows for Given {
    fn first_key(&self) -> Vec<u8> {
        self.0.as_slice().first().map(|(key, _)| key.clone()).unwrap_or_default()
    }

    fn next(&mut self, key: &mut Vec<u8>, row: &mut Vec<u8>) -> bool {
        let Some((next, its_row)) = self.0.next() else { return false };
        (*key, *row) = (next, its_row);
        true
    }
}

fn filled<S: Store>(store: S, name: &str) {
    let (part, filled) = (|keys| Given::keys(keys), AtomicU64::new(0));
    store.fill(T, vec![part(0..1500), part(1500..1500), part(1500..4000)], &filled).unwrap();
    store.fill(U, vec![part(7..8)], &filled).unwrap();
    assert_eq!(filled.into_inner(), 4001, "{name}: rows that were counted");
    store.end_load().unwrap();
    let found = all(&store);
    assert_eq!(found.len(), 4000, "{name}");
    let right =
        |(at, (key, row)): (usize, &(Vec<u8>, Vec<u8>))| *key == (at as u32).to_be_bytes() && *row == [at as u8; 900];
    assert!(found.iter().enumerate().all(right), "{name}: a row is wrong");
    assert_eq!(rows(&store, U, &[], &[0xff; 8]).len(), 1, "{name}");

    // The rows are rows like any other.
    let (mut txn, key) = (store.begin().unwrap(), |key: u32| key.to_be_bytes());
    assert!(txn.update(T, &key(3), |row| row.truncate(2)).unwrap());
    assert!(txn.delete(T, &key(1499)).unwrap());
    txn.insert(T, &key(4000), b"new").unwrap();
    commit(&store, txn);
    assert_eq!((all(&store).len(), &all(&store)[3]), (4000, &row(&key(3), &[3, 3])), "{name}");
    assert_eq!(store.verify(), Ok(()), "{name}");
}

#[test]
fn every_store_is_filled_from_several_sources() {
    on_every_store!(TABLES, filled);
}

/// A key out of order is refused, or its row is where it belongs: never lost, and never in the wrong place.
fn filled_out_of_order<S: Store>(store: S, name: &str) {
    let descending = vec![Given::keys([5, 9, 7])];
    if store.fill(T, descending, &AtomicU64::new(0)).is_ok() {
        store.end_load().unwrap();
        let keys: Vec<u8> = all(&store).iter().map(|(key, _)| key[3]).collect();
        assert_eq!(keys, [5, 7, 9], "{name}");
    }
}

#[test]
fn no_store_is_filled_out_of_order() {
    on_every_store!(TABLES, filled_out_of_order);
}

/// Nothing of what was loaded is in the process alone when the load ends. (That the files are synced, `peers syncs` shows.)
#[test]
fn what_was_filled_is_in_the_files_when_the_load_ends() {
    macro_rules! on {
        ($store:ident, $wrap:expr) => {{
            let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let store = $wrap($store::open(&config(dir.path(), TABLES, true)).unwrap());
            store.fill(T, vec![Given::keys(0..2000)], &AtomicU64::new(0)).unwrap();
            store.end_load().unwrap();
            // The store is alive: nothing that its closing would write is in the copy.
            copied(dir.path(), copy.path());
            let again = $wrap($store::open(&config(copy.path(), TABLES, true)).unwrap());
            again.end_load().unwrap();
            assert_eq!(all(&again).len(), 2000, stringify!($store));
        }};
    }
    on!(Lmdb, Plain);
    on!(Redb, Plain);
    on!(Sqlite, Plain);
    on!(Fjall, Plain);
    #[cfg(feature = "rocksdb")]
    {
        use engine_peers::stores::rocksdb::{Optimistic, Pessimistic};
        on!(Pessimistic, std::convert::identity);
        on!(Optimistic, std::convert::identity);
    }
}

fn copied(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copied(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn batch_of<S: OneWriter>(store: S, name: &str) {
    let store = Batched::new(store);
    store.end_load().unwrap();
    let write = |key: u64| {
        let mut txn = store.begin().unwrap();
        txn.insert(T, &key.to_be_bytes(), b"row").unwrap();
        txn.commit().unwrap()
    };
    let tickets: Vec<_> = (0..BATCH_MAX - 1).map(write).collect();
    assert!(!store.is_durable(&tickets[0]).unwrap(), "{name}: the batch is open");
    assert_eq!(all(&store), [], "{name}: nobody sees what is not committed");
    let mut txn = store.begin().unwrap();
    txn.insert(T, b"x", b"gone").unwrap();
    assert!(txn.delete(T, &3_u64.to_be_bytes()).unwrap());
    assert!(txn.update(T, &4_u64.to_be_bytes(), |row| row.push(b'+')).unwrap());
    txn.rollback().unwrap();
    write(1000);
    assert!(tickets.iter().all(|ticket| store.is_durable(ticket).unwrap()), "{name}: a full batch commits itself");
    let found = all(&store);
    assert_eq!(found.len() as u64, BATCH_MAX, "{name}");
    assert!(found.iter().all(|(_, row)| row == b"row"), "{name}: what rolled back left no trace");
    assert_eq!(store.counters()["batch.commits"], 1, "{name}");

    // The next is one of its own; another thread waits for it, and then has its turn.
    let ticket = write(2000);
    assert!(!store.is_durable(&ticket).unwrap(), "{name}");
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut txn = store.begin().unwrap();
            assert!(txn.update(T, &2000_u64.to_be_bytes(), |row| row.push(b'!')).unwrap());
            let ticket = txn.commit().unwrap();
            store.wait(&ticket).unwrap();
        });
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(!other.is_finished(), "{name}: two batches at once");
        store.wait(&ticket).unwrap();
        other.join().unwrap();
    });
    assert_eq!(all(&store).last().unwrap().1, b"row!", "{name}");
}

#[test]
fn a_batch_takes_in_sixty_four_and_undoes_one_alone() {
    macro_rules! on {
        ($store:ident) => {{
            let dir = tempfile::tempdir().unwrap();
            batch_of($store::open(&config(dir.path(), TABLES, true)).unwrap(), stringify!($store));
        }};
    }
    on!(Lmdb);
    on!(Redb);
    on!(Sqlite);
    on!(Fjall);
}

#[test]
fn a_reader_may_not_write_and_a_key_is_not_inserted_twice() {
    fn check<S: OneWriter>(store: S, name: &str, notices: bool) {
        let store = Plain(store);
        let fatal = |result: Result<(), StoreError>| matches!(result, Err(StoreError::Fatal(_)));
        assert!(fatal(store.begin_read().unwrap().insert(T, b"a", b"")), "{name}");
        let mut txn = store.begin().unwrap();
        txn.insert(T, b"a", b"").unwrap();
        assert_eq!(fatal(txn.insert(T, b"a", b"")), notices, "{name}");
    }
    let dir = tempfile::tempdir().unwrap();
    check(Lmdb::open(&config(dir.path(), TABLES, false)).unwrap(), "LMDB", true);
    check(Redb::open(&config(dir.path(), TABLES, false)).unwrap(), "redb", true);
    check(Sqlite::open(&config(dir.path(), TABLES, false)).unwrap(), "SQLite", true);
    check(Fjall::open(&config(dir.path(), TABLES, false)).unwrap(), "fjall", false);
}

/// YCSB with several threads through the driver, every contestant, durable and not: what was acknowledged is there.
#[test]
fn every_contestant_runs_with_threads_and_its_checks_hold() {
    for contestant in Contestant::ALL {
        for durability in [Durability::Full, Durability::Off] {
            for mix in ["a", "e"] {
                let params =
                    [("mix", mix), ("rows", "300"), ("row_bytes", "1000"), ("sessions", "6"), ("pool_mb", "16")];
                let mut params: Params =
                    params.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
                params.insert("store".to_owned(), contestant.name().into());
                params.insert("durability".to_owned(), durability.name().into());
                let mut opened = driver::open("ycsb", 5, &params).unwrap();
                opened.bench.load(&mut |_| ()).unwrap();
                assert_eq!(opened.bench.slice(Budget::Ops(400)).unwrap().commits(), 400, "{contestant}");
                let check = opened.bench.check().unwrap();
                assert!(check.ok, "{contestant}: {:?}", check.findings);
            }
        }
    }
}
