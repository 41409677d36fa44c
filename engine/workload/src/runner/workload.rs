//! What a workload says about itself.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicU64;

use probe::protocol::Finding;

use super::beside::Slices;
use crate::rng::Digest;
use crate::store::{Body, Decision, Store, StoreError, TableId, Transaction, Txn};

/// A data set, sessions that work on it, and the conditions that hold afterwards.
pub trait Workload: Send + Sync + 'static {
    /// The tables it uses, in the order of their [`TableId`]s.
    const TABLES: &'static [&'static str];
    /// Its kinds of transaction.
    const KINDS: &'static [&'static str];
    /// One terminal: its random stream and what it asks next.
    type Session: Send + 'static;
    /// Buffers of one worker.
    type Buffers: Default;

    /// Session `number` of a run.
    fn session(&self, number: u16) -> Self::Session;

    /// Draws the session's next transaction and returns its kind, an index into [`Workload::KINDS`].
    fn draw(&self, session: &mut Self::Session) -> usize;

    /// Whether the drawn transaction only reads.
    #[inline]
    fn reads_only(&self, _session: &Self::Session) -> bool {
        false
    }

    /// Runs the drawn transaction up to its decision. May be called again for the same draw after a conflict.
    fn execute<T: Txn>(
        &self,
        txn: &mut T,
        session: &Self::Session,
        buffers: &mut Self::Buffers,
    ) -> Result<Decision, StoreError>;

    /// The drawn transaction's commit is durable.
    fn acknowledge(&self, _session: &mut Self::Session) {}

    /// Ever growing counts of its own, beside the store's.
    fn counters(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }

    /// Rows a load writes, roughly.
    fn rows_estimate(&self) -> u64;

    /// Writes the data with `threads` threads, adding to `rows` as it lands.
    fn load<S: Store>(&self, store: &S, threads: usize, rows: &AtomicU64) -> Result<(), StoreError>;

    /// Whether something goes [`beside`](Workload::beside) the sessions.
    fn has_beside(&self) -> bool {
        false
    }

    /// What goes on beside the sessions, on a thread of its own, until there are no more slices.
    fn beside<S: Store>(&self, _store: &S, _slices: &Slices) -> Result<(), StoreError> {
        Ok(())
    }

    /// Checks what must hold now that all sessions rest. One finding per named check.
    fn check<S: Store>(&self, store: &S, sessions: &[&Self::Session]) -> Result<Vec<Finding>, StoreError>;
}

/// The transaction that a session has drawn.
pub(crate) struct Drawn<'a, W: Workload> {
    pub(crate) workload: &'a W,
    pub(crate) session: &'a W::Session,
    pub(crate) buffers: &'a mut W::Buffers,
}

impl<W: Workload> Body for Drawn<'_, W> {
    #[inline]
    fn run<T: Txn>(&mut self, txn: &mut T) -> Result<Decision, StoreError> {
        self.workload.execute(txn, self.session, self.buffers)
    }
}

/// A hash of the logical state: all keys and rows of all tables, in order.
pub fn state_digest<S: Store>(store: &S, tables: usize) -> Result<String, StoreError> {
    let mut digest = Digest::default();
    let mut txn = store.begin_read()?;
    for table in (0..tables).map(TableId) {
        digest.add(&table.0.to_le_bytes());
        txn.scan(table, &[], &[0xff; 64], |key, row| {
            digest.add(key);
            digest.add(row);
            ControlFlow::Continue(())
        })?;
    }
    txn.rollback()?;
    Ok(digest.hex())
}
