//! Transfer: money moved between accounts, which are locked in random order, so that transactions really deadlock.
//!
//! A victim rolls back and its session runs the same transfer again; tps counts what was committed, `retries` the
//! victims. Whatever happens, the sum of all accounts stays. A wait for a lock is a wait of the thread, so each session has one
//! of its own unless `workers` says otherwise.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use probe::protocol::{Failure, Finding, ParamSpec};

use crate::entry::{Entry, Site};
use crate::rng::Rng;
use crate::runner::{Bench, Tally, Workload};
use crate::store::{Decision, Store, StoreError, TableId, Transaction, Txn};

/// The workload as the driver lists it.
pub const ENTRY: Entry = Entry {
    name: "transfer",
    summary: "Money moved between accounts locked in random order: real deadlocks; a thread for each session",
    params,
    open,
};

fn params() -> Vec<(&'static str, ParamSpec)> {
    vec![
        ("accounts", ParamSpec::integer(1000, 8, 10_000_000, "Accounts")),
        ("touched", ParamSpec::integer(4, 2, 8, "Accounts of one transfer")),
    ]
}

fn open(site: &mut Site<'_>) -> Result<Box<dyn Bench>, Failure> {
    site.bench_blocking(Transfer::new(site.integer("accounts"), site.integer("touched") as usize, site.seed))
}

const ACCOUNTS: TableId = TableId(0);
const ACCOUNTS_PER_TXN: u64 = 4000;
const OPENING_BALANCE: i64 = 1_000_000;

/// Accounts by number: their balance.
#[derive(Debug)]
pub struct Transfer {
    accounts: u64,
    touched: usize,
    seed: u64,
}

/// One client and its next transfer: accounts, all different, and what each gets or gives. The sum is zero.
#[derive(Debug)]
pub struct Client {
    rng: Rng,
    moves: Vec<(u64, i64)>,
}

impl Transfer {
    /// `touched` is at least 2 and not more than `accounts`.
    pub fn new(accounts: u64, touched: usize, seed: u64) -> Self {
        Transfer { accounts, touched, seed }
    }
}

fn balance_of(row: &[u8]) -> i64 {
    row.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
}

impl Workload for Transfer {
    const TABLES: &'static [&'static str] = &["account"];
    const KINDS: &'static [&'static str] = &["transfer"];
    type Session = Client;
    type Buffers = ();

    fn session(&self, number: u16) -> Client {
        Client { rng: Rng::stream(self.seed, &[1, number.into()]), moves: Vec::with_capacity(self.touched) }
    }

    fn draw(&self, client: &mut Client) -> usize {
        client.moves.clear();
        let mut paid = 0;
        while client.moves.len() < self.touched {
            let account = client.rng.below(self.accounts);
            if client.moves.iter().any(|(other, _)| *other == account) {
                continue;
            }
            let last = client.moves.len() + 1 == self.touched;
            let amount = if last { -paid } else { client.rng.below(201) as i64 - 100 };
            paid += amount;
            client.moves.push((account, amount));
        }
        0
    }

    fn execute<T: Txn>(&self, txn: &mut T, client: &Client, _buffers: &mut ()) -> Result<Decision, StoreError> {
        for (account, amount) in &client.moves {
            let pay = |row: &mut Vec<u8>| {
                let balance = balance_of(row) + amount;
                row.clear();
                row.extend_from_slice(&balance.to_le_bytes());
            };
            if !txn.update(ACCOUNTS, &account.to_be_bytes(), pay)? {
                return Err(StoreError::Fatal(format!("account {account} is missing")));
            }
        }
        Ok(Decision::Commit)
    }

    fn rows_estimate(&self) -> u64 {
        self.accounts
    }

    fn load<S: Store>(&self, store: &S, _threads: usize, rows: &AtomicU64) -> Result<(), StoreError> {
        for first in (0..self.accounts).step_by(ACCOUNTS_PER_TXN as usize) {
            let mut txn = store.begin()?;
            let end = self.accounts.min(first + ACCOUNTS_PER_TXN);
            for account in first..end {
                txn.insert(ACCOUNTS, &account.to_be_bytes(), &OPENING_BALANCE.to_le_bytes())?;
            }
            txn.commit()?;
            rows.store(end, Ordering::Relaxed);
        }
        Ok(())
    }

    fn check<S: Store>(&self, store: &S, _sessions: &[&Client]) -> Result<Vec<Finding>, StoreError> {
        let (mut accounts, mut sum, mut tally) = (0_u64, 0_i64, Tally::default());
        let mut txn = store.begin()?;
        txn.scan(ACCOUNTS, &[], &[0xff; 9], |_, row| {
            accounts += 1;
            sum += balance_of(row);
            ControlFlow::Continue(())
        })?;
        txn.rollback()?;
        let expected = self.accounts as i64 * OPENING_BALANCE;
        tally.note(accounts == self.accounts, || {
            format!("{} accounts were opened, {accounts} are there", self.accounts)
        });
        tally.note(sum == expected, || format!("all accounts held {expected} and now hold {sum}"));
        Ok(vec![tally.finding("transfer.sum", "no money came or went")])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::{Runner, RunnerOptions};
    use crate::store::MemoryStore;
    use probe::protocol::Budget;

    #[test]
    fn the_sum_stays_and_a_lost_payment_is_noticed() {
        let (store, workload) = (MemoryStore::new(Transfer::TABLES), Transfer::new(20, 4, 1));
        let mut runner = Runner::new(store, workload, RunnerOptions { sessions: 5, workers: 5 }).unwrap();
        runner.load(&mut |_| ()).unwrap();
        assert_eq!(runner.slice(Budget::Ops(500)).unwrap().commits(), 500);
        assert!(runner.check().unwrap().ok);
        let mut txn = runner.store().begin().unwrap();
        assert!(txn.update(ACCOUNTS, &7_u64.to_be_bytes(), |row| row[0] ^= 1).unwrap());
        txn.commit().unwrap();
        assert!(!runner.check().unwrap().ok);
    }
}
