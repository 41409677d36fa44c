//! What a tree can refuse.

use super::leaf::{MAX_ENTRY, MAX_KEY, TUPLE_HEADER};
use super::structure::RecordError;
use crate::buffer::BufferError;
use crate::transaction::wal::WalError;

/// A tree operation failed; the tree is unchanged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TreeError {
    /// A page could not be had.
    #[error(transparent)]
    Buffer(#[from] BufferError),

    /// The log accepts nothing.
    #[error(transparent)]
    Log(#[from] WalError),

    /// A structure record makes no sense.
    #[error(transparent)]
    Record(#[from] RecordError),

    /// The key is too long.
    #[error("a key of {len} bytes; a key may have at most {limit}", limit = MAX_KEY)]
    KeyTooLong {
        /// Its length.
        len: usize,
    },

    /// Key and row together are too long.
    #[error("a key and row of {len} bytes together; they may have at most {limit}", limit = MAX_ENTRY - TUPLE_HEADER)]
    RowTooLong {
        /// Their length.
        len: usize,
    },
}
