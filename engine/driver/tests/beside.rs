//! What goes on beside the sessions, on the engine in memory: the analyst and the scanner of TPC-C, and the stalled reader.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::api::Options;
use engine::io::SimFs;
use engine_driver::EngineStore;
use engine_workload::runner::{Bench, Runner, RunnerOptions, Workload};
use engine_workload::stalled_reader::StalledReader;
use engine_workload::store::{Store, TableId, Transaction, Txn};
use engine_workload::tpcc::{Beside, Scale, Tpcc};
use probe::protocol::Budget;

/// Loaded, and ready for slices.
fn loaded<W: Workload>(workload: W) -> Runner<EngineStore, W> {
    let vacuum_interval = Duration::from_millis(5);
    let options = Options { pool_bytes: 8 << 20, wal_segment_bytes: 1 << 20, vacuum_interval, ..Options::default() };
    let store = EngineStore::open(Arc::new(SimFs::new()), options, W::TABLES).unwrap();
    let mut runner = Runner::new(store, workload, RunnerOptions { sessions: 3, workers: 1 }).unwrap();
    runner.load(&mut |_| ()).unwrap();
    runner
}

#[test]
fn reports_go_on_across_slices_and_hold_the_snapshot() {
    let scale = Scale { warehouses: 2, districts: 3, customers: 30, items: 700 };
    let mut runner = loaded(Tpcc::new(scale, 7).with(Beside::Analyst(Duration::from_millis(40))));
    let before = runner.counters()["mvcc.older_reads"];
    for _ in 0..6 {
        assert!(runner.slice(Budget::Time(Duration::from_millis(30))).unwrap().commits() > 0);
    }
    assert!(runner.counters()["mvcc.older_reads"] > before, "the snapshot was never old");
    assert!(runner.check().unwrap().ok);
    Box::new(runner).finish().unwrap();
}

#[test]
fn scans_come_again_and_again_and_read_the_whole_table() {
    let scale = Scale { warehouses: 1, districts: 3, customers: 300, items: 200 };
    let mut runner = loaded(Tpcc::new(scale, 7).with(Beside::Scanner(Duration::from_millis(20))));
    for _ in 0..5 {
        assert!(runner.slice(Budget::Time(Duration::from_millis(40))).unwrap().commits() > 0);
    }
    // 900 orders of five lines at least, and two scans.
    let rows = runner.counters()["scanner.rows"];
    assert!(rows >= 2 * 900 * 5, "{rows} rows");
    assert!(runner.check().unwrap().ok);
    Box::new(runner).finish().unwrap();
}

fn stalled_reader() -> Runner<EngineStore, StalledReader> {
    loaded(StalledReader::new(1000, 100, Duration::from_millis(20), 3))
}

#[test]
fn versions_wait_for_the_reader_and_are_freed() {
    let mut runner = stalled_reader();
    let began = Instant::now();
    let freed = |runner: &Runner<_, _>| Bench::counters(runner)["reclaim.freed_bytes"];
    while freed(&runner) == 0 && began.elapsed() < Duration::from_secs(20) {
        assert!(runner.slice(Budget::Time(Duration::from_millis(100))).unwrap().commits() > 0);
    }
    let counters = runner.counters();
    let counted = ["reclaim.freed_bytes", "mvcc.older_reads", "unreclaimed.samples"];
    assert!(counted.iter().all(|name| counters[*name] > 0), "{counters:?}");
    let report = runner.check().unwrap();
    assert!(report.ok, "{:?}", report.findings);
}

#[test]
fn a_lost_update_and_a_torn_row_are_found() {
    for (condition, lost) in [("stalled.updates", true), ("stalled.rows", false)] {
        let mut runner = stalled_reader();
        runner.slice(Budget::Ops(100)).unwrap();
        let mut txn = runner.store().begin().unwrap();
        let damage = |row: &mut Vec<u8>| {
            if lost {
                // A row says how often it was updated, and repeats it in every byte that follows.
                let updates = u64::from_le_bytes(*row.first_chunk().unwrap()) + 1;
                row[..8].copy_from_slice(&updates.to_le_bytes());
                row[8..].fill(updates as u8);
            } else {
                row[50] ^= 1;
            }
        };
        assert!(txn.update(TableId(0), &3_u64.to_be_bytes(), damage).unwrap());
        let _ticket = txn.commit().unwrap();
        let findings = runner.check().unwrap().findings;
        assert!(findings.iter().any(|finding| finding.check == condition && !finding.ok), "{findings:?}");
    }
}
