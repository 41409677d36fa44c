//! From what the rows of a design measured to the effect of each feature.
//!
//! A row's responses are log-ratios of its build against the one reference that all rows share, so that what drifts
//! over the hours is in both. The replicates of a row become one number, an average in which what lies far out by the
//! noise of all rows counts less (Huber 1964); the rows become effects by least squares.
//!
//! ## Which noise
//!
//! | source | what it knows | used |
//! |---|---|---|
//! | replicates | restarts of the same binary: measuring alone | in a full design, whose terms explain all of the rest |
//! | spare columns | also what a build adds (layout) and interactions that leak | with six or more |
//! | Lenth | the same, from the effects: few act | with fewer |
//!
//! A screen's intervals rest on the larger of the first and one of the others: in a Hadamard design each interaction is
//! spread thinly over nearly all columns, which replicates cannot see and the contrasts do.

use serde::{Deserialize, Serialize};

use super::contrast::{Basis, contrasts, dot};
use super::design::{Design, Kind, Term};
use super::lenth::{Lenth, Margins};
use crate::lab::stats::rank::median;
use crate::lab::stats::robust_scale;
use crate::units::{Interval, LogRatio};

/// With fewer spare columns than this, Lenth's error knows more than they do.
const SPARES_MIN: usize = 6;

/// Fewer degrees of freedom between replicates than this are no estimate of noise.
const REPLICATES_MIN: usize = 3;

/// Where Huber's weights begin to fall, in standard deviations: 95 % as sharp as the mean on normal noise.
const FAR_OUT: f64 = 1.345;

/// What the rows of a design say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effects {
    /// Each term that can be told from the others, main effects first.
    pub estimates: Vec<Estimate>,
    /// Terms that cannot: their factors always move together in the rows that were measured.
    pub unknown: Vec<Term>,
    /// The noise on which the intervals rest; `None` when nothing tells it, and every interval is unbounded.
    pub error: Option<Error>,
    /// Every estimate of the noise that the rows allow, also those not used.
    pub errors: Vec<Error>,
    /// Lenth's margins for [`Estimate::contrast`].
    pub lenth: Option<Lenth>,
    /// Contrasts with which no factor moves, in the unit of [`Estimate::contrast`].
    pub spare: Vec<LogRatio>,
    /// Rows of the design without a response.
    pub missing: Vec<usize>,
}

/// One effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Of which factor, or interaction.
    pub term: Term,
    /// A factor: on against off, at the average of the others. Two: what both on do beyond the sum of what each does
    /// (positive: synergy; negative: conflict).
    pub effect: LogRatio,
    /// Its standard error; infinite when the noise is not known.
    pub standard_error: LogRatio,
    /// 95 % interval of this effect alone.
    pub interval: Interval,
    /// The effect scaled so that all contrasts have the same variance: of a main effect in an orthogonal design, the
    /// effect itself. What a half-normal plot compares.
    pub contrast: LogRatio,
    /// What follows.
    pub standing: Standing,
}

/// What an effect is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Beyond what the largest of so many quiet effects reaches in nineteen of twenty screens.
    Active,
    /// Its own interval leaves out zero: one quiet effect in twenty does.
    Likely,
    /// Not told from noise.
    Quiet,
}

/// An estimate of the noise of one row's response.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Error {
    /// Whence.
    pub source: ErrorSource,
    /// Standard deviation of a row's response (of the average of its replicates).
    pub noise: LogRatio,
    /// Degrees of freedom.
    pub degrees_of_freedom: f64,
}

/// Whence an error was estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorSource {
    /// Differences between measurements of the same build.
    Replicates,
    /// Columns with which no factor moves.
    SpareColumns,
    /// Lenth's pseudo standard error: the effects, most of which are quiet.
    Lenth,
}

impl Effects {
    /// The effects that `responses` show: per row of the design its replicates, none for a row that is missing.
    ///
    /// # Panics
    /// When there is not one entry per row, or a response is not finite.
    pub fn fit(design: &Design, responses: &[Vec<LogRatio>]) -> Self {
        assert_eq!(responses.len(), design.len(), "one entry per row of the design");
        assert!(responses.iter().flatten().all(|y| y.0.is_finite()), "a response must be finite");
        let (rows, missing): (Vec<usize>, Vec<usize>) = (0..design.len()).partition(|&row| !responses[row].is_empty());
        let averaged = Averaged::of(&rows.iter().map(|&row| responses[row].as_slice()).collect::<Vec<_>>());
        let fit = Fit::of(design, &rows, &averaged.rows);
        let unit = 2.0 / (rows.len() as f64).sqrt();

        let whitened: Vec<f64> =
            fit.known.iter().map(|known| known.whitened).chain(fit.spare.iter().copied()).collect();
        let scaled: Vec<f64> = whitened.iter().map(|z| z * unit).collect();
        let lenth = Lenth::of(&scaled);
        let errors: Vec<Error> =
            [averaged.error, spare_error(&fit.spare), lenth.map(|lenth| lenth_error(&lenth, unit))]
                .into_iter()
                .flatten()
                .collect();
        let error = chosen(design, &fit, &errors);
        let margins = error.map(|error| (error, Margins::of(error.degrees_of_freedom, fit.known.len())));
        Self {
            estimates: fit.known.iter().map(|known| known.estimate(unit, margins)).collect(),
            unknown: fit.unknown,
            error,
            errors,
            lenth,
            spare: fit.spare.iter().map(|z| LogRatio(z * unit)).collect(),
            missing,
        }
    }

