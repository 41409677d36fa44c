//! Who does the work: the roster.

pub mod roster;

pub use roster::{Agent, Limits, Roster, Runner, RunnerKind};
