//! Which builds a screen needs: rows of features on or off.
//!
//! Row 0 has every feature off: it is the stack as it stands. A Hadamard design with more columns than features keeps
//! the spare ones: no feature moves with them, so what they show is noise.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::contrast::{contrasts, dot};
use super::exchange::{Settings, exchange};
use super::hadamard;

/// A full design of more factors is refused: 2^12 builds are no plan.
pub const FULL_FACTORS_MAX: usize = 12;

/// A two-level design: builds as rows, features as factors, numbered from 0 in the order the caller has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Design {
    /// How it was made.
    pub kind: Kind,
    /// Number of factors.
    pub factors: usize,
    /// Pairs of factors that are never on together; a factor paired with itself is never on.
    pub forbidden: Vec<(usize, usize)>,
    rows: Vec<Row>,
    /// Rows that were lost: never proposed again.
    lost: Vec<Row>,
}

/// How a design was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Columns of a Hadamard matrix: main effects, each from all rows.
    Hadamard,
    /// A design and its mirror image: main effects free of interactions of two.
    Folded,
    /// Every combination: all effects and interactions.
    Full,
    /// Rows exchanged until they tell the factors apart as well as the forbidden pairs allow.
    Exchanged,
}

/// One build: levels of the factors, then of the spare columns. As text, `+` is on and `-` off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
struct Row(Vec<bool>);

/// An effect that a design can estimate: of one factor, or an interaction of several, ascending.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Term(Vec<usize>);

/// What a design can tell of one factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Knowable {
    /// Variance of its effect in multiples of what an orthogonal design of as many rows has; `None` where the effect
    /// cannot be told from others.
    pub variance_inflation: Option<f64>,
    /// The largest part of any interaction of two that leaks into the effect: 0 is clear, ±0.5 is all of it (half of a
    /// synergy is what an effect, as an average, can hold).
    pub largest_leak: f64,
}

impl Design {
    /// The smallest Hadamard design for `factors`: a multiple of four rows, at least one more than factors.
    ///
    /// # Panics
    /// When there is no factor.
    pub fn screening(factors: usize) -> Self {
        assert!(factors > 0, "a design needs a factor");
        // Column 0 is the mean. Plus is off, so that row 0 is all off.
        let row = |row: Vec<bool>| Row(row.into_iter().skip(1).map(|plus| !plus).collect());
        let rows = hadamard::at_least(factors + 1).into_iter().map(row).collect();
        Self { kind: Kind::Hadamard, factors, forbidden: Vec::new(), rows, lost: Vec::new() }
    }

    /// A screening design in which no row has both factors of a `forbidden` pair on: of pairs that exclude each other
    /// or do not build together. A pair of a factor with itself keeps it off.
    ///
    /// Rows of the Hadamard design that break a rule are replaced (see [`Self::adapted`]); [`Self::knowable`] tells
    /// what that costs.
    ///
    /// # Panics
    /// When there is no factor, or a pair names one that is not there.
    pub fn screening_with(factors: usize, forbidden: &[(usize, usize)]) -> Self {
        Self::screening(factors).adapted(&[], forbidden)
    }

    /// Every combination of `factors`; row i has factor j on when bit j of i is set.
    ///
    /// # Panics
    /// When there is no factor, or more than [`FULL_FACTORS_MAX`].
    pub fn full(factors: usize) -> Self {
        assert!((1..=FULL_FACTORS_MAX).contains(&factors), "2^{factors} builds are no plan");
        let row = |bits: usize| Row((0..factors).map(|factor| bits >> factor & 1 == 1).collect());
        let rows = (0..1 << factors).map(row).collect();
        Self { kind: Kind::Full, factors, forbidden: Vec::new(), rows, lost: Vec::new() }
    }

    /// Every combination that no pair forbids. What interactions of a forbidden pair would be is not a question.
    ///
    /// # Panics
    /// As [`Self::full`]; when a pair names a factor that is not there.
    pub fn full_with(factors: usize, forbidden: &[(usize, usize)]) -> Self {
        let mut design = Self::full(factors);
        design.forbid(forbidden);
        let Self { rows, forbidden, .. } = &mut design;
        rows.retain(|row| row.obeys(forbidden));
        design
    }

    /// The design with its mirror image below it: every row again, with on and off exchanged. Main effects are then
    /// free of every interaction of two, and each rests on twice the builds.
    ///
    /// Where pairs are forbidden, mirror rows that would have both on are replaced as in [`Self::adapted`].
    ///
    /// # Panics
    /// When the design is folded already, or full.
    #[must_use]
    pub fn fold_over(&self) -> Self {
        assert!(
            matches!(self.kind, Kind::Hadamard | Kind::Exchanged),
            "only a screen is folded over, and once, not {:?}",
            self.kind
        );
        let mirror = self.rows.iter().map(|row| Row(row.0.iter().map(|on| !on).collect()));
        let rows = self.rows.iter().cloned().chain(mirror).collect();
        let folded = Self { kind: Kind::Folded, rows, ..self.clone() };
        if folded.rows.iter().all(|row| row.obeys(&folded.forbidden)) { folded } else { folded.adapted(&[], &[]) }
    }

