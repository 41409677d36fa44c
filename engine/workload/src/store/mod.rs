//! What a workload needs from a database, and who provides it.
//!
//! The same procedures run on every store: the engine under test, a plain reference in memory that tests compare it
//! with, and other databases beside it. The trait is as narrow as they all can meet: ordered byte keys, byte rows,
//! transactions, and a commit that may become durable later.
//!
//! A workload is compiled once for each store that it names, and for [`AnyStore`] once for all.

mod any;
mod contract;
mod fill;
mod memory;

pub use any::{AnyStore, AnyTicket, Word};
pub use contract::{Body, Decision, Store, StoreError, TableId, Transaction, Txn};
pub use fill::{Rows, by_transactions, in_groups, on_threads};
pub use memory::{MemoryStore, MemoryTxn};
