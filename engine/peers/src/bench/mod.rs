//! Contestants side by side: every round starts each of them once, in random order, as a process of its own.
//!
//! ```text
//!   cell      tpcc, durable, 64 sessions                    a question; one table
//!     round   ours · redb · lmdb-batched · sqlite · …       a new order every time
//!       block start, load, warm up, run, check, end         one process, one Outcome (a line of JSON)
//! ```
//! The restart is the unit: a process has its own luck with memory and disk, so seconds of the same process say little more
//! than the first one did, and the interval is over rounds. [`plan`] says what is asked, [`child`] talks to one process,
//! [`run`] goes through the rounds, [`table`] says how it came out.

pub mod child;
pub mod outcome;
pub mod plan;
pub mod run;
pub mod statistics;
pub mod syncs;
pub mod table;
