//! Where a series of measurements changed. Advice for people; no verdict ever looks at it.
//!
//! E-divisive: of all ways to cut the series in two, the one whose halves differ most by the energy distance
//!
//! ```text
//!   Q(τ) = m·n/(m + n) · (2·mean|x − y| − mean|x − x'| − mean|y − y'|)      m values x before τ, n values y from τ on
//! ```
//!
//! and it counts when shuffling the series hardly ever gives as large a Q; then both halves are searched in the same way.
//! It assumes no distribution, and one stray value is no change. A cut leaves three values on either side. With fewer than
//! eight points not even a clean step can be told from chance at 5 %: of seven, 2 in 35 shuffles are as good; so nothing is
//! said of such series. Near an end a change is found only when some values lie behind it.
//!
//! Sources: Matteson & James 2014 (E-divisive); Daly et al. 2020 (the same for performance in continuous integration).

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

/// Shorter series are not searched.
pub const POINTS_MIN: usize = 8;

/// Longer series are searched in their last part only: the work grows with the square.
pub const POINTS_MAX: usize = 400;

/// Values on either side of a cut, at least.
const SIDE_MIN: usize = 3;

/// Chance of a change in a series that has none.
const SIGNIFICANCE: f64 = 0.05;

/// Shuffles of each test: the smallest p-value is 1/400.
const SHUFFLES: usize = 399;

/// The same series gives the same answer.
const SEED: u64 = 0x00c4_a96e;

/// A place at which a series changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// Index of the first value after the change.
    pub at: usize,
    /// Share of shuffled series that change as much.
    pub p: f64,
}

/// The changes of `series`, in its order.
pub fn change_points(series: &[f64]) -> Vec<ChangePoint> {
    let start = series.len().saturating_sub(POINTS_MAX);
    let mut coins = StdRng::seed_from_u64(SEED);
    let mut found = Vec::new();
    search(&series[start..], start, &mut coins, &mut found);
    found.sort_by_key(|change| change.at);
    found
}

fn search(series: &[f64], offset: usize, coins: &mut StdRng, found: &mut Vec<ChangePoint>) {
    if series.len() < POINTS_MIN {
        return;
    }
    let Some((cut, energy)) = best_cut(series) else { return };
    let mut shuffled = series.to_vec();
    let as_large = (0..SHUFFLES).filter(|_| {
        shuffled.shuffle(coins);
        best_cut(&shuffled).is_some_and(|(_, other)| other >= energy)
    });
    let p = (as_large.count() + 1) as f64 / (SHUFFLES + 1) as f64;
    if p > SIGNIFICANCE {
        return;
    }
    found.push(ChangePoint { at: offset + cut, p });
    let (before, after) = series.split_at(cut);
    search(before, offset, coins, found);
    search(after, offset + cut, coins, found);
}

/// The cut with the largest energy; `None` where all values are the same.
fn best_cut(series: &[f64]) -> Option<(usize, f64)> {
    let n = series.len();
    let distances = |range: std::ops::Range<usize>, to: f64| series[range].iter().map(|x| (x - to).abs()).sum::<f64>();
    // Sums over pairs on either side and across, moved along with the cut.
    let total: f64 = (0..n).map(|i| distances(0..i, series[i])).sum();
    let (mut before, mut across) = (0.0, 0.0);
    let mut best: Option<(usize, f64)> = None;
    for cut in 1..n {
        let moved = series[cut - 1];
        let to_before = distances(0..cut - 1, moved);
        before += to_before;
        across += distances(cut..n, moved) - to_before;
        let after = total - before - across;
        if cut < SIDE_MIN || n - cut < SIDE_MIN {
            continue;
        }
        let (m, k) = (cut as f64, (n - cut) as f64);
        let within = |sum: f64, size: f64| 2.0 * sum / (size * size);
        let energy = m * k / (m + k) * (2.0 * across / (m * k) - within(before, m) - within(after, k));
        if energy > 0.0 && best.is_none_or(|(_, most)| energy > most) {
            best = Some((cut, energy));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    fn noisy(levels: &[f64], noise: f64, seed: u64) -> Vec<f64> {
        let mut rng = StdRng::seed_from_u64(seed);
        levels.iter().map(|level| level + noise * (0..12).map(|_| rng.random::<f64>() - 0.5).sum::<f64>()).collect()
    }

    fn places(series: &[f64]) -> Vec<usize> {
        change_points(series).into_iter().map(|change| change.at).collect()
    }

    #[test]
    fn the_energy_by_hand() {
        // 0 0 0 | 1 1 1: m = n = 3, mean across 1, within 0: 9/6 · 2 = 3.
        assert_eq!(best_cut(&[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]), Some((3, 3.0)));
        assert_eq!(best_cut(&[1.0; 9]), None);
    }

    #[test]
    fn steps_are_found_where_they_are() {
        let step: Vec<f64> = [vec![0.30; 5], vec![0.10; 4]].concat();
        assert_eq!(places(&noisy(&step, 0.01, 1)), [5]);
        let two: Vec<f64> = [vec![0.3; 10], vec![0.1; 10], vec![0.4; 10]].concat();
        let found = places(&noisy(&two, 0.02, 2));
        // Each part is searched once more, and may raise its own false alarm.
        assert!(found.contains(&10) && found.contains(&20) && found.len() <= 3, "{found:?}");
    }

    #[test]
    fn few_points_say_nothing() {
        let clean = |n: usize, at: usize| (0..n).map(|i| if i < at { 0.0 } else { 1.0 }).collect::<Vec<_>>();
        assert!(places(&clean(7, 4)).is_empty(), "two in thirty-five shuffles are as good");
        assert_eq!(places(&clean(8, 4)), [4]);
        assert!(places(&[]).is_empty() && places(&[1.0]).is_empty());
    }

    #[test]
    fn one_stray_value_is_no_change() {
        let mut series = noisy(&[0.2; 20], 0.01, 3);
        series[9] = 5.0;
        assert!(places(&series).is_empty());
    }

    #[test]
    fn noise_alone_is_rarely_a_change() {
        let false_alarms = (0..120).filter(|seed| !places(&noisy(&[0.2; 16], 0.05, 100 + seed)).is_empty()).count();
        // 5 % of 120 are 6; three standard errors of the count more.
        assert!(false_alarms <= 6 + 7, "{false_alarms} of 120");
    }
}
