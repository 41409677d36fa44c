//! Transactions: versions and snapshots (T001), locks and deadlocks (T002, T004), the log (T003), recovery.

pub mod wal;
