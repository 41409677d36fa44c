//! Least squares as weights: which multiple of each row's response adds up to an effect.
//!
//! The coefficient of a column is its part that no other column explains, scaled (Frisch & Waugh 1933):
//!
//! ```text
//!   r = column − its projection on all others      weights w = r / |r|²      effect = w · y
//! ```
//!
//! Everything asked of a design is in these weights: an effect's standard error is σ·|w|; what an interaction with
//! column c adds to it is w · c; and where r vanishes, the effect cannot be told from the others at all.

/// A column whose unexplained part is smaller than this part of itself is explained by the others.
const DEPENDENT: f64 = 1e-6;

/// The weights of each column, given a mean and all other columns; `None` where the others explain it.
///
/// `columns` are over the same rows.
pub(super) fn contrasts(columns: &[Vec<f64>]) -> Vec<Option<Vec<f64>>> {
    let Some(rows) = columns.first().map(Vec::len) else { return Vec::new() };
    let mean = vec![1.0; rows];
    let others = |j: usize| columns.iter().enumerate().filter(move |(i, _)| *i != j).map(|(_, column)| column);
    let weights = |(j, column): (usize, &Vec<f64>)| {
        let size = dot(column, column);
        let is_orthogonal = std::iter::once(&mean).chain(others(j)).all(|other| dot(column, other).abs() < 1e-9 * size);
        let rest = if is_orthogonal {
            column.clone()
        } else {
            let mut basis = Basis::default();
            std::iter::once(&mean).chain(others(j)).for_each(|other| {
                basis.add(other);
            });
            basis.unexplained(column)?
        };
        let size = dot(&rest, &rest);
        (size > 0.0).then(|| rest.iter().map(|r| r / size).collect())
    };
    columns.iter().enumerate().map(weights).collect()
}

/// Orthonormal columns that span those added.
#[derive(Debug, Default)]
pub(super) struct Basis(Vec<Vec<f64>>);

impl Basis {
    /// Takes a column in and returns the unit vector of its new part; `None` when there is none.
    pub(super) fn add(&mut self, column: &[f64]) -> Option<&[f64]> {
        let rest = self.unexplained(column)?;
        let length = dot(&rest, &rest).sqrt();
        self.0.push(rest.iter().map(|r| r / length).collect());
        self.0.last().map(Vec::as_slice)
    }

    /// The part of `column` outside the span; `None` when there is none. Projected twice: once leaves rounding behind.
    fn unexplained(&self, column: &[f64]) -> Option<Vec<f64>> {
        let mut rest = column.to_vec();
        for unit in self.0.iter().chain(&self.0) {
            let along = dot(&rest, unit);
            rest.iter_mut().zip(unit).for_each(|(r, u)| *r -= along * u);
        }
        (dot(&rest, &rest) > DEPENDENT * DEPENDENT * dot(column, column)).then_some(rest)
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_recover_coefficients_of_columns_that_are_not_orthogonal() {
        let columns = vec![vec![0.0, 1.0, 1.0, 0.0, 1.0], vec![0.0, 1.0, 0.0, 0.0, 1.0]];
        let y: Vec<f64> = (0..5).map(|row| 7.0 + 3.0 * columns[0][row] - 2.0 * columns[1][row]).collect();
        let effects: Vec<f64> = contrasts(&columns).iter().map(|w| dot(w.as_ref().unwrap(), &y)).collect();
        assert!((effects[0] - 3.0).abs() < 1e-12 && (effects[1] + 2.0).abs() < 1e-12, "{effects:?}");
    }

    #[test]
    fn columns_that_explain_one_another_have_no_weights() {
        let twin = vec![1.0, -1.0, 1.0, -1.0];
        let own = vec![1.0, 1.0, -1.0, -1.0];
        let constant = vec![1.0; 4];
        let found = contrasts(&[twin.clone(), own, twin, constant]);
        assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false, false]);
    }
}
