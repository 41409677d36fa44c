//! Locks for transactions: the lock table, the way out of deadlocks, and the time spent waiting.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::concurrent::lock_table::{Act, BlockPolicy, LockError, LockId, LockTable as _, Mode, Owner, WaitGraph};
use crate::metrics::{Counter, Metrics, Wait};
use crate::select::{DeadlockPolicy, LockTable};
use crate::sync::Arc;
use crate::transaction::deadlock::DeadlockPolicy as _;

/// See the [module](self).
#[derive(Debug)]
pub struct LockManager {
    table: LockTable,
    policy: DeadlockPolicy,
    patience: Option<Duration>,
    metrics: Arc<Metrics>,
}

/// The policy, watched: with a clock that starts when a wait does (who gets the lock at once reads no clock), with the time
/// that its answers take, and with a count of its victims.
struct Watched<'a> {
    policy: &'a DeadlockPolicy,
    metrics: &'a Metrics,
    blocked_at: Cell<Option<Instant>>,
}

impl LockManager {
    /// No locks; waits end after `patience`.
    pub fn new(patience: Option<Duration>, metrics: Arc<Metrics>) -> Self {
        Self { table: LockTable::new(&metrics), policy: DeadlockPolicy::new(Arc::clone(&metrics)), patience, metrics }
    }

    /// Locks a row exclusively; its table must be locked with [`lock_table`](Self::lock_table) before.
    #[inline]
    pub fn lock_row(&self, owner: &mut Owner, table: u64, key: &[u8]) -> Result<(), LockError> {
        self.acquire(owner, LockId::row(table, key), Mode::X)
    }

    /// Locks a table.
    #[inline]
    pub fn lock_table(&self, owner: &mut Owner, table: u64, mode: Mode) -> Result<(), LockError> {
        self.acquire(owner, LockId::table(table), mode)
    }

    /// Gives back everything.
    pub fn release_all(&self, owner: &mut Owner) {
        let released = self.table.release_all(owner);
        self.metrics.add(Counter::LocksFast, released.fast);
        self.metrics.add(Counter::LocksQueued, released.queued);
    }

    /// Whether nobody holds anything.
    pub fn is_idle(&self) -> bool {
        self.table.is_empty()
    }

    #[inline]
    fn acquire(&self, owner: &mut Owner, id: LockId, mode: Mode) -> Result<(), LockError> {
        let watched = Watched { policy: &self.policy, metrics: &self.metrics, blocked_at: Cell::new(None) };
        let granted = self.table.acquire(owner, id, mode, &watched, self.patience);
        if let Some(blocked_at) = watched.blocked_at.get() {
            self.metrics.inc(Counter::TxnLockWaits);
            self.metrics.waited(Wait::Lock, blocked_at.elapsed().as_nanos() as u64);
        }
        granted
    }
}

impl Watched<'_> {
    /// Asks the policy, from `asked` on.
    fn watched(&self, asked: Instant, blocked_at: Instant, ask: impl FnOnce(&DeadlockPolicy) -> Act) -> Act {
        let act = ask(self.policy);
        let answered = Instant::now();
        self.metrics.add(Counter::DeadlockCheckNs, nanos(asked, answered));
        match act {
            Act::Abort(_) => {
                self.metrics.inc(Counter::TxnDeadlocks);
                self.metrics.add(Counter::DeadlockBreakNs, nanos(blocked_at, answered));
            }
            Act::Wait { .. } => {}
        }
        act
    }
}

impl BlockPolicy for Watched<'_> {
    fn on_block(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act {
        let asked = Instant::now();
        let blocked_at = self.blocked_at.get().unwrap_or(asked);
        self.blocked_at.set(Some(blocked_at));
        self.watched(asked, blocked_at, |policy| policy.on_block(waiter, graph))
    }

    fn on_patience(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act {
        let asked = Instant::now();
        let blocked_at = self.blocked_at.get().unwrap_or(asked);
        self.watched(asked, blocked_at, |policy| policy.on_patience(waiter, graph))
    }

    fn on_wake(&self, waiter: &Owner) {
        self.policy.on_wake(waiter);
    }
}

fn nanos(from: Instant, to: Instant) -> u64 {
    to.saturating_duration_since(from).as_nanos() as u64
}
