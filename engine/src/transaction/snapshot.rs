//! What a transaction sees.

use super::stamp::{Origin, Stamp, Ts, TxnId};

/// A view of the database: everything committed up to a moment, and the transaction's own writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// The moment.
    pub ts: Ts,
    /// Who looks.
    pub own: TxnId,
    /// The first id of this life of the database: an id below it on a row counts as committed.
    pub first_id: TxnId,
}

impl Snapshot {
    /// Whether a row (or its deletion) with this stamp is part of the view.
    #[inline]
    #[must_use]
    pub fn sees(&self, stamp: Stamp) -> bool {
        match stamp.origin() {
            Origin::Writer(txn) => txn == self.own || txn < self.first_id,
            Origin::Committed(ts) if cfg!(planted = "visible_one_too_early") => ts.0 <= self.ts.0 + 1,
            Origin::Committed(ts) => ts <= self.ts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_the_past_and_itself() {
        let view = Snapshot { ts: Ts(10), own: TxnId(50), first_id: TxnId(40) };
        assert!(view.sees(Stamp::committed(Ts(10))));
        assert!(!view.sees(Stamp::committed(Ts(11))));
        assert!(view.sees(Stamp::writer(TxnId(50))));
        assert!(!view.sees(Stamp::writer(TxnId(49))));
        assert!(view.sees(Stamp::writer(TxnId(39))), "of an earlier life");
        assert!(view.sees(Stamp::FROZEN.with_deleted(true)));
    }
}
