//! How noisy pairs are, and what that noise lets one see.

use super::rank::median;
use crate::units::LogRatio;

/// The median absolute value of a normal variable, inverted: turns a median deviation into a standard deviation.
const NORMAL_CONSISTENCY: f64 = 1.4826;

/// Power of the rule at 90 %: the true effect must exceed the margin by this many standard errors (simulated, see the
/// tests of the verdict; α = 0.05, ten pairs or more).
const EFFECT_PER_STANDARD_ERROR: f64 = 4.4;

/// The scale of differences whose centre is known to be zero: pairs of a binary against itself. `None` of nothing.
pub fn robust_scale(differences: &[f64]) -> Option<f64> {
    robust_scale_about(differences, 0.0)
}

/// The scale of differences about `centre`. `None` of nothing.
pub fn robust_scale_about(differences: &[f64], centre: f64) -> Option<f64> {
    let mut deviations: Vec<f64> = differences.iter().map(|d| (d - centre).abs()).collect();
    median(&mut deviations).map(|deviation| NORMAL_CONSISTENCY * deviation)
}

/// The smallest true effect found with 90 % power to exceed `margin` in at most `pairs` pairs of noise `scale`.
///
/// # Panics
/// When `pairs` is zero.
pub fn minimum_detectable(margin: LogRatio, scale: LogRatio, pairs: u32) -> LogRatio {
    assert!(pairs > 0, "no effect is detectable in no pairs");
    LogRatio(margin.0 + EFFECT_PER_STANDARD_ERROR * scale.0 / f64::from(pairs).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_by_hand() {
        assert_eq!(robust_scale(&[]), None);
        assert_eq!(robust_scale(&[-0.01, 0.02, 0.03]), Some(1.4826 * 0.02));
        let about = robust_scale_about(&[0.99, 1.02, 1.03], 1.0).unwrap();
        assert!((about - 1.4826 * 0.02).abs() < 1e-12);
    }

    #[test]
    fn more_pairs_show_smaller_effects() {
        let margin = LogRatio(0.1);
        let at = |pairs| minimum_detectable(margin, LogRatio(0.03), pairs).0;
        assert!((at(16) - (0.1 + 4.4 * 0.03 / 4.0)).abs() < 1e-12);
        assert!(at(30) < at(16) && at(30) > margin.0);
    }
}
