//! Locks for transactions: the lock table, the way out of deadlocks, and the time spent waiting.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::concurrent::lock_table::{
    Act, BlockPolicy, LockError, LockId, LockTable as _, Mode, Owner, OwnerId, WaitGraph,
};
use crate::metrics::{Metrics, Wait};
use crate::select::{DeadlockPolicy, LockTable};
use crate::sync::Arc;

/// See the [module](self).
#[derive(Debug)]
pub struct LockManager {
    table: LockTable,
    policy: DeadlockPolicy,
    patience: Option<Duration>,
    metrics: Arc<Metrics>,
}

/// The policy, with a clock that starts when a wait does: who gets the lock at once reads no clock.
struct Timed<'a> {
    policy: &'a DeadlockPolicy,
    blocked_at: Cell<Option<Instant>>,
}

impl LockManager {
    /// No locks; waits end after `patience`.
    pub fn new(patience: Option<Duration>, metrics: Arc<Metrics>) -> Self {
        Self { table: LockTable::default(), policy: DeadlockPolicy::default(), patience, metrics }
    }

    /// Locks a row exclusively; its table must be locked with [`lock_table`](Self::lock_table) before.
    pub fn lock_row(&self, owner: &mut Owner, table: u64, key: &[u8]) -> Result<(), LockError> {
        self.acquire(owner, LockId::row(table, key), Mode::X)
    }

    /// Locks a table.
    pub fn lock_table(&self, owner: &mut Owner, table: u64, mode: Mode) -> Result<(), LockError> {
        self.acquire(owner, LockId::table(table), mode)
    }

    /// Gives back everything.
    pub fn release_all(&self, owner: &mut Owner) {
        self.table.release_all(owner);
    }

    /// Whether nobody holds anything.
    pub fn is_idle(&self) -> bool {
        self.table.is_empty()
    }

    fn acquire(&self, owner: &mut Owner, id: LockId, mode: Mode) -> Result<(), LockError> {
        let timed = Timed { policy: &self.policy, blocked_at: Cell::new(None) };
        let granted = self.table.acquire(owner, id, mode, &timed, self.patience);
        if let Some(blocked_at) = timed.blocked_at.get() {
            self.metrics.waited(Wait::Lock, blocked_at.elapsed().as_nanos() as u64);
        }
        granted
    }
}

impl BlockPolicy for Timed<'_> {
    fn on_block(&self, waiter: OwnerId, graph: &dyn WaitGraph) -> Act {
        if self.blocked_at.get().is_none() {
            self.blocked_at.set(Some(Instant::now()));
        }
        self.policy.on_block(waiter, graph)
    }

    fn on_patience(&self, waiter: OwnerId, graph: &dyn WaitGraph) -> Act {
        self.policy.on_patience(waiter, graph)
    }

    fn on_wake(&self, waiter: OwnerId) {
        self.policy.on_wake(waiter);
    }
}
