//! Why a database could not be opened or closed.

use crate::io::IoError;
use crate::transaction::error::Error;

/// An error of [`Database::open`](super::Database::open). Each names the file and the remedy.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The files were written by another version, or with another page size.
    #[error("`{file}`: {why}; open it with the version that wrote it")]
    Format {
        /// The file.
        file: String,
        /// What differs.
        why: String,
    },
    /// Bytes that were once durable are not what was written. Nothing was changed.
    #[error("`{file}` is damaged at byte {offset}: {why}; restore the directory from a backup")]
    Damaged {
        /// The file.
        file: String,
        /// Where.
        offset: u64,
        /// What is wrong there.
        why: String,
    },
    /// The directory holds files, but not those of a database.
    #[error("not a database: {0}; choose an empty directory")]
    NotADatabase(String),
    /// An option makes no sense.
    #[error("option `{name}`: {why}")]
    Options {
        /// The option.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Recovery could not finish. Opening again starts it anew.
    #[error("recovery failed: {0}")]
    Recovery(#[from] Error),
}