    /// The estimate of a term.
    pub fn of(&self, term: &Term) -> Option<&Estimate> {
        self.estimates.iter().find(|estimate| estimate.term == *term)
    }
}

/// The terms of a design over the rows that were measured.
struct Fit {
    known: Vec<Known>,
    unknown: Vec<Term>,
    /// Whitened contrasts of the spare columns.
    spare: Vec<f64>,
}

/// A term with its effect.
struct Known {
    term: Term,
    effect: f64,
    /// Standard error per unit of a row's noise.
    error: f64,
    /// The effect over `error`: has the variance of one row's response.
    whitened: f64,
}

impl Fit {
    fn of(design: &Design, rows: &[usize], y: &[f64]) -> Self {
        let (terms, mut unknown) = independent(design, rows);
        let columns: Vec<Vec<f64>> = terms.iter().map(|term| design.column(term, rows)).collect();
        let mut known = Vec::new();
        for (term, weights) in terms.into_iter().zip(contrasts(&columns)) {
            match weights {
                None => unknown.push(term),
                Some(weights) => {
                    let (effect, error) = (dot(&weights, y), dot(&weights, &weights).sqrt());
                    known.push(Known { term, effect, error, whitened: effect / error });
                }
            }
        }
        let mut basis = Basis::default();
        basis.add(&vec![1.0; rows.len()]);
        for column in &columns {
            basis.add(column);
        }
        let spare_columns = design.spare_columns(rows);
        let spare = spare_columns.iter().filter_map(|column| basis.add(column).map(|unit| dot(unit, y))).collect();
        Self { known, unknown, spare }
    }
}

/// The terms to fit: all main effects; of interactions, as many as rows are left for, the simplest first.
fn independent(design: &Design, rows: &[usize]) -> (Vec<Term>, Vec<Term>) {
    let mut basis = Basis::default();
    basis.add(&vec![1.0; rows.len()]);
    design.terms().into_iter().partition(|term| basis.add(&design.column(term, rows)).is_some() || term.order() == 1)
}

impl Known {
    fn estimate(&self, unit: f64, margins: Option<(Error, Margins)>) -> Estimate {
        let standard_error = margins.map_or(f64::INFINITY, |(error, _)| error.noise.0 * self.error);
        let reach = |times: f64| if standard_error.is_finite() { times * standard_error } else { f64::INFINITY };
        let (single, simultaneous) = margins.map_or((f64::INFINITY, f64::INFINITY), |(_, margins)| {
            (reach(margins.single), reach(margins.simultaneous))
        });
        let size = self.effect.abs();
        Estimate {
            term: self.term.clone(),
            effect: LogRatio(self.effect),
            standard_error: LogRatio(standard_error),
            interval: Interval { low: self.effect - single, high: self.effect + single },
            contrast: LogRatio(self.whitened * unit),
            standing: if size > simultaneous {
                Standing::Active
            } else if size > single {
                Standing::Likely
            } else {
                Standing::Quiet
            },
        }
    }
}

/// Mean square of what no factor explains.
fn spare_error(spare: &[f64]) -> Option<Error> {
    let noise = LogRatio((dot(spare, spare) / spare.len() as f64).sqrt());
    (!spare.is_empty()).then_some(Error {
        source: ErrorSource::SpareColumns,
        noise,
        degrees_of_freedom: spare.len() as f64,
    })
}

fn lenth_error(lenth: &Lenth, unit: f64) -> Error {
    Error {
        source: ErrorSource::Lenth,
        noise: LogRatio(lenth.pse.0 / unit),
        degrees_of_freedom: lenth.degrees_of_freedom,
    }
}

