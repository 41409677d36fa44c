//! Lock modes: Gray's five, their compatibility and their joins.

/// How a thing is locked. Rows take [`S`](Mode::S) and [`X`](Mode::X), tables any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Intends to share some rows.
    IS,
    /// Intends to change some rows.
    IX,
    /// Shares all.
    S,
    /// Shares all, intends to change some.
    SIX,
    /// Changes.
    X,
}

impl Mode {
    /// All modes, weakest first where an order exists.
    pub const ALL: [Self; 5] = [Self::IS, Self::IX, Self::S, Self::SIX, Self::X];

    /// Whether two owners may hold these modes on the same thing.
    ///
    /// ```text
    ///       IS  IX  S   SIX X
    /// IS    yes yes yes yes -
    /// IX    yes yes -   -   -
    /// S     yes -   yes -   -
    /// SIX   yes -   -   -   -
    /// X     -   -   -   -   -
    /// ```
    #[must_use]
    pub const fn compatible(self, other: Self) -> bool {
        use Mode::{IS, IX, S, SIX, X};
        match (self, other) {
            (X, IS | IX | S | SIX | X) | (IS | IX | S | SIX, X) => false,
            (IS, IS | IX | S | SIX) | (IX | S | SIX, IS) => true,
            (IX, IX) | (S, S) => true,
            (IX, S | SIX) | (S, IX | SIX) | (SIX, IX | S | SIX) => false,
        }
    }

    /// The weakest mode that allows what both allow: what an upgrade asks for.
    #[must_use]
    pub const fn join(self, other: Self) -> Self {
        use Mode::{IS, IX, S, SIX, X};
        match (self, other) {
            (X, IS | IX | S | SIX | X) | (IS | IX | S | SIX, X) => X,
            (SIX, IS | IX | S | SIX) | (IS | IX | S, SIX) | (IX, S) | (S, IX) => SIX,
            (S, IS | S) | (IS, S) => S,
            (IX, IS | IX) | (IS, IX) => IX,
            (IS, IS) => IS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mode;

    #[test]
    fn the_matrix_is_symmetric_and_joins_are_upper_bounds() {
        for a in Mode::ALL {
            assert_eq!(a.join(a), a);
            for b in Mode::ALL {
                assert_eq!(a.compatible(b), b.compatible(a), "{a:?} {b:?}");
                let join = a.join(b);
                assert_eq!(join, b.join(a), "{a:?} {b:?}");
                // Whoever is compatible with the join is compatible with both parts.
                for c in Mode::ALL {
                    if c.compatible(join) {
                        assert!(c.compatible(a) && c.compatible(b), "{a:?} {b:?} {c:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn exclusive_excludes_everybody() {
        assert!(Mode::ALL.iter().all(|mode| !mode.compatible(Mode::X)));
    }
}
