//! Transactions: versions and snapshots (T001), locks and deadlocks (T002, T004), the log (T003), recovery.

pub mod clock;
pub mod deadlock;
pub mod error;
pub mod mvcc;
pub mod running;
pub mod snapshot;
pub mod stamp;
pub mod txn;
pub mod wal;
