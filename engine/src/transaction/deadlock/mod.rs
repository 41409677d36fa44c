//! T004 — deadlock detection: how a cycle of waiting transactions is found, and who pays.
//!
//! *Problem.* Two transfers in opposite order wait for each other for ever. Somebody has to notice and to give way.
//!
//! *Baseline* ([`eager_dfs`]): at every block, search the waits-for graph under the lock table's latch; the youngest
//! transaction of a cycle is the victim. InnoDB did this before 8.0.18.
//! *Optimized* (to come): no search until an adaptive patience is used up, edges walked without the latch.
//!
//! *Why it is correct.* A cycle comes into being with the block that closes it, and that block is searched with the
//! graph standing still. Hence every cycle is found, and every victim was in one.
//!
//! The trait is [`BlockPolicy`]: it lies below, beside the lock table that calls it.

pub mod eager_dfs;

pub use crate::concurrent::lock_table::BlockPolicy;
