//! How noisy pairs are, and what that noise lets one see.

use super::rank::median;
use crate::units::LogRatio;

/// The median absolute value of a normal variable, inverted: turns a median deviation into a standard deviation.
const NORMAL_CONSISTENCY: f64 = 1.4826;

/// The true effect must exceed the margin by so many standard errors to be found with 90 % power in so many pairs (simulated,
/// [`tests::what_is_said_to_be_detectable_is_found`]; α = 0.05, normal noise). Few pairs take more than their number tells:
/// no single one of them multiplies the evidence by more than two.
fn effect_per_standard_error(pairs: u32) -> f64 {
    match pairs {
        0..=5 => 6.1,
        6 => 5.1,
        7..=9 => 4.9,
        10..=14 => 4.7,
        15..=24 => 4.4,
        25.. => 4.25,
    }
}

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
    LogRatio(margin.0 + effect_per_standard_error(pairs) * scale.0 / f64::from(pairs).sqrt())
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::lab::stats::e_process::Purse;

    #[test]
    fn scales_by_hand() {
        assert_eq!(robust_scale(&[]), None);
        assert_eq!(robust_scale(&[-0.01, 0.02, 0.03]), Some(1.4826 * 0.02));
        let about = robust_scale_about(&[0.99, 1.02, 1.03], 1.0).unwrap();
        assert!((about - 1.4826 * 0.02).abs() < 1e-12);
    }

    #[test]
    fn what_is_said_to_be_detectable_is_found() {
        let mut noise = StdRng::seed_from_u64(11);
        let mut normal = || (0..12).map(|_| noise.random::<f64>()).sum::<f64>() - 6.0;
        for pairs in [5, 6, 8, 12, 20, 30] {
            let effect = minimum_detectable(LogRatio(0.0), LogRatio(1.0), pairs).0;
            let mut found = |effect: f64| {
                let mut purse = Purse::new(1.0);
                (0..pairs).any(|_| purse.bet(effect + normal()) >= 20.0_f64.ln())
            };
            let power = |found: &mut dyn FnMut(f64) -> bool, effect| (0..600).filter(|_| found(effect)).count();
            let at = power(&mut found, effect);
            assert!(at >= 516, "{pairs} pairs: {at} of 600, where nine of ten are promised");
            let below = power(&mut found, effect * 0.8);
            assert!(below < 540, "{pairs} pairs: {below} of 600 at less than what is said to be needed");
        }
    }

    #[test]
    fn more_pairs_show_smaller_effects() {
        let margin = LogRatio(0.1);
        let at = |pairs| minimum_detectable(margin, LogRatio(0.03), pairs).0;
        assert!((at(16) - (0.1 + 4.4 * 0.03 / 4.0)).abs() < 1e-12);
        assert!(at(30) < at(16) && at(30) > margin.0);
    }
}
