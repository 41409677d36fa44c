//! Who wrote a row, and when: transaction ids, commit timestamps, and the stamp in a row's header that holds
//! either.
//!
//! ```text
//!  63      62       61                                              0
//! ┌───────┬────────┬─────────────────────────────────────────────────┐
//! │ writer│ deleted│ transaction id (writer = 1) or commit timestamp │
//! └───────┴────────┴─────────────────────────────────────────────────┘
//! ```
//! A row is written under its transaction's id; commit replaces the id by the timestamp. The replacement is not logged:
//! after a crash every id that is left belongs to a transaction of an earlier life of the database, which recovery
//! has either undone or found committed. Hence *an id of an earlier life counts as committed before everything*.

use std::fmt;

/// A transaction's name, for ever: ids are not reused, also not after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxnId(pub u64);

/// A commit timestamp: a position in the order of commits. 0 is before every commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ts(pub u64);

/// See the [module](self).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stamp(u64);

const WRITER: u64 = 1 << 63;
const DELETED: u64 = 1 << 62;
const VALUE: u64 = DELETED - 1;

impl TxnId {
    /// Nobody: what a transaction has that has neither locked nor written.
    pub const NONE: TxnId = TxnId(0);

    /// The largest id a stamp can hold.
    pub const MAX: TxnId = TxnId(VALUE);
}

impl Stamp {
    /// Committed before everything: what recovery leaves on rows it restored.
    pub const FROZEN: Stamp = Stamp(0);

    /// Written by `txn`, which has not stamped it yet.
    #[must_use]
    #[inline]
    pub const fn writer(txn: TxnId) -> Self {
        Self(WRITER | txn.0)
    }

    /// Committed at `ts`.
    #[must_use]
    #[inline]
    pub const fn committed(ts: Ts) -> Self {
        Self(ts.0)
    }

    /// The stamp as it stands in the header.
    #[must_use]
    #[inline]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// What to store in the header.
    #[must_use]
    #[inline]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The same, with the mark of deletion set or cleared.
    #[must_use]
    #[inline]
    pub const fn with_deleted(self, deleted: bool) -> Self {
        Self(if deleted { self.0 | DELETED } else { self.0 & !DELETED })
    }

    /// Whether the row is a ghost: deleted, not yet removed.
    #[must_use]
    #[inline]
    pub const fn is_deleted(self) -> bool {
        self.0 & DELETED != 0
    }

    /// Whose write it is and when it was committed.
    #[must_use]
    #[inline]
    pub const fn origin(self) -> Origin {
        if self.0 & WRITER != 0 { Origin::Writer(TxnId(self.0 & VALUE)) } else { Origin::Committed(Ts(self.0 & VALUE)) }
    }
}

/// The two readings of a stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Not stamped yet.
    Writer(TxnId),
    /// Stamped.
    Committed(Ts),
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin() {
            Origin::Writer(txn) => write!(f, "writer {}", txn.0)?,
            Origin::Committed(ts) => write!(f, "committed {}", ts.0)?,
        }
        if self.is_deleted() { f.write_str(" deleted") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readings_survive_the_mark() {
        for stamp in [Stamp::writer(TxnId(7)), Stamp::committed(Ts(9)), Stamp::FROZEN] {
            let ghost = stamp.with_deleted(true);
            assert!(ghost.is_deleted() && !stamp.is_deleted());
            assert_eq!(ghost.origin(), stamp.origin());
            assert_eq!(ghost.with_deleted(false), stamp);
            assert_eq!(Stamp::from_bits(ghost.bits()), ghost);
        }
    }
}
