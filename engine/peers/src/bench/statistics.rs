//! Ratios and how sure they are.

/// How many times one side is the other, with a 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Geometric mean over the rounds.
    pub mean: f64,
    /// Bounds of the interval; none with fewer than two rounds.
    pub interval: Option<(f64, f64)>,
    /// Rounds.
    pub rounds: usize,
}

/// Student's t at 97.5 % for 1 to 30 degrees of freedom.
const T: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// The ratio over paired rounds: a t-interval on the logarithms, since ratios multiply. `None` without a pair.
pub fn ratio(pairs: &[(f64, f64)]) -> Option<Ratio> {
    let logs: Vec<f64> = pairs.iter().filter(|(a, b)| *a > 0.0 && *b > 0.0).map(|(a, b)| (a / b).ln()).collect();
    if logs.is_empty() {
        return None;
    }
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let interval = (logs.len() > 1).then(|| {
        let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let t = T.get(logs.len() - 2).copied().unwrap_or(1.96);
        let half = t * (variance / n).sqrt();
        ((mean - half).exp(), (mean + half).exp())
    });
    Some(Ratio { mean: mean.exp(), interval, rounds: logs.len() })
}

/// The middle value; of an even number the mean of the two.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students_on_the_logarithms() {
        // ln 2, ln 8: mean ln 4, standard error ln 2.
        let found = ratio(&[(2.0, 1.0), (8.0, 1.0)]).unwrap();
        let (low, high) = found.interval.unwrap();
        let half = 12.706 * 2_f64.ln();
        assert!((found.mean - 4.0).abs() < 1e-12 && found.rounds == 2);
        assert!((low - (4_f64.ln() - half).exp()).abs() < 1e-9 && (high.ln() - (4_f64.ln() + half)).abs() < 1e-9);
        assert_eq!(ratio(&[(3.0, 1.0)]).unwrap().interval, None);
        assert_eq!(ratio(&[(3.0, 0.0)]), None);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