/// The error to rest on; see the module.
fn chosen(design: &Design, fit: &Fit, errors: &[Error]) -> Option<Error> {
    let from = |source| errors.iter().copied().find(|error| error.source == source);
    let replicates = from(ErrorSource::Replicates);
    let enough = fit.spare.len() >= SPARES_MIN;
    let contrasts = from(if enough { ErrorSource::SpareColumns } else { ErrorSource::Lenth });
    match design.kind {
        Kind::Full => replicates.or(contrasts),
        Kind::Hadamard | Kind::Folded | Kind::Exchanged => {
            [replicates, contrasts].into_iter().flatten().max_by(|a, b| a.noise.0.total_cmp(&b.noise.0))
        }
    }
}

/// One number per row, and how far replicates of a row lie apart.
struct Averaged {
    rows: Vec<f64>,
    error: Option<Error>,
}

impl Averaged {
    fn of(responses: &[&[LogRatio]]) -> Self {
        let values: Vec<Vec<f64>> = responses.iter().map(|row| row.iter().map(|y| y.0).collect()).collect();
        let degrees: usize = values.iter().map(|row| row.len() - 1).sum();
        if degrees < REPLICATES_MIN {
            return Self { rows: values.iter().map(|row| mean(row)).collect(), error: None };
        }
        let scale = pooled_scale(&values);
        let rows: Vec<f64> = values.iter().map(|row| huber(row, scale)).collect();
        Self { error: Some(replicate_error(&values, &rows, scale, degrees)), rows }
    }
}

/// The spread of replicates about their row's mean, by the median: what lies far out does not widen it.
fn pooled_scale(values: &[Vec<f64>]) -> f64 {
    let residuals = values.iter().filter(|row| row.len() > 1).flat_map(|row| {
        let (centre, shrunk) = (mean(row), (1.0 - 1.0 / row.len() as f64).sqrt());
        row.iter().map(move |y| (y - centre) / shrunk)
    });
    robust_scale(&residuals.collect::<Vec<_>>()).unwrap_or_default()
}

/// Variance of the rows' averages: Huber's sandwich, pooled over rows. On clean noise it is s²/r.
fn replicate_error(values: &[Vec<f64>], rows: &[f64], scale: f64, degrees: usize) -> Error {
    let (mut sum, mut within, mut count) = (0.0, 0, 0);
    for (row, centre) in values.iter().zip(rows).filter(|(row, _)| row.len() > 1) {
        let reach = reach(row, scale);
        sum += row.iter().map(|y| (y - centre).clamp(-reach, reach).powi(2)).sum::<f64>();
        within += row.iter().filter(|y| (*y - centre).abs() <= reach).count();
        count += row.len();
    }
    let variance = sum / degrees as f64 / (within as f64 / count as f64).powi(2);
    let per_row = values.iter().map(|row| variance / row.len() as f64).sum::<f64>() / values.len() as f64;
    Error { source: ErrorSource::Replicates, noise: LogRatio(per_row.sqrt()), degrees_of_freedom: degrees as f64 }
}

/// The average in which what lies further out than `scale` allows pulls no harder than what lies there. Of one or
/// two, the mean: nobody can say which of two is astray.
fn huber(row: &[f64], scale: f64) -> f64 {
    let reach = reach(row, scale);
    if reach.is_infinite() {
        return mean(row);
    }
    let mut centre = median(&mut row.to_vec()).unwrap_or_default();
    for _ in 0..50 {
        let step = mean(&row.iter().map(|y| (y - centre).clamp(-reach, reach)).collect::<Vec<_>>());
        centre += step;
        if step.abs() < 1e-12 {
            break;
        }
    }
    centre
}

fn reach(row: &[f64], scale: f64) -> f64 {
    if row.len() > 2 && scale > 0.0 { FAR_OUT * scale } else { f64::INFINITY }
}

