//! The analyst: beside the terminals, one long read-only transaction after the other over the whole stock.
//!
//! Its snapshot stays open for seconds, as a report's does, while the terminals go on: what that costs them is the
//! question. It reads a few hundred rows at a time and rests in between, so that it takes little of the processors itself.
//! And it adds up: money that terminals move must be the same in every pass of one snapshot.

use std::time::Duration;

use super::Pieces;
use crate::runner::Slices;
use crate::store::{Store, StoreError, TableId, Transaction, Txn};
use crate::tpcc::keys::{CUSTOMER, DISTRICT, STOCK, WAREHOUSE};
use crate::tpcc::rows::{customer, district, stock, warehouse};

/// Rows read at a time.
const PIECE_ROWS: usize = 500;

/// Rest between two pieces.
const REST: Duration = Duration::from_millis(2);

/// What a report reads.
const REPORT: [TableId; 4] = [WAREHOUSE, DISTRICT, CUSTOMER, STOCK];

/// A report's figures: rows, and what they add up to, by table.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Totals([(u64, i64); REPORT.len()]);

/// A report that is being made.
#[derive(Debug)]
struct Report {
    /// Tables before have been read.
    table: usize,
    pieces: Pieces,
    totals: Totals,
}

/// Reports until the slices end, each snapshot open for `hold` of their time.
pub(in crate::tpcc) fn run<S: Store>(store: &S, slices: &Slices, hold: Duration) -> Result<(), StoreError> {
    while slices.go_on(Duration::ZERO) {
        let (began, mut txn, mut first) = (slices.elapsed(), store.begin_read()?, None);
        let mut report = Report::new();
        while slices.elapsed() - began < hold {
            if !report.read_on(&mut txn)? {
                let (totals, first) = (report.totals, *first.get_or_insert(report.totals));
                if totals != first || first.0[0].1 != first.0[1].1 {
                    let said = format!("one snapshot, two reports: {first:?} and {totals:?}");
                    return Err(StoreError::Fatal(said));
                }
                report = Report::new();
            }
            if !slices.go_on(REST) {
                break;
            }
        }
        txn.rollback()?;
    }
    Ok(())
}

impl Report {
    fn new() -> Self {
        Report { table: 0, pieces: Pieces::of(REPORT[0]), totals: Totals::default() }
    }

    /// Reads one piece; false if it was the last.
    fn read_on<T: Txn>(&mut self, txn: &mut T) -> Result<bool, StoreError> {
        let table = REPORT[self.table];
        let (rows, sum) = &mut self.totals.0[self.table];
        let more = self.pieces.next(txn, PIECE_ROWS, |row| {
            *rows += 1;
            *sum += match table {
                WAREHOUSE => warehouse::YTD.get(row),
                DISTRICT => district::YTD.get(row),
                CUSTOMER => customer::BALANCE.get(row),
                _ => i64::from(stock::YTD.get(row)),
            };
        })?;
        if more {
            return Ok(true);
        }
        self.table += 1;
        let Some(next) = REPORT.get(self.table) else { return Ok(false) };
        self.pieces = Pieces::of(*next);
        Ok(true)
    }
}
