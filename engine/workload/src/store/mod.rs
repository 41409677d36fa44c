//! What a workload needs from a database, and who provides it.
//!
//! The same procedures run on every store: the engine under test, a plain reference in memory that tests compare it
//! with, and other databases beside it. The trait is as narrow as they all can meet: ordered byte keys, byte rows,
//! transactions, and a commit that may become durable later.

mod contract;
mod engine;
mod fill;
mod memory;

pub use contract::{Store, StoreError, TableId, Txn};
pub use engine::{EngineStore, EngineTxn};
pub use fill::{Rows, by_transactions, in_groups, on_threads};
pub use memory::{MemoryStore, MemoryTxn};
