//! TPC-C on the engine: the same answers as the reference store, with either log, and again after reopening.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use engine::api::{Durability, Options};
use engine::io::SimFs;
use engine::transaction::wal::CommitLog;
use engine::transaction::wal::grouped::GroupedLog;
use engine_driver::EngineStore;
use engine_workload::runner::{Bench, Runner, RunnerOptions, Workload};
use engine_workload::store::{MemoryStore, Store};
use engine_workload::tpcc::{Scale, Tpcc, consistency, keys};
use probe::protocol::Budget;
use support::{Script, digest, open, small_options};

engine::on_both_logs! { the_engine_agrees_with_the_reference sessions_side_by_side_keep_the_conditions }

fn small() -> Scale {
    Scale { warehouses: 2, districts: 3, customers: 60, items: 200 }
}

/// One session on the engine and on the reference store: equal states all along, and after recovery.
fn the_engine_agrees_with_the_reference<L: CommitLog + 'static>() {
    let fs = SimFs::new();
    let options = || Options { pool_bytes: 1 << 20, ..small_options() };
    let engine: EngineStore<L> = open(Arc::new(fs.clone()), options());
    let memory = MemoryStore::new(keys::TABLES);
    let (mut ours, mut theirs) = (Script::new(small(), 5, 3), Script::new(small(), 5, 3));
    ours.load(&engine);
    theirs.load(&memory);
    assert_eq!(digest(&engine), digest(&memory), "as loaded");
    for round in 0..8 {
        let mut last = None;
        for _ in 0..250 {
            let (ticket, reference) = (ours.step(&engine).unwrap(), theirs.step(&memory).unwrap());
            assert_eq!(ticket.is_some(), reference.is_some());
            last = ticket.or(last);
        }
        engine.wait(&last.unwrap()).unwrap();
        assert_eq!(digest(&engine), digest(&memory), "round {round}");
    }
    engine.verify().unwrap();
    engine.close().unwrap();

    let engine: EngineStore<L> = open(Arc::new(fs), options());
    assert_eq!(digest(&engine), digest(&memory), "reopened");
    let findings = consistency::check(&engine, &small()).unwrap();
    assert!(findings.iter().all(|finding| finding.ok), "{findings:#?}");
}

#[test]
fn the_load_is_the_same_for_the_same_seed_whoever_writes_which_part() {
    let digest_of = |seed, threads| {
        let engine: EngineStore = open(Arc::new(SimFs::new()), small_options());
        Tpcc::new(small(), seed).load(&engine, threads, &AtomicU64::new(0)).unwrap();
        engine.verify().unwrap();
        let findings = consistency::check(&engine, &small()).unwrap();
        assert!(findings.iter().all(|finding| finding.ok), "{findings:#?}");
        digest(&engine)
    };
    let reference = MemoryStore::new(keys::TABLES);
    Tpcc::new(small(), 7).load(&reference, 1, &AtomicU64::new(0)).unwrap();
    // There are six districts, so that the parts are equal, unequal, and fewer than the threads.
    for threads in [1, 2, 4, 6, 50] {
        assert_eq!(digest_of(7, threads), digest(&reference), "{threads} threads");
    }
    assert_ne!(digest_of(8, 1), digest(&reference));
}

/// Every commit synced.
fn sessions_side_by_side_keep_the_conditions<L: CommitLog + 'static>() {
    keeps_the_conditions::<L>(Durability::Full);
}

/// Many sessions on two threads, with the engine's own threads, and a cache too small for the data.
fn keeps_the_conditions<L: CommitLog + 'static>(durability: Durability) {
    let dir = tempfile::tempdir().unwrap();
    let vfs = Arc::new(engine::io::RealVfs::open(dir.path()).unwrap());
    let options = Options { durability, background: true, checkpoint_wal_bytes: 4 << 20, ..small_options() };
    let store: EngineStore<L> = open(vfs, options.clone());
    let scale = Scale { warehouses: 2, districts: 10, customers: 60, items: 500 };
    let options = RunnerOptions { sessions: 16, workers: 2 };
    let mut runner = Box::new(Runner::new(store, Tpcc::new(scale, 3), options).unwrap());
    runner.load(&mut |_| ()).unwrap();
    for _ in 0..2 {
        assert_eq!(runner.slice(Budget::Ops(1500)).unwrap().commits(), 1500);
        let check = runner.check().unwrap();
        assert!(check.ok, "{:#?}", check.findings);
    }
    runner.finish().unwrap();
}

#[test]
fn sessions_side_by_side_keep_the_conditions_unsynced() {
    keeps_the_conditions::<GroupedLog>(Durability::Off);
    keeps_the_conditions::<GroupedLog>(Durability::GroupAsync);
}
