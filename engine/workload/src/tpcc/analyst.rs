//! The analyst: beside the terminals, one long read-only transaction after the other over the whole stock.
//!
//! Not in the specification. Its snapshot stays open for seconds, as a report's does, while the terminals go on: what
//! that costs them is the question. It reads a few hundred rows at a time and rests in between, so that it takes little
//! of the processors itself. And it adds up: money that terminals move must be the same in every pass of one snapshot.

use std::ops::ControlFlow;
use std::time::Duration;

use super::keys::{CUSTOMER, DISTRICT, STOCK, WAREHOUSE};
use super::rows::{customer, district, stock, warehouse};
use crate::runner::Slices;
use crate::store::{Store, StoreError, TableId, Txn};

/// Rows read at a time.
const PIECE_ROWS: usize = 500;

/// Rest between two pieces.
const REST: Duration = Duration::from_millis(2);

/// What a report reads.
const REPORT: [TableId; 4] = [WAREHOUSE, DISTRICT, CUSTOMER, STOCK];

/// A report's figures: rows, and what they add up to, by table.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Totals([(u64, i64); REPORT.len()]);

/// How far a report has come.
#[derive(Debug, Default)]
struct Place {
    table: usize,
    from: Vec<u8>,
}

/// Reports until the slices end, each snapshot open for `hold` of their time.
pub(super) fn run<S: Store>(store: &S, slices: &Slices, hold: Duration) -> Result<(), StoreError> {
    while slices.go_on(Duration::ZERO) {
        let (began, mut txn, mut first) = (slices.elapsed(), store.begin_read()?, None);
        let (mut place, mut totals) = (Place::default(), Totals::default());
        while slices.elapsed() - began < hold {
            if read_on(&mut txn, &mut place, &mut totals)? {
                let first = *first.get_or_insert(totals);
                if totals != first || first.0[0].1 != first.0[1].1 {
                    let said = format!("one snapshot, two reports: {first:?} and {totals:?}");
                    return Err(StoreError::Fatal(said));
                }
                (place, totals) = (Place::default(), Totals::default());
            }
            if !slices.go_on(REST) {
                break;
            }
        }
        txn.rollback()?;
    }
    Ok(())
}

/// Reads one piece; whether it was the report's last.
fn read_on<T: Txn>(txn: &mut T, place: &mut Place, totals: &mut Totals) -> Result<bool, StoreError> {
    let table = REPORT[place.table];
    let (rows, sum) = &mut totals.0[place.table];
    let (mut read, from) = (0, std::mem::take(&mut place.from));
    txn.scan(table, &from, &[0xff; 64], |key, row| {
        read += 1;
        *rows += 1;
        *sum += match table {
            WAREHOUSE => warehouse::YTD.get(row),
            DISTRICT => district::YTD.get(row),
            CUSTOMER => customer::BALANCE.get(row),
            _ => i64::from(stock::YTD.get(row)),
        };
        if read < PIECE_ROWS {
            return ControlFlow::Continue(());
        }
        // The next key possible.
        place.from.extend_from_slice(key);
        place.from.push(0);
        ControlFlow::Break(())
    })?;
    if read == PIECE_ROWS {
        return Ok(false);
    }
    place.table += 1;
    Ok(place.table == REPORT.len())
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
    fn reports_go_on_across_slices_and_hold_the_snapshot() {
        let scale = Scale { warehouses: 2, districts: 3, customers: 30, items: 700 };
        let workload = Tpcc::new(scale, 7).with(Beside::Analyst(Duration::from_millis(40)));
        let options = Options { pool_bytes: 8 << 20, wal_segment_bytes: 1 << 20, ..Options::default() };
        let store: EngineStore = EngineStore::open(Arc::new(SimFs::new()), options, Tpcc::TABLES).unwrap();
        let mut runner = Runner::new(store, workload, RunnerOptions { sessions: 3, workers: 1 }).unwrap();
        runner.load(&mut |_| ()).unwrap();
        let before = runner.counters()["mvcc.older_reads"];
        for _ in 0..6 {
            assert!(runner.slice(Budget::Time(Duration::from_millis(30))).unwrap().commits() > 0);
        }
        assert!(runner.counters()["mvcc.older_reads"] > before, "the snapshot was never old");
        assert!(runner.check().unwrap().ok);
        Box::new(runner).finish().unwrap();
    }
}
