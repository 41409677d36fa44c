//! Contestants side by side: every round starts each of them once, in random order, as a process of its own.
//!
//! ```text
//!   round                                                   as many as are asked for
//!     cell    tpcc, durable, 64 sessions                    a question; one table
//!             ours · redb · lmdb-batched · sqlite · …       a new order every time
//!       block start, load, warm up, run, check, end         one process, one Outcome (a line of JSON)
//! ```
//! The restart is the unit: a process has its own luck with memory and disk, so seconds of the same process say little more
//! than the first one did, and the interval is over rounds. [`plan`] says what is asked, [`child`] talks to one process,
//! [`run`] goes through the rounds, [`table`] says how it came out. A [`campaign`] is all that the bars ask, kept in a folder
//! and taken up again where it was broken off; [`bars`] are what is asked of the engine.

pub mod bars;
pub mod campaign;
pub mod child;
pub mod outcome;
pub mod plan;
pub mod run;
pub mod statistics;
pub mod syncs;
pub mod table;
