//! Commit-storm: every session rewrites its own small row and commits, nothing else.
//!
//! No two sessions meet, so what is left is the commit path: the log's append, the sync, the acknowledgement. This is
//! where group commit shows bare.

use std::sync::atomic::{AtomicU64, Ordering};

use probe::protocol::{Failure, Finding, ParamSpec};

use crate::entry::{Entry, Site};
use crate::rng::Rng;
use crate::runner::{Bench, Tally, Workload};
use crate::store::{Decision, Store, StoreError, TableId, Transaction, Txn};

/// The workload as the driver lists it.
pub const ENTRY: Entry =
    Entry { name: "commit-storm", summary: "Every session rewrites its own small row and commits", params, open };

fn params() -> Vec<(&'static str, ParamSpec)> {
    vec![("row_bytes", ParamSpec::integer(200, 8, 1500, "Bytes rewritten by a commit"))]
}

fn open(site: &mut Site<'_>) -> Result<Box<dyn Bench>, Failure> {
    let (sessions, row_bytes) = (site.integer("sessions") as u16, site.integer("row_bytes") as usize);
    site.bench(CommitStorm::new(sessions, row_bytes, site.seed))
}

const COUNTER: TableId = TableId(0);

/// One row per session: `count u64`, then bytes that depend on the count, so that a commit really logs the row.
#[derive(Debug)]
pub struct CommitStorm {
    sessions: u16,
    row_bytes: usize,
    seed: u64,
}

/// One client.
#[derive(Debug)]
pub struct Session {
    number: u16,
    acknowledged: u64,
}

impl CommitStorm {
    /// `row_bytes` is at least 8.
    pub fn new(sessions: u16, row_bytes: usize, seed: u64) -> Self {
        CommitStorm { sessions, row_bytes: row_bytes.max(8), seed }
    }

    /// The row of a session after `count` commits.
    fn fill(&self, row: &mut Vec<u8>, number: u16, count: u64) {
        row.resize(self.row_bytes, 0);
        row[..8].copy_from_slice(&count.to_le_bytes());
        Rng::stream(self.seed, &[number.into(), count]).text(&mut row[8..]);
    }
}

fn count_of(row: &[u8]) -> u64 {
    row.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

impl Workload for CommitStorm {
    const TABLES: &'static [&'static str] = &["counter"];
    const KINDS: &'static [&'static str] = &["commit"];
    type Session = Session;
    type Buffers = ();

    fn session(&self, number: u16) -> Session {
        Session { number, acknowledged: 0 }
    }

    fn draw(&self, _session: &mut Session) -> usize {
        0
    }

    fn execute<T: Txn>(&self, txn: &mut T, session: &Session, _buffers: &mut ()) -> Result<Decision, StoreError> {
        let found = txn.update(COUNTER, &session.number.to_be_bytes(), |row| {
            let count = count_of(row) + 1;
            self.fill(row, session.number, count);
        })?;
        match found {
            true => Ok(Decision::Commit),
            false => Err(StoreError::Fatal(format!("the row of session {} is missing", session.number))),
        }
    }

    fn acknowledge(&self, session: &mut Session) {
        session.acknowledged += 1;
    }

    fn rows_estimate(&self) -> u64 {
        self.sessions.into()
    }

    fn load<S: Store>(&self, store: &S, _threads: usize, rows: &AtomicU64) -> Result<(), StoreError> {
        let (mut txn, mut row) = (store.begin()?, Vec::new());
        for number in 0..self.sessions {
            self.fill(&mut row, number, 0);
            txn.insert(COUNTER, &number.to_be_bytes(), &row)?;
        }
        txn.commit()?;
        rows.store(self.sessions.into(), Ordering::Relaxed);
        Ok(())
    }

    fn check<S: Store>(&self, store: &S, sessions: &[&Session]) -> Result<Vec<Finding>, StoreError> {
        let (mut counters, mut whole) = (Tally::default(), Tally::default());
        let (mut txn, mut row, mut expected) = (store.begin_read()?, Vec::new(), Vec::new());
        for Session { number, acknowledged } in sessions {
            let found = txn.get(COUNTER, &number.to_be_bytes(), &mut row)?;
            let count = count_of(&row);
            counters.note(found && count == *acknowledged, || {
                format!("session {number} has {acknowledged} acknowledged commits, its row says {count}")
            });
            self.fill(&mut expected, *number, count);
            whole.note(row == expected, || format!("the row of session {number} is not the one of its commit {count}"));
        }
        txn.rollback()?;
        Ok(vec![
            counters.finding("storm.counters", "each row counts its session's acknowledged commits"),
            whole.finding("storm.rows", "each row is whole"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::{Runner, RunnerOptions};
    use crate::store::MemoryStore;
    use probe::protocol::Budget;

    fn runner() -> Runner<MemoryStore, CommitStorm> {
        let store = MemoryStore::new(CommitStorm::TABLES);
        let mut runner =
            Runner::new(store, CommitStorm::new(5, 100, 3), RunnerOptions { sessions: 5, workers: 2 }).unwrap();
        runner.load(&mut |_| ()).unwrap();
        runner
    }

    #[test]
    fn every_acknowledged_commit_is_counted() {
        let mut runner = runner();
        assert_eq!(runner.slice(Budget::Ops(1000)).unwrap().commits(), 1000);
        assert!(runner.check().unwrap().ok);
    }

    #[test]
    fn a_lost_commit_and_a_torn_row_are_found() {
        for (condition, change) in [("storm.counters", 0), ("storm.rows", 50)] {
            let mut runner = runner();
            runner.slice(Budget::Ops(100)).unwrap();
            let mut txn = runner.store().begin().unwrap();
            assert!(txn.update(COUNTER, &3_u16.to_be_bytes(), |row| row[change] ^= 1).unwrap());
            txn.commit().unwrap();
            let findings = runner.check().unwrap().findings;
            assert!(findings.iter().any(|finding| finding.check == condition && !finding.ok), "{findings:?}");
        }
    }
}
