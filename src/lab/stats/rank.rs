//! Estimates by ranks: what the effect is, once the always-valid test has said that there is one.
//!
//! Both rest on the Walsh averages (d_i + d_j)/2, i ≤ j. Their median is the Hodges-Lehmann estimate: 95 % as sharp as
//! the mean on normal noise, and unmoved by a quarter of the pairs going astray. The k-th smallest and k-th largest are
//! an exact confidence interval for a number of pairs fixed beforehand (the signed-rank test, inverted).
//!
//! Sources: Hodges & Lehmann 1963; Wilcoxon 1945.

use crate::units::Interval;

/// An exact signed-rank interval. Holds for one look at a fixed number of pairs; the verdict never uses it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wilcoxon {
    /// The interval.
    pub interval: Interval,
    /// Its exact coverage: ranks are discrete, so it is at least what was asked for.
    pub confidence: f64,
}

/// The median of all pairwise means. `None` of nothing.
///
/// Forms all n(n+1)/2 of them: an experiment has tens of pairs, a ledger of calibrations hundreds.
pub fn hodges_lehmann(differences: &[f64]) -> Option<f64> {
    median(&mut walsh_averages(differences))
}

/// The exact interval with at least `confidence`. `None` when that few pairs cannot give it: six for 95 %.
pub fn wilcoxon_interval(differences: &[f64], confidence: f64) -> Option<Wilcoxon> {
    let tail_max = (1.0 - confidence) / 2.0;
    let tails = signed_rank_tails(differences.len());
    // k: how many Walsh averages may be cut off at each end while P(W ≤ k − 1) ≤ α/2.
    let cut = tails.iter().take_while(|&&tail| tail <= tail_max).count();
    let tail = *tails.get(cut.checked_sub(1)?)?;
    let mut averages = walsh_averages(differences);
    averages.sort_by(f64::total_cmp);
    let interval = Interval { low: averages[cut - 1], high: averages[averages.len() - cut] };
    Some(Wilcoxon { interval, confidence: 1.0 - 2.0 * tail })
}

/// The median; reorders `values`. `None` of nothing.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    if values.is_empty() {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if !even {
        return Some(upper);
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(lower + (upper - lower) / 2.0)
}

fn walsh_averages(differences: &[f64]) -> Vec<f64> {
    let mut averages = Vec::with_capacity(differences.len() * (differences.len() + 1) / 2);
    for (i, a) in differences.iter().enumerate() {
        averages.extend(differences[i..].iter().map(|b| a + (b - a) / 2.0));
    }
    averages
}

/// P(W ≤ w) for w = 0, 1, …: the exact distribution of the signed-rank sum of `n` pairs without effect.
fn signed_rank_tails(n: usize) -> Vec<f64> {
    // Each rank is in the sum or not, with probability ½: convolve one rank after the other.
    let mut probabilities = vec![0.0; n * (n + 1) / 2 + 1];
    probabilities[0] = 1.0;
    for rank in 1..=n {
        for w in (0..probabilities.len()).rev() {
            let with = w.checked_sub(rank).map_or(0.0, |rest| probabilities[rest]);
            probabilities[w] = f64::midpoint(probabilities[w], with);
        }
    }
    let mut sum = 0.0;
    for p in &mut probabilities {
        sum += *p;
        *p = sum;
    }
    probabilities
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn estimates_by_hand() {
        assert_eq!(hodges_lehmann(&[]), None);
        assert_eq!(hodges_lehmann(&[0.3]), Some(0.3));
        assert_eq!(hodges_lehmann(&[1.0, 3.0]), Some(2.0));
        // Walsh averages of 0, 1, 5: 0 ½ 2½ 1 3 5; the middle two are 1 and 2½.
        assert_eq!(hodges_lehmann(&[0.0, 1.0, 5.0]), Some(1.75));
    }

    #[test]
    fn one_stray_pair_hardly_moves_the_estimate() {
        let mut differences = vec![0.10, 0.11, 0.09, 0.10, 0.12, 0.08, 0.10];
        let clean = hodges_lehmann(&differences).unwrap();
        differences[3] = 50.0;
        assert!((hodges_lehmann(&differences).unwrap() - clean).abs() < 0.02);
    }

    #[test]
    fn the_null_distribution_by_hand() {
        // Three ranks: sums 0 1 2 3 3 4 5 6, each subset with probability 1/8.
        let by_hand = [1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 8.0].map(|count| count / 8.0);
        assert_eq!(signed_rank_tails(3), by_hand);
    }

    #[test]
    fn intervals_of_the_published_tables() {
        // n = 5 cannot give 95 %; n = 6 gives 96.9 % with the extremes; n = 10 cuts 8 (critical value 8 at α = 0.05).
        let ramp = |n: i32| (1..=n).map(f64::from).collect::<Vec<_>>();
        assert_eq!(wilcoxon_interval(&ramp(5), 0.95), None);
        let six = wilcoxon_interval(&ramp(6), 0.95).unwrap();
        assert_eq!(six.interval, Interval { low: 1.0, high: 6.0 });
        assert!((six.confidence - 0.96875).abs() < 1e-12);
        let tails = signed_rank_tails(10);
        assert!(tails[8] <= 0.025 && tails[9] > 0.025);
    }

    proptest! {
        #[test]
        fn the_estimate_lies_in_its_interval_and_follows_shifts(
            differences in prop::collection::vec(-1.0..1.0f64, 6..25), shift in -1.0..1.0f64,
        ) {
            let estimate = hodges_lehmann(&differences).unwrap();
            let interval = wilcoxon_interval(&differences, 0.95).unwrap().interval;
            prop_assert!(interval.low <= estimate && estimate <= interval.high);
            let shifted: Vec<f64> = differences.iter().map(|d| d + shift).collect();
            prop_assert!((hodges_lehmann(&shifted).unwrap() - estimate - shift).abs() < 1e-12);
            let mirrored: Vec<f64> = differences.iter().map(|d| -d).collect();
            prop_assert!((hodges_lehmann(&mirrored).unwrap() + estimate).abs() < 1e-12);
        }
    }
}
