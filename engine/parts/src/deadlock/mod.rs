//! T004 — deadlock detection: how a cycle of waiting transactions is found, and who pays.
//!
//! *Problem.* Two transfers in opposite order wait for each other for ever. Somebody has to notice and to give way.
//!
//! *Baseline* ([`eager_dfs`]): at every block, search the waits-for graph under the lock table's latch; the youngest
//! transaction of a cycle is the victim. InnoDB did this before 8.0.18.
//! *Optimized* ([`lazy_edges`]): one word for each waiting transaction, and nobody looks before an adaptive patience is at
//! an end; then edges are followed without the latch. The victim is who has logged the least.
//!
//! *When it wins.* Where many wait for one row: a search at each block visits the whole queue, and holds everybody up
//! meanwhile. *What it costs.* A cycle lasts a patience (1 to 10 ms) longer.
//!
//! *Why it is correct.* Eager: a cycle comes into being with the block that closes it, and that block is searched with the
//! graph standing still. Hence every cycle is found, and every victim was in one. Lazy: whoever waits looks again and
//! again; a cycle that was found is proven with the graph standing still before somebody has to give way. Never is a long wait
//! itself taken for a deadlock.
//!
//! The trait is [`BlockPolicy`]: it lies below, beside the lock table that calls it.
//!
//! References: PostgreSQL `lmgr/deadlock.c` and `deadlock_timeout`; MySQL WL#9383 and WL#10793; MariaDB MDEV-24731 (at most one
//! blocking transaction per waiter); Koskinen & Herlihy, *Dreadlocks*, SPAA'08.

pub mod eager_dfs;
#[cfg(all(test, not(any(loom, shuttle))))]
mod edges;
pub mod lazy_edges;
mod object;

pub use crate::concurrent::lock_table::BlockPolicy;

use crate::metrics::Metrics;
use crate::sync::Arc;

/// A way to find deadlocks, with the counters of its database.
pub trait DeadlockPolicy: BlockPolicy + Send + Sync {
    /// Nobody waits yet.
    fn new(metrics: Arc<Metrics>) -> Self
    where
        Self: Sized;
}
