//! The write-ahead log, both variants: what it promises, what a crash leaves, what many threads do to it.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

mod contract;
mod crash;
mod stress;
mod support;
