//! Whether both processes of a pair gave the right answers: a fast wrong one is no gain.

use crate::lab::experiment::{Pair, Side};

/// What is wrong with a pair, whatever its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongAnswer<'a> {
    /// An arm's own check found something.
    Finding {
        /// Which arm.
        side: Side,
        /// What.
        finding: &'a str,
    },
    /// After the same work the arms hold different states.
    Disagreement {
        /// The state's hash in A.
        a: &'a str,
        /// In B.
        b: &'a str,
    },
    /// The metric was not a positive number in both arms.
    NoFigure,
}

impl<'a> WrongAnswer<'a> {
    /// What is wrong with `pair`; `None` when nothing is.
    pub fn of(pair: &'a Pair) -> Option<Self> {
        let first = |side| Some((side, pair.arm(side).findings.first()?.as_str()));
        if let Some((side, finding)) = [Side::A, Side::B].into_iter().find_map(first) {
            return Some(Self::Finding { side, finding });
        }
        match (&pair.a.state_hash, &pair.b.state_hash) {
            (Some(a), Some(b)) if a != b => Some(Self::Disagreement { a, b }),
            _ => (!pair.d.0.is_finite()).then_some(Self::NoFigure),
        }
    }
}
