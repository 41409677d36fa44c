//! Rows for what a Hadamard design cannot have: coordinate exchange towards the largest |XᵀX|.
//!
//! A row x becomes x + d; with M = (XᵀX)⁻¹, v = xᵀMx, v' = (x + d)ᵀM(x + d) and c = xᵀM(x + d), the determinant is
//! multiplied by (1 + v')(1 − v) + c². With Mx at hand, a flip of one setting costs a few additions, so every
//! setting of every open row is tried until none helps.
//!
//! Source: Meyer & Nachtsheim 1995; the small ridge that lets a start be singular: DuMouchel & Jones 1994.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::contrast::dot;

/// Seeded starts; the best is kept.
const STARTS: u64 = 8;

/// Sweeps over all rows from one start; a start that still improves then is good enough.
const SWEEPS_MAX: usize = 100;

/// Added to the diagonal of XᵀX, whose entries are numbers of rows.
const RIDGE: f64 = 1e-3;

/// A flip must multiply the determinant by more than this.
const WORTHWHILE: f64 = 1.0 + 1e-7;

/// What rows may be.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    pub(super) factors: usize,
    /// Never on together.
    pub(super) forbidden: &'a [(usize, usize)],
    /// Rows that were tried and failed.
    pub(super) never: &'a [&'a [bool]],
}

/// `rows`, with those that do not stay replaced.
pub(super) fn exchange(settings: &Settings<'_>, rows: &[Vec<bool>], stays: &[bool]) -> Vec<Vec<bool>> {
    let mut best: Option<(f64, Vec<Vec<bool>>)> = None;
    for seed in 0..STARTS {
        let mut coins = StdRng::seed_from_u64(seed);
        let start = rows
            .iter()
            .zip(stays)
            .map(|(row, stays)| if *stays { row.clone() } else { settings.mended(row.clone(), &mut coins) });
        let mut rows: Vec<Vec<bool>> = start.collect();
        let size = settings.improve(&mut rows, stays);
        if best.as_ref().is_none_or(|(largest, _)| size > *largest) {
            best = Some((size, rows));
        }
    }
    best.map_or_else(|| rows.to_vec(), |(_, rows)| rows)
}

impl Settings<'_> {
    fn allows(&self, row: &[bool]) -> bool {
        !self.forbidden.iter().any(|&(a, b)| row[a] && row[b]) && !self.never.contains(&row)
    }

    /// The row with one of each forbidden pair off, by a coin; a row that failed is changed until it is another.
    fn mended(&self, mut row: Vec<bool>, coins: &mut StdRng) -> Vec<bool> {
        for &(a, b) in self.forbidden {
            if row[a] && row[b] {
                row[if coins.random() { a } else { b }] = false;
            }
        }
        // At worst everything ends off, which is the stack as it is.
        while !self.allows(&row) && row.contains(&true) {
            let at = coins.random_range(0..self.factors);
            row[at] = false;
        }
        row
    }

    /// Exchanges settings of the rows that do not stay; ln |XᵀX| at the end.
    fn improve(&self, rows: &mut [Vec<bool>], stays: &[bool]) -> f64 {
        for _ in 0..SWEEPS_MAX {
            let mut inverse = Inverse::of(rows, self.factors);
            let mut improved = false;
            for row in (0..rows.len()).filter(|&row| !stays[row]) {
                improved |= self.improve_row(&mut rows[row], &mut inverse);
            }
            if !improved {
                break;
            }
        }
        Inverse::of(rows, self.factors).log_determinant
    }

    fn improve_row(&self, row: &mut Vec<bool>, inverse: &mut Inverse) -> bool {
        let mut improved = false;
        let mut x = coded(row);
        let mut mx = inverse.times(&x);
        for flips in self.moves() {
            let mut changed = row.clone();
            flips.iter().for_each(|&at| changed[at] = !changed[at]);
            if !self.allows(&changed) || inverse.growth(&x, &mx, &flips) <= WORTHWHILE {
                continue;
            }
            *row = changed;
            let after = coded(row);
            inverse.replace(&x, &after);
            mx = inverse.times(&after);
            x = after;
            improved = true;
        }
        improved
    }

    /// Each factor alone; the two of a forbidden pair at once, since one of them must first go off for the other.
    fn moves(&self) -> Vec<Vec<usize>> {
        let swaps = self.forbidden.iter().filter(|(a, b)| a != b).map(|&(a, b)| vec![a, b]);
        (0..self.factors).map(|factor| vec![factor]).chain(swaps).collect()
    }
}

/// A row as the model sees it: 1 for the mean, then ±1.
fn coded(row: &[bool]) -> Vec<f64> {
    std::iter::once(1.0).chain(row.iter().map(|&on| if on { 1.0 } else { -1.0 })).collect()
}

/// (XᵀX + ridge)⁻¹, kept current.
struct Inverse {
    m: Vec<Vec<f64>>,
    log_determinant: f64,
}

