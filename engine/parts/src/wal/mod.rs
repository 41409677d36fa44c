//! The write-ahead log (T003): one trait, [`CommitLog`], and two implementations, [`serial`] and [`grouped`].
//!
//! Start with [`CommitLog`], then [`serial`], which is the log anybody would write first, then [`grouped`].
//!
//! ```text
//!   LSN      4096                     65536                        (endless)
//!            |  record | record | rec ...|ord | record |  ->
//!   files    wal-0000000001              wal-0000000002      wal-spare-3
//!            header block, body          header block, body  (zeros, ready for use)
//! ```
//!
//! What the two share: the format (`record`, `segment`), the files of a running log (`segments`), the writing of
//! blocks (`writer`), reading back ([`LogFiles`], [`LogReader`]), and what happens on failure (`health`).
//!
//! **A log is opened** by reading it: `LogFiles::discover`, `read_from`, `next` until `None`, `into_resume`,
//! [`CommitLog::open`]. Each opening is a new *incarnation* with a higher epoch and a fresh segment that says
//! where the valid log ended. Records carry the epoch in their checksum, so what a crash left behind that end can
//! never be taken for part of the log, even if it was written perfectly.
//!
//! **What is damage, what is a crash?** The first unreadable record ends the log. It is damage (a typed error) if
//! the place was certainly durable: below a bound the caller knows, or in a segment that has a successor, because a
//! segment is synced before its successor is made.

mod background;
mod commit_log;
mod error;
mod files;
pub mod grouped;
mod health;
mod object;
mod options;
mod reader;
mod record;
pub mod ring;
mod segment;
mod segments;
pub mod serial;
pub mod wait_list;
mod writer;

pub use commit_log::{CommitLog, CommitWait, Durability};
pub use error::WalError;
pub use files::{LogFiles, Resume};
pub use options::WalOptions;
pub use reader::{EndReason, LogEnd, LogReader, Record};
pub use record::{Epoch, Frame, framed_len};
