//! The scanner: beside the terminals, every so often, a scan through all order lines, the table with the most rows.
//!
//! As an export does, it asks for each page once and for none of them again: what it costs the terminals is the pages that
//! they find replaced afterwards. It reads as fast as it can, in one snapshot. And it counts: order lines are never deleted,
//! so no scan finds fewer than the one before.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Pieces;
use crate::runner::Slices;
use crate::store::{Store, StoreError, Transaction};
use crate::tpcc::keys::ORDER_LINE;

/// Rows read at a time: a slice's end waits for no more.
const PIECE_ROWS: usize = 2000;

/// Scans until the slices end, one begun every `every` of their time, the first with the first slice; adds to `rows` what
/// whole scans found.
pub(in crate::tpcc) fn run<S: Store>(
    store: &S,
    slices: &Slices,
    every: Duration,
    rows: &AtomicU64,
) -> Result<(), StoreError> {
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
    let (mut pieces, mut found) = (Pieces::of(ORDER_LINE), 0);
    loop {
        let more = pieces.next(&mut txn, PIECE_ROWS, |_| found += 1)?;
        if !more || !slices.go_on(Duration::ZERO) {
            txn.rollback()?;
            return Ok((!more).then_some(found));
        }
    }
}
