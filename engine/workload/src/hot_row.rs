//! Hot-row: every transaction changes the same row, then some of its session's own.
//!
//! There is nothing to deadlock on: all want the one lock first. What is left is a queue as long as there are sessions, and
//! what it costs to stand in it. A wait for a lock is a wait of the thread, so each session has one of its own unless
//! `workers` says otherwise.

use std::sync::atomic::{AtomicU64, Ordering};

use probe::protocol::{Failure, Finding, ParamSpec};

use crate::entry::{Entry, Site};
use crate::runner::{Bench, Tally, Workload};
use crate::store::{Decision, Store, StoreError, TableId, Transaction, Txn};

/// The workload as the driver lists it.
pub const ENTRY: Entry = Entry {
    name: "hot-row",
    summary: "Every transaction changes the same row first; a thread for each session",
    params,
    open,
};

fn params() -> Vec<(&'static str, ParamSpec)> {
    vec![("own_rows", ParamSpec::integer(4, 0, 100, "Rows of its own that a transaction changes after the hot one"))]
}

fn open(site: &mut Site<'_>) -> Result<Box<dyn Bench>, Failure> {
    let (sessions, own_rows) = (site.integer("sessions") as u16, site.integer("own_rows") as u16);
    site.bench_blocking(HotRow::new(sessions, own_rows))
}

const ROWS: TableId = TableId(0);

/// The key of the hot row; a session's own rows have its number plus one in the first half of theirs.
const HOT: [u8; 4] = [0; 4];

/// Rows that count their changes.
#[derive(Debug)]
pub struct HotRow {
    sessions: u16,
    own_rows: u16,
}

/// One client.
#[derive(Debug)]
pub struct Session {
    number: u16,
    acknowledged: u64,
}

impl HotRow {
    /// For so many sessions.
    pub fn new(sessions: u16, own_rows: u16) -> Self {
        HotRow { sessions, own_rows }
    }

    fn own_keys(&self, number: u16) -> impl Iterator<Item = [u8; 4]> {
        (0..self.own_rows).map(move |row| {
            let mut key = [0; 4];
            key[..2].copy_from_slice(&(number + 1).to_be_bytes());
            key[2..].copy_from_slice(&row.to_be_bytes());
            key
        })
    }
}

fn count_of(row: &[u8]) -> u64 {
    row.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn add_one<T: Txn>(txn: &mut T, key: [u8; 4]) -> Result<(), StoreError> {
    let add = |row: &mut Vec<u8>| {
        let count = count_of(row) + 1;
        row.clear();
        row.extend_from_slice(&count.to_le_bytes());
    };
    match txn.update(ROWS, &key, add)? {
        true => Ok(()),
        false => Err(StoreError::Fatal(format!("row {key:02x?} is missing"))),
    }
}

impl Workload for HotRow {
    const TABLES: &'static [&'static str] = &["counter"];
    const KINDS: &'static [&'static str] = &["count"];
    type Session = Session;
    type Buffers = ();

    fn session(&self, number: u16) -> Session {
        Session { number, acknowledged: 0 }
    }

    fn draw(&self, _session: &mut Session) -> usize {
        0
    }

    fn execute<T: Txn>(&self, txn: &mut T, session: &Session, _buffers: &mut ()) -> Result<Decision, StoreError> {
        add_one(txn, HOT)?;
        for key in self.own_keys(session.number) {
            add_one(txn, key)?;
        }
        Ok(Decision::Commit)
    }

    fn acknowledge(&self, session: &mut Session) {
        session.acknowledged += 1;
    }

    fn rows_estimate(&self) -> u64 {
        1 + u64::from(self.sessions) * u64::from(self.own_rows)
    }

    fn load<S: Store>(&self, store: &S, _threads: usize, rows: &AtomicU64) -> Result<(), StoreError> {
        let mut txn = store.begin()?;
        txn.insert(ROWS, &HOT, &0_u64.to_le_bytes())?;
        for key in (0..self.sessions).flat_map(|number| self.own_keys(number)) {
            txn.insert(ROWS, &key, &0_u64.to_le_bytes())?;
        }
        txn.commit()?;
        rows.store(self.rows_estimate(), Ordering::Relaxed);
        Ok(())
    }

    fn check<S: Store>(&self, store: &S, sessions: &[&Session]) -> Result<Vec<Finding>, StoreError> {
        let (mut hot, mut own) = (Tally::default(), Tally::default());
        let (mut txn, mut row) = (store.begin()?, Vec::new());
        let all: u64 = sessions.iter().map(|session| session.acknowledged).sum();
        let found = txn.get(ROWS, &HOT, &mut row)?;
        hot.note(found && count_of(&row) == all, || format!("{all} commits, the hot row says {}", count_of(&row)));
        for Session { number, acknowledged } in sessions {
            for key in self.own_keys(*number) {
                let found = txn.get(ROWS, &key, &mut row)?;
                own.note(found && count_of(&row) == *acknowledged, || {
                    format!("session {number} has {acknowledged} commits, its row {key:02x?} says {}", count_of(&row))
                });
            }
        }
        txn.rollback()?;
        Ok(vec![
            hot.finding("hot.row", "the hot row counts every acknowledged commit"),
            own.finding("hot.own_rows", "each session's rows count its own"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::{Runner, RunnerOptions};
    use crate::store::MemoryStore;
    use probe::protocol::Budget;

    #[test]
    fn every_commit_is_counted_and_a_lost_one_noticed() {
        let (store, workload) = (MemoryStore::new(HotRow::TABLES), HotRow::new(5, 2));
        let mut runner = Runner::new(store, workload, RunnerOptions { sessions: 5, workers: 5 }).unwrap();
        runner.load(&mut |_| ()).unwrap();
        assert_eq!(runner.slice(Budget::Ops(500)).unwrap().commits(), 500);
        assert!(runner.check().unwrap().ok);
        let mut txn = runner.store().begin().unwrap();
        assert!(txn.update(ROWS, &HOT, |row| row[0] ^= 1).unwrap());
        txn.commit().unwrap();
        assert!(!runner.check().unwrap().ok);
    }
}
