//! What is noise, told from the effects themselves: when few of many act, the rest are draws of the noise.
//!
//! ```text
//!   |contrast|
//!     │                    ●  ← acts           Without any effect the sizes follow half a bell curve, so that against
//!     │                                        its quantiles they lie on a line through the origin, whose slope is
//!     │               ●  ← acts                the noise. What rises off the line acts (Daniel 1959).
//!     │        . ∙ ∙∙
//!     │  . ∙ ∙·                                Lenth's pseudo standard error is that slope by medians:
//!     └──────────────── quantile               s₀ = 1.5·median|c|,  PSE = 1.5·median{|c| : |c| < 2.5 s₀}.
//! ```
//!
//! Sources: Daniel 1959; Lenth 1989.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use crate::lab::stats::rank::median;
use crate::units::LogRatio;

/// Confidence of each interval, and of all of them together in the simultaneous margin.
pub const CONFIDENCE: f64 = 0.95;

/// Fewer contrasts than this say nothing about noise.
const CONTRASTS_MIN: usize = 3;

/// The noise of contrasts of which few act, and what they must exceed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lenth {
    /// Pseudo standard error of a contrast.
    pub pse: LogRatio,
    /// Its degrees of freedom: a third of the contrasts.
    pub degrees_of_freedom: f64,
    /// Margin of error: one quiet contrast in twenty exceeds it.
    pub margin: LogRatio,
    /// Simultaneous margin of error: in one experiment in twenty any quiet contrast exceeds it.
    pub simultaneous: LogRatio,
}

impl Lenth {
    /// From contrasts of equal variance. `None` of fewer than three, and when more than half are exactly zero.
    pub fn of(contrasts: &[f64]) -> Option<Self> {
        if contrasts.len() < CONTRASTS_MIN {
            return None;
        }
        let mut sizes: Vec<f64> = contrasts.iter().map(|c| c.abs()).collect();
        let first = 1.5 * median(&mut sizes)?;
        let mut quiet: Vec<f64> = sizes.into_iter().filter(|size| *size < 2.5 * first).collect();
        let pse = 1.5 * median(&mut quiet)?;
        let degrees_of_freedom = contrasts.len() as f64 / 3.0;
        let margins = Margins::of(degrees_of_freedom, contrasts.len());
        Some(Self {
            pse: LogRatio(pse),
            degrees_of_freedom,
            margin: LogRatio(margins.single * pse),
            simultaneous: LogRatio(margins.simultaneous * pse),
        })
    }
}

/// How many standard errors an effect must lie from zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Margins {
    /// For an effect looked at alone.
    pub(super) single: f64,
    /// For the largest of several (Šidák).
    pub(super) simultaneous: f64,
}

impl Margins {
    pub(super) fn of(degrees_of_freedom: f64, effects: usize) -> Self {
        let all_within = CONFIDENCE.powf(1.0 / effects.max(1) as f64);
        Self {
            single: t_quantile(f64::midpoint(1.0, CONFIDENCE), degrees_of_freedom),
            simultaneous: t_quantile(f64::midpoint(1.0, all_within), degrees_of_freedom),
        }
    }
}

/// The quantile of Student's t; infinite where there are no degrees of freedom.
fn t_quantile(probability: f64, degrees_of_freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees_of_freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(probability))
}

/// A point of the half-normal plot.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HalfNormal {
    /// Which contrast, as the caller numbers them.
    pub index: usize,
    /// Its size.
    pub size: LogRatio,
    /// Where it would lie, in standard errors, were it the noise's contrast of its rank.
    pub quantile: f64,
}

/// The half-normal plot's points, the smallest contrast first.
pub fn half_normal(contrasts: &[f64]) -> Vec<HalfNormal> {
    let mut sizes: Vec<(usize, f64)> = contrasts.iter().map(|c| c.abs()).enumerate().collect();
    sizes.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let bell = Normal::standard();
    let quantile = |rank: usize| bell.inverse_cdf(0.5 + 0.5 * (rank as f64 + 0.5) / sizes.len() as f64);
    let point = |(rank, &(index, size)): (usize, &(usize, f64))| HalfNormal {
        index,
        size: LogRatio(size),
        quantile: quantile(rank),
    };
    sizes.iter().enumerate().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_published_tables() {
        for (probability, degrees, expected) in [
            (0.975, 1.0, 12.706),
            (0.975, 2.0, 4.303),
            (0.975, 5.0, 2.571),
            (0.975, 30.0, 2.042),
            (0.995, 10.0, 3.169),
            (0.9995, 4.0, 8.610),
        ] {
            let found = t_quantile(probability, degrees);
            assert!((found - expected).abs() < 1e-3, "t({probability}; {degrees}) = {found}");
        }
        assert_eq!(t_quantile(0.975, 0.0), f64::INFINITY);
    }

    #[test]
    fn fifteen_contrasts_have_lenths_own_margins() {
        // Lenth 1989, table: m = 15 has 5 degrees of freedom, t = 2.571 and 5.219 for the two margins.
        let contrasts: Vec<f64> = (1..=15).map(f64::from).collect();
        let lenth = Lenth::of(&contrasts).unwrap();
        assert_eq!(lenth.pse, LogRatio(12.0), "1.5 × 8; nothing lies beyond 2.5 × 12");
        assert!((lenth.margin.0 / 12.0 - 2.571).abs() < 1e-3);
        assert!((lenth.simultaneous.0 / 12.0 - 5.219).abs() < 1e-2, "{}", lenth.simultaneous.0 / 12.0);
    }

    #[test]
    fn what_acts_does_not_count_as_noise() {
        let mut contrasts = vec![0.01, -0.02, 0.015, 0.005, -0.012, 0.018, -0.008, 0.011, 0.009, -0.014];
        let quiet = Lenth::of(&contrasts).unwrap();
        contrasts.extend([0.5, -0.7]);
        let with = Lenth::of(&contrasts).unwrap();
        assert!((with.pse.0 / quiet.pse.0 - 1.0).abs() < 0.2, "{with:?} {quiet:?}");
        assert_eq!(Lenth::of(&[0.1, 0.2]), None);
        assert_eq!(Lenth::of(&[0.0; 8]), None, "no noise can be told from nothing");
    }

    #[test]
    fn draws_of_noise_lie_on_the_line() {
        let bell = Normal::standard();
        let draws: Vec<f64> = (0..20).map(|i| 0.03 * bell.inverse_cdf((f64::from(i) + 0.5) / 20.0)).collect();
        let points = half_normal(&draws);
        assert!(points.windows(2).all(|two| two[0].size <= two[1].size && two[0].quantile < two[1].quantile));
        for point in &points[4..] {
            assert!((point.size.0 / point.quantile / 0.03 - 1.0).abs() < 0.25, "{point:?}");
        }
    }
}
