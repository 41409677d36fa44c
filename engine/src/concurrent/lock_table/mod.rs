//! T002 — the lock table: who may touch which row, in which mode, and who waits.
//!
//! *Problem.* Every written row takes an exclusive lock and its table an intention lock: some 25 acquisitions per
//! TPC-C transaction, nearly all of them uncontended, all of them on the path between the worker and its commit.
//!
//! *Baseline* ([`mutex_map`]): one mutex around a hash map of queues, a condition variable per waiter. InnoDB kept
//! exactly this (`lock_sys`) until 8.0.21.
//! *Optimized* (to come): an array of cache-line buckets whose words are taken by one compare-and-swap.
//!
//! *Why it is correct.* Grants follow the [compatibility matrix](Mode::compatible); queues are FIFO, so nobody starves; an
//! upgrade goes to the front, since its owner holds the lock already and everybody behind it waits for that owner.
//!
//! *Order of things.* A lock (transaction-long) is always requested without holding a latch (instruction-long).
//!
//! References: Gray & Reuter, *Transaction Processing*, ch. 8; Jung et al., SIGMOD'13.

mod block;
mod id;
mod mode;
pub mod mutex_map;

pub use block::{Act, BlockPolicy, WaitGraph};
pub use id::{LockId, OwnerId};
pub use mode::Mode;

use std::time::Duration;

/// What one transaction holds: its id and the list of its locks, which only its own thread touches.
#[derive(Debug)]
pub struct Owner {
    id: OwnerId,
    held: Vec<LockId>,
}

impl Owner {
    /// An owner that holds nothing.
    #[must_use]
    pub fn new(id: OwnerId) -> Self {
        Self { id, held: Vec::new() }
    }

    /// Starts over under another id, keeping the list's memory.
    ///
    /// # Panics
    /// If locks are still held.
    pub fn renew(&mut self, id: OwnerId) {
        assert!(self.held.is_empty(), "an owner with locks cannot be renewed");
        self.id = id;
    }

    /// The owner's id.
    #[must_use]
    pub fn id(&self) -> OwnerId {
        self.id
    }

    /// The locks held, oldest first.
    #[must_use]
    pub fn held(&self) -> &[LockId] {
        &self.held
    }
}

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

/// A table of locks. One call to [`acquire`](LockTable::acquire) per lock, one to
/// [`release_all`](LockTable::release_all) per transaction.
pub trait LockTable: Default + Send + Sync {
    /// Grants `id` in `mode` (or in the join with the mode already held) to `owner`, waiting for as long as the policy
    /// and `patience` allow. Asking again for what is held returns at once.
    ///
    /// # Errors
    /// [`LockError::Deadlock`] if the policy chose this owner, [`LockError::Timeout`] after `patience`. What was held
    /// before stays held.
    fn acquire<P: BlockPolicy>(
        &self,
        owner: &mut Owner,
        id: LockId,
        mode: Mode,
        policy: &P,
        patience: Option<Duration>,
    ) -> Result<(), LockError>;

    /// Gives back everything `owner` holds and wakes those who can go on.
    fn release_all(&self, owner: &mut Owner);

    /// Every edge of the waits-for graph: (waiter, blocker). For diagnosis and tests.
    fn edges(&self, visit: &mut dyn FnMut(OwnerId, OwnerId));

    /// How many locks exist at this moment. Zero when no transaction runs.
    fn len(&self) -> usize;

    /// Whether no lock exists.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
