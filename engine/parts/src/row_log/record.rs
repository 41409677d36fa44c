//! The records, decoded.

use super::Patch;
use crate::io::Lsn;
use crate::page::PageId;
use crate::stamp::{Ts, TxnId};

/// Where a row is: its table, the page it was in when the record was written, its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table's number.
    pub table: u64,
    /// The leaf.
    pub page: PageId,
    /// The row's key.
    pub key: &'a [u8],
}

/// How an existing row was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A row became another row.
    Update,
    /// A row became a ghost.
    Delete,
    /// A ghost became a row.
    Revive,
}

/// A log record of the transaction layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// A row was added where none was.
    Insert {
        /// By whom.
        txn: TxnId,
        /// Where.
        place: Place<'a>,
        /// The row.
        row: &'a [u8],
    },
    /// A row or ghost was changed.
    Change {
        /// By whom.
        txn: TxnId,
        /// Where.
        place: Place<'a>,
        /// How.
        change: Change,
        /// Its bytes.
        patch: Patch<'a>,
    },
    /// A ghost was removed.
    Purge {
        /// Where.
        place: Place<'a>,
    },
    /// An insert was undone.
    UndoInsert {
        /// By whom.
        txn: TxnId,
        /// Where the undo removed the row.
        place: Place<'a>,
        /// Start of the record undone.
        undone: Lsn,
    },
    /// A change was undone.
    UndoChange {
        /// By whom.
        txn: TxnId,
        /// Where the undo restored the row.
        place: Place<'a>,
        /// Start of the record undone.
        undone: Lsn,
        /// Whether what was restored is a ghost.
        ghost: bool,
        /// From the row found to the row restored; `before` is empty, since this is never undone.
        patch: Patch<'a>,
    },
    /// A transaction has committed.
    Commit {
        /// Who.
        txn: TxnId,
        /// When; or nothing, if the timestamp is taken only after this record is durable.
        ts: Option<Ts>,
    },
    /// A transaction has undone everything it did.
    RolledBack {
        /// Who.
        txn: TxnId,
    },
}

impl Change {
    /// Whether the change starts from a ghost.
    #[must_use]
    #[inline]
    pub const fn from_ghost(self) -> bool {
        match self {
            Change::Revive => true,
            Change::Update | Change::Delete => false,
        }
    }

    /// Whether the change leaves a ghost.
    #[must_use]
    #[inline]
    pub const fn to_ghost(self) -> bool {
        match self {
            Change::Delete => true,
            Change::Update | Change::Revive => false,
        }
    }
}
