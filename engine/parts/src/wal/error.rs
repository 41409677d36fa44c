//! What can go wrong in the log, and what the caller can do about it.

use crate::io::{IoAction, IoError, Lsn};
use std::io::ErrorKind;

/// An error of the write-ahead log.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WalError {
    /// An earlier write or sync failed, so it is unknown what is on disk. Every later call fails like this.
    #[error("the log has failed and accepts nothing more; close the database and open it again to recover: {0}")]
    Poisoned(IoError),
    /// There is no room for another segment. Nothing was promised: roll back, free space, go on.
    #[error("no space for another log segment; free some and try again: {0}")]
    NoSpace(IoError),
    /// A record longer than the log accepts.
    #[error("a log record of {len} bytes exceeds the limit of {limit}")]
    RecordTooLarge {
        /// Its payload's length.
        len: usize,
        /// The longest payload accepted.
        limit: usize,
    },
    /// The log is damaged where it must be whole. Committed work after this point may be lost: restore.
    #[error("the log is damaged in `{file}` at byte {offset} (LSN {lsn}): {why}; restore the directory from a backup")]
    Corrupt {
        /// The segment file.
        file: String,
        /// Byte offset in the file.
        offset: u64,
        /// The log position.
        lsn: Lsn,
        /// What is wrong there.
        why: String,
    },
    /// A file operation failed while the log was opened or read.
    #[error(transparent)]
    Io(#[from] IoError),
}

/// For those who know files only: the cause, as an error of the log's files.
impl From<WalError> for IoError {
    fn from(error: WalError) -> IoError {
        match error {
            WalError::Poisoned(cause) | WalError::NoSpace(cause) | WalError::Io(cause) => cause,
            WalError::RecordTooLarge { .. } | WalError::Corrupt { .. } => {
                IoError::other(IoAction::Write, "wal", ErrorKind::InvalidData, error.to_string())
            }
        }
    }
}
