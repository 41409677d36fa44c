//! Point-read: gets of single rows, uniform or with a Zipf skew (YCSB-C).
//!
//! Nothing is written: the control of whatever concerns commits.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use probe::protocol::Finding;

use crate::rng::{Rng, mix};
use crate::runner::{Decision, Tally, Workload};
use crate::store::{Store, StoreError, TableId, Txn};

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
        let mut txn = store.begin()?;
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

/// Zipf-distributed ranks (Gray et al., SIGMOD 1994, as in YCSB): rank 0 is the most frequent.
#[derive(Debug)]
struct Zipf {
    n: f64,
    zeta_n: f64,
    alpha: f64,
    eta: f64,
    half_pow: f64,
}

impl Zipf {
    fn new(n: u64, theta: f64) -> Self {
        let zeta = |n: u64| (1..=n).map(|i| (i as f64).powf(-theta)).sum::<f64>();
        let zeta_n = zeta(n);
        let eta = (1.0 - (2.0 / n as f64).powf(1.0 - theta)) / (1.0 - zeta(2.min(n)) / zeta_n);
        Zipf { n: n as f64, zeta_n, alpha: 1.0 / (1.0 - theta), eta, half_pow: 0.5_f64.powf(theta) }
    }

    fn rank(&self, rng: &mut Rng) -> u64 {
        let u = (rng.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        let scaled = u * self.zeta_n;
        if scaled < 1.0 {
            return 0;
        }
        if scaled < 1.0 + self.half_pow {
            return 1;
        }
        (self.n * (self.eta * u - self.eta + 1.0).powf(self.alpha)).min(self.n - 1.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::{Bench, Runner, RunnerOptions};
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

    #[test]
    fn zipf_is_as_skewed_as_it_says() {
        let (zipf, mut rng) = (Zipf::new(10_000, 0.99), Rng::new(4));
        let mut seen = vec![0_u32; 10_000];
        for _ in 0..200_000 {
            seen[zipf.rank(&mut rng) as usize] += 1;
        }
        // The expected share of rank 0 is 1 / zeta(10000, 0.99) = 9.9 %.
        assert!((18_500..21_500).contains(&seen[0]), "{}", seen[0]);
        assert!(seen[0] > seen[1] && seen[1] > seen[5] && seen[5] > seen[500]);
        assert!(seen[5000..].iter().sum::<u32>() > 5000, "the tail is read too");
    }
}
