//! What can go wrong in a transaction, and what its owner can do about it.

use std::time::Duration;

use super::wal::WalError;
use crate::buffer::BufferError;
use crate::concurrent::lock_table::LockError;
use crate::index::TreeError;
use crate::io::IoError;
use crate::storage::catalog::{CatalogError, MAX_TREES};

/// An error of a transaction. [`retry`](Error::retry) says whether running it again can help.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The row was changed by a transaction that committed after this one's snapshot. Roll back and run it again.
    #[error("could not serialize access due to a concurrent update; roll back and try again")]
    SerializationFailure,
    /// Chosen to break a cycle of waiting transactions. Roll back and run it again.
    #[error("deadlock detected, this transaction was chosen as the victim; roll back and try again")]
    Deadlock,
    /// A lock was not granted in [`Options::lock_timeout`](crate::api::Options::lock_timeout). Roll back.
    #[error("a lock was not granted within {0:?}; roll back")]
    LockTimeout(Duration),
    /// A row with this key exists. The transaction goes on.
    #[error("a row with this key exists already")]
    DuplicateKey,
    /// The key and row together are too long for a page. The transaction goes on.
    #[error("a key of {key_len} and a row of {row_len} bytes exceed the limit of {limit} bytes")]
    RowTooLarge {
        /// The key's length.
        key_len: usize,
        /// The row's length.
        row_len: usize,
        /// The longest that both together may be.
        limit: usize,
    },
    /// An earlier call of this transaction failed in a way that leaves only a rollback.
    #[error("this transaction has failed; roll it back")]
    TxnFailed,
    /// [`MAX_RUNNING`](super::running::MAX_RUNNING) transactions are open.
    #[error("too many open transactions (the limit is {0})")]
    TooManyTransactions(usize),
    /// A table of this name exists.
    #[error("table `{0}` exists already")]
    TableExists(String),
    /// There are as many tables as there may be: one less than [`MAX_TREES`], since the catalog is one too.
    #[error("too many tables (the limit is {0})")]
    TooManyTables(usize),
    /// There is no table of this name.
    #[error("there is no table `{0}`")]
    NoSuchTable(String),
    /// A load cannot be made as asked. Nothing has changed.
    #[error("the load is refused: {0}")]
    LoadRefused(&'static str),
    /// The disk is full. Nothing was promised: roll back, free space, try again.
    #[error("no space left: {0}")]
    NoSpace(IoError),
    /// The disk failed while something was made durable, so it is unknown what is on it. Snapshots can still be read;
    /// nothing can be written. Close the database and open it again: recovery finds what was acknowledged.
    #[error("the database accepts no more writes since its disk failed; close and open it again to recover: {0}")]
    Poisoned(String),
    /// A page could not be read, or is damaged.
    #[error("{0}")]
    Storage(String),
    /// Stored bytes are not what their table's type says.
    #[error("a row of table `{table}` cannot be decoded: {why}")]
    Decode {
        /// The table.
        table: &'static str,
        /// What is wrong.
        why: String,
    },
}

impl Error {
    /// Whether the same transaction, run again from its beginning, may succeed.
    #[must_use]
    pub const fn retry(&self) -> bool {
        match self {
            Error::SerializationFailure | Error::Deadlock | Error::LockTimeout(_) => true,
            Error::DuplicateKey
            | Error::RowTooLarge { .. }
            | Error::TxnFailed
            | Error::TooManyTransactions(_)
            | Error::TableExists(_)
            | Error::TooManyTables(_)
            | Error::NoSuchTable(_)
            | Error::LoadRefused(_)
            | Error::NoSpace(_)
            | Error::Poisoned(_)
            | Error::Storage(_)
            | Error::Decode { .. } => false,
        }
    }

    /// The five characters by which SQL clients know this error.
    #[must_use]
    pub const fn sqlstate(&self) -> &'static str {
        match self {
            Error::SerializationFailure => "40001",
            Error::Deadlock => "40P01",
            Error::LockTimeout(_) => "55P03",
            Error::DuplicateKey => "23505",
            Error::RowTooLarge { .. } => "54000",
            Error::TxnFailed => "25P02",
            Error::TooManyTransactions(_) => "53300",
            Error::TableExists(_) => "42P07",
            Error::TooManyTables(_) => "54000",
            Error::NoSuchTable(_) => "42P01",
            Error::LoadRefused(_) => "55000",
            Error::NoSpace(_) => "53100",
            Error::Poisoned(_) => "57P02",
            Error::Storage(_) => "58030",
            Error::Decode { .. } => "XX001",
        }
    }

    /// Whether the transaction can go on after this error.
    pub(crate) const fn leaves_txn_usable(&self) -> bool {
        matches!(self, Error::DuplicateKey | Error::RowTooLarge { .. } | Error::NoSuchTable(_) | Error::TableExists(_))
    }
}

impl From<WalError> for Error {
    fn from(error: WalError) -> Self {
        match error {
            WalError::NoSpace(io) => Error::NoSpace(io),
            WalError::Poisoned(_) | WalError::Corrupt { .. } | WalError::Io(_) => Error::Poisoned(error.to_string()),
            WalError::RecordTooLarge { .. } => Error::Storage(error.to_string()),
        }
    }
}

impl From<TreeError> for Error {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Buffer(error) => error.into(),
            TreeError::Log(error) => error.into(),
            TreeError::Record(_) | TreeError::KeyTooLong { .. } | TreeError::RowTooLong { .. } => {
                Error::Storage(error.to_string())
            }
        }
    }
}

impl From<BufferError> for Error {
    fn from(error: BufferError) -> Self {
        match error {
            BufferError::Stopped { .. } => Error::Poisoned(error.to_string()),
            BufferError::Io(error) if error.is_out_of_space() => Error::NoSpace(error),
            BufferError::Io(_)
            | BufferError::Corruption { .. }
            | BufferError::Misplaced { .. }
            | BufferError::Unwritten { .. }
            | BufferError::PoolExhausted { .. } => Error::Storage(error.to_string()),
        }
    }
}

impl From<CatalogError> for Error {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::Exists(name) => Error::TableExists(name),
            CatalogError::Full => Error::TooManyTables(MAX_TREES - 1),
            CatalogError::Malformed(_) => Error::Storage(error.to_string()),
            CatalogError::Tree(error) => error.into(),
        }
    }
}

impl From<LockError> for Error {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Deadlock => Error::Deadlock,
            LockError::Timeout(patience) => Error::LockTimeout(patience),
        }
    }
}
