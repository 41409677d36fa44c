//! The scanner: beside the terminals, every so often, a scan through all order lines, the table with the most rows.
//!
//! Not in the specification. As an export does, it asks for each page once and for none of them again: what it costs the
//! terminals is the pages that they find replaced afterwards. It reads as fast as it can, in one snapshot. And it counts:
//! order lines are never deleted, so no scan finds fewer than the one before.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::keys::ORDER_LINE;
use crate::runner::Slices;
use crate::store::{Store, StoreError, Txn};

/// Rows read at a time: a slice's end waits for no more.
const PIECE_ROWS: usize = 2000;

/// Scans until the slices end, one begun every `every` of their time, the first with the first slice; adds to `rows` what
/// whole scans found.
pub(super) fn run<S: Store>(store: &S, slices: &Slices, every: Duration, rows: &AtomicU64) -> Result<(), StoreError> {
    let (mut due, mut found_before) = (Duration::ZERO, 0);
    while slices.go_on(due.saturating_sub(slices.elapsed())) {
        if slices.elapsed() < due {
            continue;
        }
        due = slices.elapsed() + every;
        let Some(found) = scan(store, slices)? else { break };
        if found < found_before {
            let said = format!("a scan found {found_before} order lines, the next one {found}");
            return Err(StoreError::Fatal(said));
        }
        found_before = found;
        rows.fetch_add(found, Ordering::Relaxed);
    }
    Ok(())
}

/// One scan: how many order lines there are. Nothing if the slices ended before.
fn scan<S: Store>(store: &S, slices: &Slices) -> Result<Option<u64>, StoreError> {
    let mut txn = store.begin_read()?;
    let (mut from, mut found) = (Vec::new(), 0);
    loop {
        let mut left = PIECE_ROWS;
        let begin = std::mem::take(&mut from);
        txn.scan(ORDER_LINE, &begin, &[0xff; 64], |key, _| {
            found += 1;
            left -= 1;
            if left > 0 {
                return ControlFlow::Continue(());
            }
            // The next key possible.
            from.extend_from_slice(key);
            from.push(0);
            ControlFlow::Break(())
        })?;
        let over = left > 0;
        if over || !slices.go_on(Duration::ZERO) {
            txn.rollback()?;
            return Ok(over.then_some(found));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use engine::api::Options;
    use engine::io::SimFs;

    use super::*;
    use crate::runner::{Bench, Runner, RunnerOptions, Workload as _};
    use crate::store::EngineStore;
    use crate::tpcc::{Beside, Scale, Tpcc};
    use probe::protocol::Budget;

    #[test]
    fn scans_come_again_and_again_and_read_the_whole_table() {
        let scale = Scale { warehouses: 1, districts: 3, customers: 300, items: 200 };
        let workload = Tpcc::new(scale, 7).with(Beside::Scanner(Duration::from_millis(20)));
        let options = Options { pool_bytes: 8 << 20, wal_segment_bytes: 1 << 20, ..Options::default() };
        let store: EngineStore = EngineStore::open(Arc::new(SimFs::new()), options, Tpcc::TABLES).unwrap();
        let mut runner = Runner::new(store, workload, RunnerOptions { sessions: 2, workers: 1 }).unwrap();
        runner.load(&mut |_| ()).unwrap();
        for _ in 0..5 {
            assert!(runner.slice(Budget::Time(Duration::from_millis(40))).unwrap().commits() > 0);
        }
        // 900 orders of five lines at least, and two scans.
        let rows = runner.counters()["scanner.rows"];
        assert!(rows >= 2 * 900 * 5, "{rows} rows");
        assert!(runner.check().unwrap().ok);
        Box::new(runner).finish().unwrap();
    }
}
