//! Stores with one write transaction at a time, and any number of readers beside it.
//!
//! ```text
//!            contract: begin, get, put, scan, commit
//!              ▲                              ▲
//!   Plain: a transaction is one        Batched: up to 64 transactions in one write transaction,
//!   write transaction, synced          one sync for all of them; who rolls back undoes its own writes
//! ```
//! Both lines are measured: plain is how such a store is used, batched the best that can be done with it.

mod batched;
mod contract;
mod plain;
mod thread_bound;
mod undo;

pub use batched::{BATCH_MAX, Batched, BatchedTxn};
pub use contract::{OneWriter, Reads, Writes, fatal, with_scratch};
pub use plain::{Plain, PlainTxn};