    /// The design without the rows that were `lost` (their builds failed) or that newly `forbidden` pairs rule out,
    /// replaced by as many others. Rows that stay are unchanged and in their place, so what was measured stays good.
    ///
    /// The replacements are found by coordinate exchange: starting from the rows with the rule-breaking feature off,
    /// settings are flipped as long as that raises |XᵀX|, from several seeded starts; the same input gives the same rows. Spare
    /// columns are given up. A full design loses the rows and gets no others: there are none.
    ///
    /// # Panics
    /// When a row or a factor is not there.
    #[must_use]
    pub fn adapted(&self, lost: &[usize], forbidden: &[(usize, usize)]) -> Self {
        let mut design = self.clone();
        design.forbid(forbidden);
        let stays: Vec<bool> =
            (0..self.rows.len()).map(|row| !lost.contains(&row) && design.rows[row].obeys(&design.forbidden)).collect();
        if stays.iter().all(|&stays| stays) {
            return design;
        }
        if self.kind == Kind::Full {
            let mut stays = stays.into_iter();
            design.rows.retain(|_| stays.next() == Some(true));
            return design;
        }
        let rows: Vec<Vec<bool>> = self.rows.iter().map(|row| row.0[..self.factors].to_vec()).collect();
        design.lost.extend(lost.iter().map(|&row| Row(rows[row].clone())));
        let never: Vec<&[bool]> = design.lost.iter().map(|row| row.0.as_slice()).collect();
        let settings = Settings { factors: self.factors, forbidden: &design.forbidden, never: &never };
        design.rows = exchange(&settings, &rows, &stays).into_iter().map(Row).collect();
        design.kind = Kind::Exchanged;
        design
    }

    fn forbid(&mut self, forbidden: &[(usize, usize)]) {
        for &(a, b) in forbidden {
            assert!(a.max(b) < self.factors, "factor {} of {}", a.max(b), self.factors);
            self.forbidden.push((a.min(b), a.max(b)));
        }
        self.forbidden.sort_unstable();
        self.forbidden.dedup();
    }

    /// Number of rows: builds.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Never: a design has rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The factors that are on in a row, ascending.
    ///
    /// # Panics
    /// When the row is not there.
    pub fn on(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.factors).filter(move |&factor| self.rows[row].0[factor])
    }

    /// The terms it estimates, main effects first, then interactions by order.
    pub fn terms(&self) -> Vec<Term> {
        match self.kind {
            Kind::Hadamard | Kind::Folded | Kind::Exchanged => (0..self.factors).map(Term::main).collect(),
            Kind::Full => {
                let subset = |bits: usize| Term((0..self.factors).filter(|factor| bits >> factor & 1 == 1).collect());
                let apart = |term: &Term| !self.forbidden.iter().any(|(a, b)| term.0.contains(a) && term.0.contains(b));
                let mut terms: Vec<Term> = (1..1 << self.factors).map(subset).filter(apart).collect();
                terms.sort_by(|a, b| (a.order(), &a.0).cmp(&(b.order(), &b.0)));
                terms
            }
        }
    }

    /// What it can tell of each factor, were every row measured.
    pub fn knowable(&self) -> Vec<Knowable> {
        let rows: Vec<usize> = (0..self.len()).collect();
        let columns: Vec<Vec<f64>> = (0..self.factors).map(|factor| self.column(&Term::main(factor), &rows)).collect();
        let pairs: Vec<Vec<f64>> = (0..self.factors)
            .flat_map(|b| (0..b).map(move |a| (a, b)))
            .filter(|pair| !self.forbidden.contains(pair))
            .map(|(a, b)| columns[a].iter().zip(&columns[b]).map(|(a, b)| a * b).collect())
            .collect();
        let knowable = |weights: Option<Vec<f64>>| {
            let leak = |weights: &Vec<f64>| pairs.iter().map(|pair| dot(weights, pair).abs()).fold(0.0, f64::max);
            Knowable {
                variance_inflation: weights.as_ref().map(|w| dot(w, w) * self.len() as f64 / 4.0),
                largest_leak: weights.as_ref().map_or(0.0, leak),
            }
        };
        contrasts(&columns).into_iter().map(knowable).collect()
    }

    /// A term's column over `rows`: the product of its factors' levels, on +½ and off −½. So the coefficient of one
    /// factor is on against off, and that of two is what they do together beyond what each does.
    pub(super) fn column(&self, term: &Term, rows: &[usize]) -> Vec<f64> {
        let product = |&row: &usize| term.0.iter().map(|&factor| level(self.rows[row].0[factor])).product();
        rows.iter().map(product).collect()
    }

    /// The columns over `rows` with which no factor moves.
    pub(super) fn spare_columns(&self, rows: &[usize]) -> Vec<Vec<f64>> {
        let width = self.rows.first().map_or(0, |row| row.0.len());
        let mut spares: Vec<Vec<f64>> =
            (self.factors..width).map(|at| rows.iter().map(|&row| level(self.rows[row].0[at])).collect()).collect();
        match self.kind {
            // The mean's column is mirrored too: it tells the two halves apart.
            Kind::Folded => spares.push(rows.iter().map(|&row| level(row < self.len() / 2)).collect()),
            // Nothing is known of what is left over but that no main effect is in it.
            Kind::Exchanged => {
                spares.extend(rows.iter().map(|&at| rows.iter().map(|&row| level(row == at)).collect::<Vec<_>>()));
            }
            Kind::Hadamard | Kind::Full => {}
        }
        spares
    }
}

