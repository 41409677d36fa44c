//! The client's side of the driver protocol: one process of one arm, asked one thing at a time.
//!
//! A driver is a stranger: it may hang, die, or print nonsense at any point. Whatever it does ends in an answer or in a
//! [`DriverError`] that names the arm, the command, and the driver's last words on stderr; never in a wait without end,
//! a line without bound, or a process left behind.

mod client;
mod error;
mod output;

pub use client::{Driver, Launch};
pub use error::{DriverError, Fault};
