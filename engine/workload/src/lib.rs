//! Workloads, TPC-C and small ones, for any [`store`], and what makes a driver of the workbench of them.
//!
//! Nothing here knows the database under test: its driver tells it what that is, as a [`subject`]. So this is compiled once
//! for all of the builds that are compared.
//!
//! Read [`store`] for what a workload asks of a database, [`runner`] for how sessions share threads, then [`tpcc`].

pub mod alloc_micro;
pub mod catalog;
pub mod cli;
pub mod commit_storm;
pub mod driver;
pub mod entry;
pub mod hot_row;
pub mod insert;
pub mod lock_micro;
pub mod matrix;
pub mod measure;
pub mod place;
pub mod point_read;
pub mod relay;
pub mod rng;
pub mod runner;
pub mod stalled_reader;
pub mod store;
pub mod subject;
pub mod tpcc;
pub mod transfer;
pub mod ycsb;
pub mod zipf;
