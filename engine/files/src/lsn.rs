//! Positions in the log, and the port through which the buffer pool asks for them to be durable.

use super::{BLOCK, IoError};
use std::fmt;

/// A log sequence number: a byte position in the endless log. Never reused, 8-byte aligned at records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

/// Where a record lies: `start..end`. A page changed by the record carries `end` as its page LSN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The record's first byte.
    pub start: Lsn,
    /// The byte after the record.
    pub end: Lsn,
}

/// The log as the buffer pool sees it: the write-ahead rule, and nothing else.
pub trait DurableHorizon: Send + Sync {
    /// Every byte below this position is on disk.
    fn durable(&self) -> Lsn;

    /// Returns once every byte below `lsn` is on disk.
    ///
    /// # Errors
    /// The log has failed; the page must not be written, and nothing will become durable any more.
    fn ensure_durable(&self, lsn: Lsn) -> Result<(), IoError>;
}

impl Lsn {
    /// Before every record: the LSN of a page that was never logged.
    pub const ZERO: Lsn = Lsn(0);

    /// The first block boundary at or after this position.
    pub fn next_block(self) -> Lsn {
        Lsn(self.0.next_multiple_of(BLOCK as u64))
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}
