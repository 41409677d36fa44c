//! The engine beside its peers: the same TPC-C and YCSB code on SQLite, redb, fjall, LMDB and RocksDB.
//!
//! A [`contestant`] is a store and the way it is driven. Each is a process of its own that speaks the workbench's
//! [`driver`] protocol, so that one store's threads and memory never stand in another's way; [`bench`] starts them in
//! random order, round after round, and says how the engine compares.
//!
//! [`stores`] are the adapters. Most of these stores have one write transaction at a time: [`one_writer`] says what they
//! share, and drives them plainly or with many logical transactions in one write transaction.

pub mod bench;
pub mod cli;
pub mod contestant;
pub mod driver;
pub mod one_writer;
pub mod stores;
