//! Lock-micro: transactions that lock rows all over a large key space and do next to nothing else.
//!
//! The store's contract knows no lock alone, so each is a `get_for_update`. What makes locks dominate is that nearly all of
//! the keys name no row (a key need not, to be locked): the table is one page, and a look-up in it a few dozen nanoseconds.
//! Nothing is written, so the log has no part. Two sessions hardly ever meet; when they do they may deadlock, since keys come
//! in no order, and one of them runs again.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use probe::protocol::{Failure, Finding, ParamSpec};

use crate::entry::{Entry, Site};
use crate::rng::{Rng, mix};
use crate::runner::{Bench, Tally, Workload};
use crate::store::{Decision, Store, StoreError, TableId, Transaction, Txn};

/// The workload as the driver lists it.
pub const ENTRY: Entry = Entry {
    name: "lock-micro",
    summary: "Transactions that lock rows of a large key space, most of which do not exist",
    params,
    open,
};

fn params() -> Vec<(&'static str, ParamSpec)> {
    vec![
        ("keys", ParamSpec::integer(1_000_000, 64, 1 << 40, "Keys that may be locked")),
        ("locks", ParamSpec::integer(45, 1, 4000, "Locks of a transaction")),
    ]
}

fn open(site: &mut Site<'_>) -> Result<Box<dyn Bench>, Failure> {
    site.bench(LockMicro::new(site.integer("keys"), site.integer("locks"), site.seed))
}

const ROWS: TableId = TableId(0);

/// So few that one page holds them all.
const ROWS_PRESENT: u64 = 64;

/// A key space in which every `stride`-th key has a row: its mark.
#[derive(Debug)]
pub struct LockMicro {
    stride: u64,
    locks: u64,
    seed: u64,
}

/// One client and where the keys of its next transaction come from.
#[derive(Debug)]
pub struct Locker {
    rng: Rng,
    draw: u64,
}

impl LockMicro {
    /// `keys` is at least 64.
    pub fn new(keys: u64, locks: u64, seed: u64) -> Self {
        LockMicro { stride: (keys / ROWS_PRESENT).max(1), locks, seed }
    }

    fn mark(&self, key: u64) -> [u8; 8] {
        mix(key ^ self.seed).to_le_bytes()
    }
}

impl Workload for LockMicro {
    const TABLES: &'static [&'static str] = &["row"];
    const KINDS: &'static [&'static str] = &["lock"];
    type Session = Locker;
    type Buffers = Vec<u8>;

    fn session(&self, number: u16) -> Locker {
        Locker { rng: Rng::stream(self.seed, &[1, number.into()]), draw: 0 }
    }

    fn draw(&self, session: &mut Locker) -> usize {
        session.draw = session.rng.bits();
        0
    }

    fn execute<T: Txn>(&self, txn: &mut T, session: &Locker, row: &mut Vec<u8>) -> Result<Decision, StoreError> {
        for n in 0..self.locks {
            let key = mix(session.draw.wrapping_add(n)) % (self.stride * ROWS_PRESENT);
            let found = txn.get_for_update(ROWS, &key.to_be_bytes(), row)?;
            let right = found == key.is_multiple_of(self.stride) && (!found || *row == self.mark(key));
            if !right {
                return Err(StoreError::Fatal(format!("key {key} was read wrong")));
            }
        }
        Ok(Decision::Commit)
    }

    fn rows_estimate(&self) -> u64 {
        ROWS_PRESENT
    }

    fn load<S: Store>(&self, store: &S, _threads: usize, rows: &AtomicU64) -> Result<(), StoreError> {
        let mut txn = store.begin()?;
        for key in (0..ROWS_PRESENT).map(|row| row * self.stride) {
            txn.insert(ROWS, &key.to_be_bytes(), &self.mark(key))?;
        }
        txn.commit()?;
        rows.store(ROWS_PRESENT, Ordering::Relaxed);
        Ok(())
    }

    fn check<S: Store>(&self, store: &S, _sessions: &[&Locker]) -> Result<Vec<Finding>, StoreError> {
        let (mut tally, mut next) = (Tally::default(), 0_u64);
        let mut txn = store.begin()?;
        txn.scan(ROWS, &[], &[0xff; 9], |key, row| {
            let expected = next * self.stride;
            let right = key == expected.to_be_bytes() && *row == self.mark(expected);
            tally.note(right, || format!("row {expected} is missing or wrong"));
            next += 1;
            ControlFlow::Continue(())
        })?;
        // Every key can be locked again: no lock was left behind.
        let mut row = Vec::new();
        for key in (0..ROWS_PRESENT).map(|row| row * self.stride) {
            tally.note(txn.get_for_update(ROWS, &key.to_be_bytes(), &mut row)?, || format!("row {key} is gone"));
        }
        txn.rollback()?;
        tally.note(next == ROWS_PRESENT, || format!("{ROWS_PRESENT} rows were loaded, {next} are there"));
        Ok(vec![tally.finding("lock.rows", "every row is there and as loaded, and nobody holds it")])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::{Runner, RunnerOptions};
    use crate::store::MemoryStore;
    use probe::protocol::Budget;

    #[test]
    fn keys_with_and_without_rows_are_locked_and_a_wrong_row_is_noticed() {
        let (store, workload) = (MemoryStore::new(LockMicro::TABLES), LockMicro::new(500, 45, 1));
        let mut runner = Runner::new(store, workload, RunnerOptions { sessions: 4, workers: 2 }).unwrap();
        runner.load(&mut |_| ()).unwrap();
        assert_eq!(runner.slice(Budget::Ops(500)).unwrap().commits(), 500);
        assert!(runner.check().unwrap().ok);
        let mut txn = runner.store().begin().unwrap();
        assert!(txn.update(ROWS, &7_u64.to_be_bytes(), |row| row[0] ^= 1).unwrap());
        txn.commit().unwrap();
        assert!(!runner.check().unwrap().ok);
    }
}
