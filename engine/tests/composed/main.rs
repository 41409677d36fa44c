//! The engine as its features compose it: what the matrix runs on every set of improvements, and an apply on both arms.
//!
//! One program, so that the generic engine is compiled once for all of them. A test that names the variants of its seam says
//! the same in every build, and stands beside this directory.

mod compose;
mod crash_enumeration;
mod histories;
mod recovery_open;
mod txn_database;
mod txn_model;
mod txn_threads;
