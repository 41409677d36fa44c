//! RocksDB: `TransactionDB` with row locks and deadlock detection, and `OptimisticTransactionDB`, which finds conflicts when
//! it commits.
//!
//! Both have many writers, whose commits share syncs by RocksDB's own group commit: so there is no batched adapter. Reads that
//! are not for update see what is newest committed; transactions that only read have a snapshot. A key that is there already
//! is overwritten by `insert`, which spares an LSM tree the read.
//!
//! [`store`](self::store) is the adapter, `kind` what the two do differently, `settings` what they are set to and why, and
//! `loading` the database before its first transaction, when tables can be filled with files of sorted rows.

mod kind;
mod loading;
mod settings;
mod store;

pub use kind::{Kind, Optimistic, Pessimistic};
pub use store::{Rocks, RocksTxn};
