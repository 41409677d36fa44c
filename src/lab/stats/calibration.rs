//! What pairs of a binary against itself say: how noisy they are, whether the slot matters, whether one follows from the last.

use super::rank::{hodges_lehmann, median, wilcoxon_interval};
use super::scale::robust_scale;
use crate::units::Interval;

/// What pairs of a binary against itself say of one metric. All on the log scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Scale of the differences about zero: 1.4826 times the median of their absolute values.
    pub scale: f64,
    /// Hodges-Lehmann estimate of the difference, which is none.
    pub estimate: f64,
    /// Its exact signed-rank interval: zero lies in it, or the measuring is biased.
    pub interval: Interval,
    /// Median of second slot minus first: what it costs or brings to be driven second.
    pub slot: f64,
    /// Its exact interval by signs.
    pub slot_interval: Interval,
    /// Correlation of each difference with the one before it, about their mean: near zero while pairs are independent.
    pub lag_1: f64,
}

impl Noise {
    /// Of differences B − A in their order, each with whether B was second. Intervals hold `confidence`. `None` when
    /// that few pairs cannot give them: six for 95 %.
    pub fn of(pairs: &[(f64, bool)], confidence: f64) -> Option<Self> {
        let differences: Vec<f64> = pairs.iter().map(|(d, _)| *d).collect();
        let mut slots: Vec<f64> = pairs.iter().map(|(d, b_was_second)| if *b_was_second { *d } else { -d }).collect();
        Some(Self {
            scale: robust_scale(&differences)?,
            estimate: hodges_lehmann(&differences)?,
            interval: wilcoxon_interval(&differences, confidence)?.interval,
            slot_interval: median_interval(&mut slots, confidence)?,
            slot: median(&mut slots)?,
            lag_1: lag_1(&differences),
        })
    }

    /// Whether a binary was found to differ from itself.
    pub fn is_biased(&self) -> bool {
        !self.interval.covers_zero()
    }

    /// Whether the slot matters.
    pub fn slot_matters(&self) -> bool {
        !self.slot_interval.covers_zero()
    }
}

/// The exact interval of a median by order statistics: each value lies above it with probability ½. `None` when that few
/// values cannot give it. Sorts `values`.
pub fn median_interval(values: &mut [f64], confidence: f64) -> Option<Interval> {
    values.sort_by(f64::total_cmp);
    let tail_max = (1.0 - confidence) / 2.0;
    // P(at most k of n heads), k = 0, 1, …
    let n = values.len();
    let mut probability = 0.5_f64.powi(i32::try_from(n).ok()?);
    let (mut tail, mut cut) = (probability, 0);
    while tail <= tail_max {
        cut += 1;
        probability *= (n - cut + 1) as f64 / cut as f64;
        tail += probability;
    }
    let at = cut.checked_sub(1)?;
    Some(Interval { low: *values.get(at)?, high: *values.get(n - 1 - at)? })
}

/// The correlation of each value with the one before it; zero where nothing varies.
pub fn lag_1(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let variance: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let covariance: f64 = values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    if variance > 0.0 { covariance / variance } else { 0.0 }
}

/// Beyond this the correlation of `pairs` independent ones lies once in twenty times.
pub fn lag_1_limit(pairs: usize) -> f64 {
    1.96 / (pairs.max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn a_known_series_by_hand() {
        // B second, then first, in turns; what is second is 0.02 better.
        let pairs: Vec<(f64, bool)> = (0..12).map(|i| if i % 2 == 0 { (0.02, true) } else { (-0.02, false) }).collect();
        let noise = Noise::of(&pairs, 0.95).unwrap();
        assert!((noise.scale - 1.4826 * 0.02).abs() < 1e-12);
        assert_eq!((noise.estimate, noise.slot), (0.0, 0.02));
        assert!(!noise.is_biased() && noise.slot_matters());
        assert_eq!(noise.slot_interval, Interval { low: 0.02, high: 0.02 });
        // +, −, +, −: eleven products of −1 over twelve squares.
        assert!((noise.lag_1 + 11.0 / 12.0).abs() < 1e-12);
    }

    #[test]
    fn a_bias_is_found_and_noise_is_not_one() {
        let biased: Vec<(f64, bool)> = (0..12).map(|i| (0.03 + 0.001 * f64::from(i % 5), i % 2 == 0)).collect();
        assert!(Noise::of(&biased, 0.95).unwrap().is_biased());
        let mut coins = StdRng::seed_from_u64(5);
        let series = 400;
        let mut found = [0, 0];
        for _ in 0..series {
            let pairs: Vec<(f64, bool)> =
                (0..12).map(|_| (coins.random_range(-0.03..0.03), coins.random::<bool>())).collect();
            let noise = Noise::of(&pairs, 0.95).unwrap();
            found[0] += usize::from(noise.is_biased());
            found[1] += usize::from(noise.slot_matters());
        }
        assert!(found.iter().all(|found| *found <= series * 7 / 100), "{found:?} of {series}");
    }

    #[test]
    fn intervals_of_medians_by_the_tables() {
        // n = 12: the third smallest and third largest hold 96.1 %; n = 5 cannot give 95 %.
        let mut ramp: Vec<f64> = (1..=12).map(f64::from).collect();
        assert_eq!(median_interval(&mut ramp, 0.95), Some(Interval { low: 3.0, high: 10.0 }));
        assert_eq!(median_interval(&mut ramp[..5], 0.95), None);
        assert_eq!(median_interval(&mut [], 0.95), None);
        assert_eq!(Noise::of(&[(0.1, true); 5], 0.95), None);
    }

    #[test]
    fn what_follows_from_the_last_is_correlated() {
        let drift: Vec<f64> = (0..40).map(f64::from).collect();
        assert!(lag_1(&drift) > 0.8);
        let mut coins = StdRng::seed_from_u64(7);
        let independent: Vec<f64> = (0..400).map(|_| coins.random_range(-1.0..1.0)).collect();
        assert!(lag_1(&independent).abs() < lag_1_limit(400) * 1.5);
        assert_eq!((lag_1(&[]), lag_1(&[1.0, 1.0])), (0.0, 0.0));
    }
}