fn mean(row: &[f64]) -> f64 {
    row.iter().sum::<f64>() / row.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The responses of a world without noise but `jitter`, which repeats.
    fn measured(
        design: &Design,
        truth: impl Fn(&[usize]) -> f64,
        replicates: usize,
        jitter: f64,
    ) -> Vec<Vec<LogRatio>> {
        let response = |row: usize| {
            let on: Vec<usize> = design.on(row).collect();
            let noise = |i: usize| jitter * (((row * 7 + i * 13) * 29 % 37) as f64 / 18.0 - 1.0);
            (0..replicates).map(|i| LogRatio(truth(&on) + noise(i))).collect()
        };
        (0..design.len()).map(response).collect()
    }

    fn sum(on: &[usize], effects: &[(usize, f64)]) -> f64 {
        effects.iter().filter(|(factor, _)| on.contains(factor)).map(|(_, effect)| effect).sum()
    }

    #[test]
    fn without_noise_the_effects_are_the_truth() {
        let truth = [(0, 0.2), (7, -0.05), (32, 0.4)];
        let forbidden = [(0, 7)];
        for design in [Design::screening(33), Design::screening(33).fold_over(), Design::screening_with(33, &forbidden)]
        {
            let effects = Effects::fit(&design, &measured(&design, |on| 0.7 + sum(on, &truth), 1, 0.0));
            assert_eq!(effects.estimates.len(), 33);
            for estimate in &effects.estimates {
                let factor = estimate.term.factors()[0];
                let expected = truth.iter().find(|(at, _)| *at == factor).map_or(0.0, |(_, effect)| *effect);
                assert!((estimate.effect.0 - expected).abs() < 1e-9, "{:?} {estimate:?}", design.kind);
            }
        }
    }

    #[test]
    fn what_acts_is_told_from_what_does_not() {
        let design = Design::screening(33);
        let truth = [(2, 0.25), (11, -0.12), (30, 0.08)];
        let effects = Effects::fit(&design, &measured(&design, |on| sum(on, &truth), 3, 0.02));
        let active: Vec<usize> = effects
            .estimates
            .iter()
            .filter(|estimate| estimate.standing == Standing::Active)
            .map(|estimate| estimate.term.factors()[0])
            .collect();
        assert_eq!(active, [2, 11, 30]);
        let sources: Vec<ErrorSource> = effects.errors.iter().map(|error| error.source).collect();
        assert_eq!(sources, [ErrorSource::Replicates, ErrorSource::SpareColumns, ErrorSource::Lenth]);
        assert!(effects.spare.len() == 2 && effects.error.unwrap().source != ErrorSource::SpareColumns);
    }

    #[test]
    fn a_full_design_names_synergy_and_conflict() {
        let design = Design::full(3);
        let truth = |on: &[usize]| {
            let both = |a, b, effect| if on.contains(&a) && on.contains(&b) { effect } else { 0.0 };
            sum(on, &[(0, 0.1), (1, 0.2)]) + both(0, 1, 0.15) + both(1, 2, -0.3)
        };
        let effects = Effects::fit(&design, &measured(&design, truth, 4, 0.01));
        let of = |a, b| effects.of(&Term::pair(a, b)).unwrap();
        assert!((of(0, 1).effect.0 - 0.15).abs() < 0.02 && of(0, 1).standing == Standing::Active);
        assert!((of(2, 1).effect.0 + 0.3).abs() < 0.02 && of(2, 1).standing == Standing::Active);
        assert!(of(0, 2).standing == Standing::Quiet);
        assert_eq!(effects.error.unwrap().source, ErrorSource::Replicates);
        // At the average of the others: 0.1 alone, 0.25 beside the second.
        assert!((effects.of(&Term::main(0)).unwrap().effect.0 - 0.175).abs() < 0.02);
    }

    #[test]
    fn a_lost_row_costs_precision_and_a_full_design_its_last_interaction() {
        let screen = Design::screening(9);
        let mut responses = measured(&screen, |on| sum(on, &[(3, 0.2)]), 2, 0.01);
        let whole = Effects::fit(&screen, &responses);
        responses[4].clear();
        let less = Effects::fit(&screen, &responses);
        assert_eq!((less.missing.as_slice(), less.spare.len()), ([4].as_slice(), whole.spare.len() - 1));
        assert!((less.of(&Term::main(3)).unwrap().effect.0 - 0.2).abs() < 0.02);

        let full = Design::full(3);
        let mut responses = measured(&full, |on| sum(on, &[(1, 0.2)]), 2, 0.01);
        responses[7].clear();
        let effects = Effects::fit(&full, &responses);
        assert_eq!(effects.unknown.iter().map(Term::order).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn features_that_always_move_together_are_unknown_and_not_guessed() {
        let design = Design::screening(3);
        let mut responses = measured(&design, |on| sum(on, &[(0, 0.3)]), 1, 0.0);
        // Two of the four rows left: nothing but a difference of two builds.
        responses[1].clear();
        responses[2].clear();
        let effects = Effects::fit(&design, &responses);
        assert_eq!(effects.estimates.len() + effects.unknown.len(), 3);
        assert!(effects.unknown.len() >= 2 && effects.error.is_none(), "{effects:?}");
        assert!(effects.estimates.iter().all(|estimate| estimate.interval == Interval::UNBOUNDED));
    }

    #[test]
    fn one_wild_replicate_of_three_hardly_moves_an_effect() {
        let design = Design::screening(20);
        let mut responses = measured(&design, |on| sum(on, &[(5, 0.2)]), 3, 0.02);
        let before = Effects::fit(&design, &responses).of(&Term::main(5)).unwrap().effect.0;
        responses[3][1] = LogRatio(4.0);
        let after = Effects::fit(&design, &responses).of(&Term::main(5)).unwrap().effect.0;
        assert!((after - before).abs() < 0.004, "{before} {after}; the mean would move by 0.11");
    }
}
