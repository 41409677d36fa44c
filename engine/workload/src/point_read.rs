//! Point-read: gets of single rows, uniform or with a Zipf skew (YCSB-C).
//!
//! Nothing is written: the control of whatever concerns commits.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use probe::protocol::{Failure, Finding, ParamSpec};

use crate::entry::{Entry, Site};
use crate::rng::{Rng, mix};
use crate::runner::{Bench, Tally, Workload};
use crate::store::{Decision, Store, StoreError, TableId, Transaction, Txn};
use crate::zipf::Zipf;

/// The workload as the driver lists it.
pub const ENTRY: Entry = Entry {
    name: "point-read",
    summary: "Gets of single rows, nothing is written; the control of what concerns commits",
    params,
    open,
};

fn params() -> Vec<(&'static str, ParamSpec)> {
    vec![
        ("rows", ParamSpec::integer(200_000, 1, 100_000_000, "Rows of the table")),
        ("row_bytes", ParamSpec::integer(100, 8, 1500, "Bytes of a row")),
        ("skew", ParamSpec::number(0.99, 0.0, 0.999, "Zipf exponent; 0 is uniform")),
    ]
}

fn open(site: &mut Site<'_>) -> Result<Box<dyn Bench>, Failure> {
    let (rows, row_bytes) = (site.integer("rows"), site.integer("row_bytes") as usize);
    site.bench(PointRead::new(rows, row_bytes, site.number("skew"), site.seed))
}

const ROWS: TableId = TableId(0);
const ROWS_PER_TXN: u64 = 4000;

/// One table of `rows` rows: `mark u64` that depends on the key, then filling.
#[derive(Debug)]
pub struct PointRead {
    rows: u64,
    row_bytes: usize,
    seed: u64,
    zipf: Option<Zipf>,
}

/// One client and the row it reads next.
#[derive(Debug)]
pub struct Reader {
    rng: Rng,
    key: u64,
}

impl PointRead {
    /// `skew` is the Zipf exponent below 1; 0 is uniform. `row_bytes` is at least 8.
    pub fn new(rows: u64, row_bytes: usize, skew: f64, seed: u64) -> Self {
        let zipf = (skew > 0.0).then(|| Zipf::new(rows, skew));
        PointRead { rows, row_bytes: row_bytes.max(8), seed, zipf }
    }

    fn mark(&self, key: u64) -> u64 {
        mix(key ^ self.seed)
    }
}

fn mark_of(row: &[u8]) -> u64 {
    row.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

impl Workload for PointRead {
    const TABLES: &'static [&'static str] = &["row"];
    const KINDS: &'static [&'static str] = &["read"];
    type Session = Reader;
    type Buffers = Vec<u8>;

    fn session(&self, number: u16) -> Reader {
        Reader { rng: Rng::stream(self.seed, &[1, number.into()]), key: 0 }
    }

    fn draw(&self, session: &mut Reader) -> usize {
        session.key = match &self.zipf {
            // Hot ranks are scattered over the key space, so that they do not share a page.
            Some(zipf) => mix(zipf.rank(&mut session.rng)) % self.rows,
            None => session.rng.below(self.rows),
        };
        0
    }

    fn reads_only(&self, _session: &Reader) -> bool {
        true
    }

    fn execute<T: Txn>(&self, txn: &mut T, session: &Reader, row: &mut Vec<u8>) -> Result<Decision, StoreError> {
        let found = txn.get(ROWS, &session.key.to_be_bytes(), row)?;
        match found && mark_of(row) == self.mark(session.key) {
            true => Ok(Decision::Commit),
            false => Err(StoreError::Fatal(format!("row {} was read wrong", session.key))),
        }
    }

    fn rows_estimate(&self) -> u64 {
        self.rows
    }

    fn load<S: Store>(&self, store: &S, _threads: usize, rows: &AtomicU64) -> Result<(), StoreError> {
        let (mut rng, mut row) = (Rng::stream(self.seed, &[0]), vec![0; self.row_bytes]);
        for first in (0..self.rows).step_by(ROWS_PER_TXN as usize) {
            let mut txn = store.begin()?;
            let end = self.rows.min(first + ROWS_PER_TXN);
            for key in first..end {
                row[..8].copy_from_slice(&self.mark(key).to_le_bytes());
                rng.text(&mut row[8..]);
                txn.insert(ROWS, &key.to_be_bytes(), &row)?;
            }
            txn.commit()?;
            rows.store(end, Ordering::Relaxed);
        }
        Ok(())
    }

    fn check<S: Store>(&self, store: &S, _sessions: &[&Reader]) -> Result<Vec<Finding>, StoreError> {
        let (mut tally, mut next) = (Tally::default(), 0_u64);
        let mut txn = store.begin_read()?;
        txn.scan(ROWS, &[], &[0xff; 9], |key, row| {
            let right = key == next.to_be_bytes() && mark_of(row) == self.mark(next) && row.len() == self.row_bytes;
            tally.note(right, || format!("row {next} is missing or wrong"));
            next += 1;
            ControlFlow::Continue(())
        })?;
        txn.rollback()?;
        tally.note(next == self.rows, || format!("{} rows were loaded, {next} are there", self.rows));
        Ok(vec![tally.finding("read.rows", "every row is there and as loaded")])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::{Runner, RunnerOptions};
    use crate::store::MemoryStore;
    use probe::protocol::Budget;

    #[test]
    fn reads_are_right_and_a_wrong_row_is_noticed() {
        for skew in [0.0, 0.99] {
            let (store, workload) = (MemoryStore::new(PointRead::TABLES), PointRead::new(5000, 40, skew, 1));
            let mut runner = Runner::new(store, workload, RunnerOptions { sessions: 4, workers: 2 }).unwrap();
            runner.load(&mut |_| ()).unwrap();
            assert_eq!(runner.slice(Budget::Ops(3000)).unwrap().commits(), 3000);
            assert!(runner.check().unwrap().ok);
            let mut txn = runner.store().begin().unwrap();
            txn.delete(ROWS, &77_u64.to_be_bytes()).unwrap();
            txn.commit().unwrap();
            assert!(!runner.check().unwrap().ok);
        }
    }
}