fn level(on: bool) -> f64 {
    if on { 0.5 } else { -0.5 }
}

impl Row {
    fn obeys(&self, forbidden: &[(usize, usize)]) -> bool {
        !forbidden.iter().any(|&(a, b)| self.0[a] && self.0[b])
    }
}

impl Term {
    /// The effect of one factor.
    pub fn main(factor: usize) -> Self {
        Self(vec![factor])
    }

    /// The interaction of two factors.
    pub fn pair(a: usize, b: usize) -> Self {
        Self(vec![a.min(b), a.max(b)])
    }

    /// Its factors, ascending.
    pub fn factors(&self) -> &[usize] {
        &self.0
    }

    /// How many factors: 1 is a main effect.
    pub fn order(&self) -> usize {
        self.0.len()
    }

    /// Its name, from its factors' names: `T003`, `T003 × B002`.
    pub fn name(&self, names: &[String]) -> String {
        self.0.iter().map(|&factor| names[factor].as_str()).collect::<Vec<_>>().join(" × ")
    }
}

impl From<Row> for String {
    fn from(row: Row) -> Self {
        row.0.iter().map(|&on| if on { '+' } else { '-' }).collect()
    }
}

/// A design's row is written with `+` and `-` only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a row of a design is written with `+` and `-`, not `{0}`")]
pub struct NotALevel(char);

impl TryFrom<String> for Row {
    type Error = NotALevel;

    fn try_from(text: String) -> Result<Self, NotALevel> {
        let level = |sign| match sign {
            '+' => Ok(true),
            '-' => Ok(false),
            other => Err(NotALevel(other)),
        };
        text.chars().map(level).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hadamard => "Hadamard",
            Self::Folded => "folded over",
            Self::Full => "full",
            Self::Exchanged => "exchanged",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_three_factors_take_thirty_six_builds_each_on_in_half() {
        for factors in 33..=35 {
            let design = Design::screening(factors);
            assert_eq!(design.len(), 36);
            assert_eq!(design.on(0).count(), 0, "row 0 is the stack as it is");
            for factor in 0..factors {
                assert_eq!((0..36).filter(|&row| design.on(row).any(|on| on == factor)).count(), 18);
            }
        }
        assert_eq!(Design::screening(36).len(), 40);
        assert_eq!(Design::screening(1).len(), 4);
    }

    #[test]
    fn folding_clears_every_effect_of_interactions_of_two() {
        let screen = Design::screening(33);
        let before = screen.knowable();
        assert!(before.iter().all(|k| k.variance_inflation.is_some_and(|v| (v - 1.0).abs() < 1e-9)), "{before:?}");
        assert!(before.iter().all(|k| k.largest_leak > 0.1 && k.largest_leak < 0.5), "spread thin, not absent");
        let folded = screen.fold_over();
        assert_eq!(folded.len(), 72);
        for k in folded.knowable() {
            assert!((k.variance_inflation.unwrap() - 1.0).abs() < 1e-9 && k.largest_leak < 1e-9, "{k:?}");
        }
    }

    #[test]
    fn a_full_design_has_every_combination_and_every_interaction() {
        let design = Design::full(3);
        assert_eq!(design.on(5).collect::<Vec<_>>(), [0, 2]);
        let terms: Vec<Vec<usize>> = design.terms().iter().map(|term| term.factors().to_vec()).collect();
        assert_eq!(terms, [vec![0], vec![1], vec![2], vec![0, 1], vec![0, 2], vec![1, 2], vec![0, 1, 2]]);
        let apart = Design::full_with(3, &[(2, 0)]);
        assert_eq!(apart.len(), 6);
        assert_eq!(apart.terms().len(), 5, "saturated: as many terms and a mean as rows");
    }

    #[test]
    fn a_design_survives_json_as_rows_of_signs() {
        let design = Design::screening_with(5, &[(0, 1)]);
        let text = serde_json::to_string(&design).unwrap();
        assert!(text.contains("\"-----\""), "{text}");
        assert_eq!(serde_json::from_str::<Design>(&text).unwrap(), design);
        assert!(serde_json::from_str::<Design>(&text.replace("-----", "--x--")).is_err());
    }
}
