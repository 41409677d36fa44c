//! A transactional storage engine whose improvements are features: each exists twice, off and on.
//!
//! Read it in this order; every layer knows only the layers above it in this list
//! (`tests/layers` reads the `use` edges and refuses an arrow that runs back):
//!
//! | module | what it owns |
//! |---|---|
//! | [`sync`], [`metrics`] | the door to atomics and locks; counters and wait events |
//! | [`compose`] | how exchangeable parts are held |
//! | [`io`] | files, directories, aligned buffers, the simulated disk |
//! | [`memory`] | object pools and transaction memory |
//! | [`concurrent`] | latches, lock table, epoch reclamation |
//! | [`buffer`] | page frames, replacement, write-out |
//! | [`transaction::wal`] | the write-ahead log |
//! | [`storage`], [`index`] | pages, superblock, B+tree |
//! | [`transaction`] | versions, snapshots, locks, recovery |
//! | [`api`] | `Database`, `Txn`, typed tables |
//! | [`testing`] | tests of both variants |
//!
//! What of these names no feature is compiled once for all sets of them, as crates of its own (`engine-files`, `engine-parts`), and is
//! named here as if it were a module.
//!
//! [`select`] stands beside them: it is the only file that reads a feature, and it decides for every
//! improvement which of its two implementations the engine is built from.

pub mod api;
pub mod buffer;
pub mod index;
pub mod memory;
pub mod select;
pub mod storage;
pub mod testing;
pub mod transaction;

pub use engine_files as io;
pub use engine_parts::{compose, concurrent, metrics, sync};
