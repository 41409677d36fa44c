//! `probe`: make any Rust program a driver that the workbench can load, pace, profile and check.
//!
//! The workbench never links what it measures. It starts a process and talks to it in JSON lines: commands on stdin,
//! events on stdout, free text on stderr. This crate is both ends of that wire:
//!
//! * [`protocol`]: the messages, as serde types. Always there, and the crate's only content without features.
//! * [`driver`] (feature `driver`, on by default): the [`Driver`] trait and [`run`], the loop that speaks the protocol,
//!   samples the CPU and reports memory, so that a program only says how to load, work and check.
//!
//! # How a program becomes a driver
//!
//! Implement [`Driver`] on the state your workloads need and call [`run`] from `main`; `probe/examples/counter.rs` is a
//! whole one. Then name the binary in `workbench.yaml`. Three rules make its numbers worth something:
//!
//! 1. `load` builds the same data for the same seed, and `slice` does the asked amount of work, no more and no less.
//! 2. `check` looks at the answers, not at a flag: the workbench voids a run whose check fails.
//! 3. Nothing is printed on stdout; [`run`] sends stray prints to stderr, where they are harmless.

pub mod protocol;

#[cfg(feature = "driver")]
pub mod driver;

#[cfg(feature = "driver")]
pub use driver::{Driver, run};
