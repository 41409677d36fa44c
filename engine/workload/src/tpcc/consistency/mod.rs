//! The specification's consistency conditions 1 to 12 (3.3.2), and what they do not reach: the two indexes and the
//! stock counters. Checked on the whole database after every run.
//!
//! [`facts`](facts) reads each table once and sums up; [`conditions`](conditions) compares; [`verdict`](verdict) keeps
//! score: a condition that compared nothing has not held.

mod conditions;
mod facts;
mod verdict;

pub use conditions::check;