impl Inverse {
    fn of(rows: &[Vec<bool>], factors: usize) -> Self {
        // Starting from the ridge alone, each row is one update.
        let n = factors + 1;
        let m = (0..n).map(|i| (0..n).map(|j| if i == j { RIDGE.recip() } else { 0.0 }).collect()).collect();
        let mut inverse = Self { m, log_determinant: n as f64 * RIDGE.ln() };
        rows.iter().for_each(|row| inverse.update(&coded(row), 1.0));
        inverse
    }

    fn times(&self, x: &[f64]) -> Vec<f64> {
        self.m.iter().map(|row| dot(row, x)).collect()
    }

    /// By how much |XᵀX| is multiplied when the settings `flips` of the row `x` are turned; `mx` is M·x.
    fn growth(&self, x: &[f64], mx: &[f64], flips: &[usize]) -> f64 {
        let d = |&flip: &usize| (flip + 1, -2.0 * x[flip + 1]);
        let v = dot(x, mx);
        let along: f64 = flips.iter().map(d).map(|(at, step)| step * mx[at]).sum();
        let across = |(i, a): (usize, f64)| flips.iter().map(d).map(|(j, b)| a * b * self.m[i][j]).sum::<f64>();
        let square: f64 = flips.iter().map(d).map(across).sum();
        (1.0 + v + 2.0 * along + square) * (1.0 - v) + (v + along).powi(2)
    }

    fn replace(&mut self, before: &[f64], after: &[f64]) {
        self.update(after, 1.0);
        self.update(before, -1.0);
    }

    /// Adds (or with −1 removes) a row: Sherman and Morrison.
    fn update(&mut self, x: &[f64], sign: f64) {
        let mx = self.times(x);
        let factor = 1.0 + sign * dot(x, &mx);
        self.log_determinant += factor.ln();
        for (row, a) in self.m.iter_mut().zip(&mx) {
            row.iter_mut().zip(&mx).for_each(|(entry, b)| *entry -= sign * a * b / factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Design;
    use super::*;

    fn inflations(design: &Design) -> Vec<f64> {
        design.knowable().iter().map(|k| k.variance_inflation.unwrap_or(f64::INFINITY)).collect()
    }

    #[test]
    fn the_growth_of_the_determinant_is_what_it_becomes() {
        let rows: Vec<Vec<bool>> = (0..8_usize).map(|i| (0..4).map(|j| (i * 5) >> j & 1 == 1).collect()).collect();
        let before = Inverse::of(&rows, 4);
        let x = coded(&rows[3]);
        let growth = before.growth(&x, &before.times(&x), &[1, 2]);
        let mut changed = rows.clone();
        [1, 2].iter().for_each(|&at: &usize| changed[3][at] = !changed[3][at]);
        let after = Inverse::of(&changed, 4).log_determinant - before.log_determinant;
        assert!((growth.ln() - after).abs() < 1e-9, "{} {after}", growth.ln());
    }

    #[test]
    fn a_forbidden_pair_costs_a_little_and_is_never_on_together() {
        let design = Design::screening_with(33, &[(4, 20), (7, 8)]);
        assert_eq!(design.len(), 36);
        for row in 0..design.len() {
            let on: Vec<usize> = design.on(row).collect();
            assert!(![(4, 20), (7, 8)].iter().any(|(a, b)| on.contains(a) && on.contains(b)), "row {row}: {on:?}");
        }
        let inflations = inflations(&design);
        assert!(inflations.iter().all(|&v| v < 3.0), "{inflations:?}");
        let mean = inflations.iter().sum::<f64>() / 33.0;
        assert!(mean < 1.6, "{mean}");
        assert_eq!(design, Design::screening_with(33, &[(20, 4), (8, 7)]), "the same question, the same rows");
    }

    #[test]
    fn lost_rows_are_replaced_by_others_and_the_rest_stays() {
        let before = Design::screening(11);
        let after = before.adapted(&[3, 5], &[]);
        let row = |design: &Design, at| design.on(at).collect::<Vec<_>>();
        for at in (0..12).filter(|at| ![3, 5].contains(at)) {
            assert_eq!(row(&before, at), row(&after, at));
        }
        for (lost, new) in [3, 5].into_iter().flat_map(|lost| (0..12).map(move |new| (lost, new))) {
            assert_ne!(row(&before, lost), row(&after, new), "a row that failed is not tried again");
        }
        assert!(inflations(&after).iter().all(|&v| v < 4.0), "{:?}", inflations(&after));
    }

    #[test]
    fn a_factor_that_is_never_on_is_reported_and_the_others_are_not_harmed() {
        let design = Design::screening_with(10, &[(2, 2)]);
        let known = design.knowable();
        assert_eq!(known[2].variance_inflation, None);
        assert!(known.iter().enumerate().all(|(at, k)| at == 2 || k.variance_inflation.is_some()), "{known:?}");
    }

    #[test]
    fn many_flags_that_all_exclude_each_other_are_still_told_apart() {
        let all: Vec<(usize, usize)> = (0..4).flat_map(|b| (0..b).map(move |a| (a, b))).collect();
        let design = Design::screening_with(12, &all);
        assert!(inflations(&design).iter().all(|v| v.is_finite()), "{:?}", inflations(&design));
    }
}
