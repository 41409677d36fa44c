//! The write-ahead log (T003): one trait, [`CommitLog`], and two implementations.

mod commit_log;
mod error;
mod unwired;

pub use commit_log::{CommitLog, CommitWait, Durability};
pub use error::WalError;
pub use unwired::Unwired;
