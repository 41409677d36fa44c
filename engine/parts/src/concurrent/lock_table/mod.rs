//! T002 — the lock table: who may touch which row, in which mode, and who waits.
//!
//! *Problem.* Every written row takes an exclusive lock and its table an intention lock: some 25 acquisitions per
//! TPC-C transaction, nearly all of them uncontended, all of them on the path between the worker and its commit.
//!
//! *Baseline* ([`mutex_map`]): one mutex around a hash map of queues, a condition variable per waiter. InnoDB kept
//! exactly this (`lock_sys`) until 8.0.21.
//! *Optimized* ([`cas_buckets`]): an array of cache-line buckets whose words are taken by one compare-and-swap. Only a lock
//! that somebody waits for becomes a queue object; tables note intents in lanes that threads do not share.
//!
//! *When it wins.* Always a little, since a word is less than a mutex and a map; much when a thread is put to sleep while it
//! has the mutex that everybody needs. *What it costs.* 64 KiB, and more work for who locks a whole table.
//!
//! *Why it is correct.* Grants follow the [compatibility matrix](Mode::compatible); queues are FIFO, so nobody starves; an
//! upgrade goes to the front, since its owner holds the lock already and everybody behind it waits for that owner.
//! A free word grants to one, since one exchange succeeds; as soon as somebody waits there is no free word to be had, so
//! nobody passes the queue.
//!
//! *Order of things.* A lock (transaction-long) is always requested without holding a latch (instruction-long).
//!
//! References: Gray & Reuter, *Transaction Processing*, ch. 8; Jung et al., SIGMOD'13 (a lock manager without a global
//! latch); PostgreSQL `lmgr/lock.c` and its README (fast-path locks); MySQL 8.0.21 and MariaDB MDEV-20612 (sharded lock_sys).

mod block;
pub mod cas_buckets;
mod id;
mod mode;
pub mod mutex_map;
mod object;
mod owner;
mod queue;
mod wait;

pub use block::{Act, BlockPolicy, WaitGraph};
pub use id::{LockId, OwnerId};
pub use mode::Mode;
pub use owner::Owner;

use std::time::Duration;

use crate::metrics::Metrics;
use crate::sync::Arc;

/// Why a lock was not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// The owner was chosen to break a cycle of waiting transactions; it must roll back.
    #[error("deadlock: this transaction was chosen as the victim")]
    Deadlock,
    /// The wait took longer than the caller allowed.
    #[error("lock not granted within {0:?}")]
    Timeout(Duration),
}

/// What was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Released {
    /// Locks that were taken and given back without a mutex.
    pub fast: u64,
    /// Locks that stood in a queue object.
    pub queued: u64,
}

/// A table of locks. One call to [`acquire`](LockTable::acquire) per lock, one to
/// [`release_all`](LockTable::release_all) per transaction.
pub trait LockTable: Send + Sync {
    /// No locks. A table that has something to count does so in `metrics`.
    fn new(metrics: &Arc<Metrics>) -> Self
    where
        Self: Sized;

    /// Grants `id` in `mode` (or in the join with the mode already held) to `owner`, waiting for as long as the policy
    /// and `patience` allow. Asking again for what is held returns at once. The policy is asked only if there is a wait.
    ///
    /// # Errors
    /// [`LockError::Deadlock`] if the policy chose this owner, [`LockError::Timeout`] after `patience`. What was held
    /// before stays held.
    fn acquire(
        &self,
        owner: &mut Owner,
        id: LockId,
        mode: Mode,
        policy: &dyn BlockPolicy,
        patience: Option<Duration>,
    ) -> Result<(), LockError>;

    /// Gives back everything `owner` holds and wakes those who can go on.
    fn release_all(&self, owner: &mut Owner) -> Released;

    /// Every edge of the waits-for graph: (waiter, blocker). For diagnosis and tests.
    fn edges(&self, visit: &mut dyn FnMut(OwnerId, OwnerId));

    /// Whether nobody holds or wants anything. Takes long; exact when all stand still.
    fn is_empty(&self) -> bool;
}
