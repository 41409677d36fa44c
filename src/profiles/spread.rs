//! How well a cost is known.
//!
//! A cost is a ratio: what was counted in all stretches over what was done in them. Two things make it uncertain, and the greater of
//! them is what counts:
//!
//! * **Counting.** Samples are drawn, so n of them are known to √n. Waits and instructions are counted one by one: here they have no
//!   error.
//! * **The stretches disagree.** Each is a process of its own, with its own layout of memory and its own luck, and differs from the
//!   next by more than counting explains (some per cent, where counting alone would promise tenths). It is what a repetition would
//!   show, so it is the honest error; but from a few stretches it is itself little known, hence Student's quantiles, with Welch's
//!   degrees of freedom for two arms.
//!
//! The greater and not the sum: what stretches disagree by has the counting in it. The greater and not the second alone: four
//! stretches may agree by chance.

/// Error level of every interval: hundreds of functions are looked at at once, of which one in a hundred lies outside by chance.
pub const CONFIDENCE_PERCENT: u32 = 99;

/// Student's two-sided 99 % quantiles for so many degrees of freedom.
const STUDENT_99: [(f64, f64); 16] = [
    (1.0, 63.657),
    (2.0, 9.925),
    (3.0, 5.841),
    (4.0, 4.604),
    (5.0, 4.032),
    (6.0, 3.707),
    (7.0, 3.499),
    (8.0, 3.355),
    (9.0, 3.250),
    (10.0, 3.169),
    (12.0, 3.055),
    (15.0, 2.947),
    (20.0, 2.845),
    (30.0, 2.750),
    (60.0, 2.660),
    (f64::INFINITY, 2.576),
];

/// What is not known of a cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    variance: f64,
    /// Of the variance; infinite where it is not estimated from the stretches.
    freedom: f64,
}

impl Spread {
    /// Of a cost that rests on counted samples: `variance` is theirs.
    pub(super) fn of_counting(variance: f64) -> Self {
        Self { variance, freedom: f64::INFINITY }
    }

    /// Of a cost that was found anew in each stretch: `(counted, ops)` for each. `None` for fewer than two.
    pub(super) fn of_stretches(stretches: &[(f64, f64)]) -> Option<Self> {
        let (counted, ops) = stretches.iter().fold((0.0, 0.0), |(c, o), (counted, ops)| (c + counted, o + ops));
        if stretches.len() < 2 || ops <= 0.0 {
            return None;
        }
        let (cost, freedom) = (counted / ops, stretches.len() as f64 - 1.0);
        // The variance of a ratio of sums; with equal ops the textbook's variance of a mean.
        let squares: f64 = stretches.iter().map(|(counted, own)| (counted - cost * own).powi(2)).sum();
        Some(Self { variance: squares / (ops * ops) * (freedom + 1.0) / freedom, freedom })
    }

    /// The greater error of the two.
    pub(super) fn greater(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(if one.variance >= other.variance { one } else { other }),
            (one, other) => one.or(other),
        }
    }

    /// Half the width of the interval of a difference of two costs. `None` when either error is unknown.
    pub fn half_width(a: Option<Self>, b: Option<Self>) -> Option<f64> {
        let (a, b) = (a?, b?);
        let variance = a.variance + b.variance;
        // Welch and Satterthwaite; an arm whose error is not estimated adds nothing below the line.
        let doubt = a.variance.powi(2) / a.freedom + b.variance.powi(2) / b.freedom;
        let freedom = if doubt > 0.0 { variance.powi(2) / doubt } else { f64::INFINITY };
        Some(student(freedom) * variance.sqrt())
    }
}

/// Student's quantile, interpolated in the reciprocal of the degrees of freedom, where it is nearly a line.
fn student(freedom: f64) -> f64 {
    let reciprocal = 1.0 / freedom.max(1.0);
    let above = STUDENT_99.windows(2).find(|pair| 1.0 / pair[1].0 <= reciprocal);
    let Some([(few, wide), (many, narrow)]) = above else { return STUDENT_99[0].1 };
    let (few, many) = (1.0 / few, 1.0 / many);
    narrow + (wide - narrow) * (reciprocal - many) / (few - many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (freedom, quantile) in [(1.0, 63.657), (3.0, 5.841), (11.0, 3.106), (40.0, 2.704), (1e12, 2.576)] {
            assert!((student(freedom) - quantile).abs() < 0.006, "{freedom}: {}", student(freedom));
        }
        assert_eq!(student(0.2), 63.657, "never less than one");
    }

    #[test]
    fn stretches_of_equal_length_give_the_variance_of_a_mean() {
        // 10, 12, 14, 16 per operation: mean 13, s² = 20/3, of the mean 5/3.
        let spread = Spread::of_stretches(&[(100.0, 10.0), (120.0, 10.0), (140.0, 10.0), (160.0, 10.0)]).unwrap();
        assert!((spread.variance - 5.0 / 3.0).abs() < 1e-12, "{spread:?}");
        assert_eq!(spread.freedom, 3.0);
        // Against an arm known exactly: t(3) standard errors.
        let exact = Spread::of_counting(0.0);
        let half_width = Spread::half_width(Some(spread), Some(exact)).unwrap();
        assert!((half_width - 5.841 * (5.0_f64 / 3.0).sqrt()).abs() < 1e-9);
        // Against its equal: Welch gives twice the freedom.
        let half_width = Spread::half_width(Some(spread), Some(spread)).unwrap();
        assert!((half_width - 3.707 * (10.0_f64 / 3.0).sqrt()).abs() < 1e-9);
    }

    #[test]
    fn one_stretch_tells_nothing_of_the_next_and_the_greater_error_counts() {
        assert_eq!(Spread::of_stretches(&[(100.0, 10.0)]), None);
        assert_eq!(Spread::of_stretches(&[]), None);
        assert_eq!(Spread::of_stretches(&[(0.0, 0.0), (0.0, 0.0)]), None, "nothing was done");
        let (counting, agreeing) = (Spread::of_counting(4.0), Spread::of_stretches(&[(1.0, 1.0), (1.0, 1.0)]));
        assert_eq!(Spread::greater(Some(counting), agreeing), Some(counting), "they may agree by chance");
        assert_eq!(Spread::greater(None, agreeing), agreeing);
        assert_eq!(Spread::half_width(Some(counting), None), None);
    }
}
