//! What the tests of both share: TPC-C on the engine, in memory, with somebody beside one worker.

use std::sync::Arc;

use engine::api::Options;
use engine::io::SimFs;

use crate::runner::{Bench, Runner, RunnerOptions, Workload as _};
use crate::store::EngineStore;
use crate::tpcc::{Beside, Scale, Tpcc};

/// Loaded, and ready for slices.
pub(super) fn loaded(scale: Scale, beside: Beside) -> Runner<EngineStore, Tpcc> {
    let workload = Tpcc::new(scale, 7).with(beside);
    let options = Options { pool_bytes: 8 << 20, wal_segment_bytes: 1 << 20, ..Options::default() };
    let store = EngineStore::open(Arc::new(SimFs::new()), options, Tpcc::TABLES).unwrap();
    let mut runner = Runner::new(store, workload, RunnerOptions { sessions: 3, workers: 1 }).unwrap();
    runner.load(&mut |_| ()).unwrap();
    runner
}
