//! Why a database could not be opened.

use crate::buffer::BufferError;
use crate::index::TreeError;
use crate::io::{IoError, Lsn};
use crate::storage::catalog::CatalogError;
use crate::storage::superblock::SuperblockError;
use crate::transaction::error::Error;
use crate::transaction::wal::WalError;

/// An error of [`Database::open`](crate::api::Database::open). Each names the file, the place and the remedy. None has
/// changed what was committed: opening again, after the cause is removed, is always safe.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The data file is damaged, is none of ours, or of another version.
    #[error(transparent)]
    Superblock(#[from] SuperblockError),
    /// The log is damaged, or cannot be read or continued.
    #[error(transparent)]
    Log(#[from] WalError),
    /// A page is damaged, or cannot be read or written.
    #[error(transparent)]
    Pages(#[from] BufferError),
    /// A tree cannot be read or changed.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The catalog cannot be read or made.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A log record passed its checksum and makes no sense.
    #[error("the log record at {lsn} cannot be applied: {why}; restore the directory from a backup, and report this")]
    Record {
        /// Where it starts.
        lsn: Lsn,
        /// What is wrong with it.
        why: String,
    },
    /// The directory holds other people's files and no database.
    #[error("the directory holds `{file}` and no database; give an empty directory")]
    NotEmpty {
        /// One of the files.
        file: String,
    },
    /// An option makes no sense.
    #[error("option `{name}`: {why}")]
    Option {
        /// The option.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Losers could not be undone, or the first checkpoint failed. Opening again starts recovery anew.
    #[error("recovery could not finish: {0}")]
    Unfinished(#[from] Error),
}
