//! Transactions: versions and snapshots (T001), locks and deadlocks (T002, T004), the log (T003), recovery.
//!
//! Read [`txn`] first: what a transaction does, in which order. Then what it stands on:
//!
//! * when: [`clock`], [`stamp`], [`snapshot`], [`running`], `durable`
//! * which version: [`mvcc`] (T001); who may write: [`lock_manager`], [`deadlock`] (T004)
//! * what is promised: [`wal`] (T003), [`row_log`], `undo`
//! * what goes on behind: `vacuum`, `ghosts`, [`checkpoint`]
//! * how an empty table is filled without a log: [`load`]
//! * what happens after a crash: [`recovery`]
//!
//! [`engine`] holds it all together.

pub mod checkpoint;
pub mod clock;
mod durable;
pub mod engine;
pub mod error;
mod ghosts;
pub mod load;
pub mod lock_manager;
pub mod mvcc;
pub mod recovery;
pub mod running;
pub mod snapshot;
pub mod txn;
mod undo;
mod vacuum;

pub use engine_parts::{deadlock, row_log, stamp, wal};
pub use vacuum::Vacuumed;
