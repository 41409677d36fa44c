//! Memory stays what it is, however many transactions have been: no leak, no list that only grows.
//!
//! `cargo test -p engine-driver --test steady_memory -- --ignored` takes a million transactions; the short one, a fifth.

#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use engine::api::{Durability, Options};
use engine::io::RealVfs;
use engine_driver::EngineStore;
use engine_workload::measure::Footprint;
use engine_workload::runner::{Bench, Runner, RunnerOptions, Workload};
use engine_workload::tpcc::{Scale, Tpcc};
use engine_workload::ycsb::{self, Mix, Ycsb};
use probe::protocol::Budget;

/// What the heap in use, and all that is resident, may grow by from the first fifth of the transactions to the end. Not nothing:
/// how many versions wait for the vacuum is the moment's, and the allocator keeps what was the most so far. Over a million
/// transactions, a leak of 10 bytes each breaks the first bound.
const HEAP_GROWTH_MAX_BYTES: u64 = 8 << 20;
const RESIDENT_GROWTH_MAX_BYTES: u64 = 32 << 20;

/// Runs a fifth of `ops`, then the others, and compares. TPC-C adds orders all the time, to a pool that is full by then.
fn stays<W: Workload>(workload: W, ops: u64) {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        durability: Durability::Off,
        pool_bytes: 8 << 20,
        wal_segment_bytes: 4 << 20,
        checkpoint_wal_bytes: 16 << 20,
        ..Options::default()
    };
    let store: EngineStore =
        EngineStore::open(Arc::new(RealVfs::open(dir.path()).unwrap()), options, W::TABLES).unwrap();
    let mut runner = Box::new(Runner::new(store, workload, RunnerOptions { sessions: 8, workers: 2 }).unwrap());
    runner.load(&mut |_| ()).unwrap();
    let mut after = |ops| {
        runner.slice(Budget::Ops(ops)).unwrap();
        // At rest, once vacuum has come by: what is left then is kept.
        let at_rest = (0..40).map(|_| {
            std::thread::sleep(Duration::from_millis(25));
            let footprint = Footprint::now(None);
            (footprint.heap.unwrap().used_bytes, footprint.resident_bytes.unwrap())
        });
        at_rest.min().unwrap()
    };
    let (before, now) = (after(ops / 5), after(ops - ops / 5));
    assert!(
        now.0 <= before.0 + HEAP_GROWTH_MAX_BYTES && now.1 <= before.1 + RESIDENT_GROWTH_MAX_BYTES,
        "heap in use and resident memory were {before:?} bytes and are {now:?}"
    );
    runner.finish().unwrap();
}

/// One after the other: memory is the process's.
fn all_stay(ops: u64) {
    let options = ycsb::Options { mix: Mix::A, rows: 5000, row_bytes: 200, skew: 0.9, sweep_every: 0, sweep_rows: 1 };
    stays(Ycsb::new(options, 3), ops);
    stays(Tpcc::new(Scale { warehouses: 2, districts: 10, customers: 60, items: 500 }, 3), ops);
}

#[test]
fn memory_is_steady_over_many_transactions() {
    all_stay(200_000);
}

#[test]
#[ignore = "takes a minute or more"]
fn memory_is_steady_over_a_million_transactions() {
    all_stay(1_000_000);
}
