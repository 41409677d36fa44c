//! What somebody promised, and how a measurement compares with it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Change, Direction, Interval, LogRatio};

/// A promised figure. The source's words stay beside the numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// As the source wrote it: `+25-30% TPS`.
    pub text: String,
    /// What is said to change: `tps`, `allocation overhead`.
    pub metric: String,
    /// Which way is better.
    pub better: Direction,
    /// The smallest promised change, as a fraction of the metric and without its sign, which [`Claim::better`] gives;
    /// absent when the source gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The largest promised change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// Where a measurement lies, seen from the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AgainstClaim {
    /// Its bounds lie beyond the largest promise.
    Above,
    /// Its bounds and the promise overlap.
    Within,
    /// Its bounds lie short of the smallest promise.
    Below,
}

impl Claim {
    /// How bounds on the log scale compare with the promise, both seen as better or worse: a saving of 99 % is above a
    /// claim of −25 %. `None` where the source gives no figure, or promises a metric to fall and one that rises was
    /// measured: a fraction of the one is no fraction of the other.
    pub fn against(&self, measured: Interval, better: Direction) -> Option<AgainstClaim> {
        if self.better != better {
            return None;
        }
        let smallest = self.promise(self.low.or(self.high)?);
        let largest = self.promise(self.high.or(self.low)?);
        Some(if measured.low > largest.0 {
            AgainstClaim::Above
        } else if measured.high < smallest.0 {
            AgainstClaim::Below
        } else {
            AgainstClaim::Within
        })
    }

    fn promise(&self, size: f64) -> LogRatio {
        let change = match self.better {
            Direction::Higher => Change(size),
            Direction::Lower => Change(-size),
        };
        LogRatio::from_change(change, self.better)
    }
}

impl fmt::Display for AgainstClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Above => "above its claim",
            Self::Within => "in line with its claim",
            Self::Below => "below its claim",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(better: Direction, low: Option<f64>, high: Option<f64>) -> Claim {
        Claim { text: String::new(), metric: "memory".to_owned(), better, low, high }
    }

    /// The bounds of a metric that changed by between `low` and `high`.
    fn changed(low: f64, high: f64, better: Direction) -> Interval {
        let ends = [low, high].map(|end| LogRatio::from_change(Change(end), better).0);
        Interval { low: ends[0].min(ends[1]), high: ends[0].max(ends[1]) }
    }

    #[test]
    fn a_measurement_is_compared_in_the_claim_s_own_direction() {
        use AgainstClaim::{Above, Below, Within};
        use Direction::{Higher, Lower};
        for (better, claimed, measured, expected) in [
            (Lower, (0.25, 0.25), (-0.9995, -0.998), Above),
            (Lower, (0.25, 0.25), (-0.30, -0.20), Within),
            (Lower, (0.50, 0.50), (-0.40, -0.30), Below),
            (Lower, (0.25, 0.25), (0.10, 0.30), Below),
            (Higher, (0.25, 0.30), (3.0, 4.0), Above),
            (Higher, (0.25, 0.30), (0.26, 0.28), Within),
            (Higher, (0.25, 0.30), (0.10, 0.20), Below),
        ] {
            let claim = claim(better, Some(claimed.0), Some(claimed.1));
            let found = claim.against(changed(measured.0, measured.1, better), better);
            assert_eq!(found, Some(expected), "{better:?}: claimed {claimed:?}, measured {measured:?}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_not() {
        let measured = Interval { low: 0.1, high: 0.2 };
        assert_eq!(claim(Direction::Higher, None, None).against(measured, Direction::Higher), None);
        assert_eq!(claim(Direction::Lower, Some(0.2), Some(0.2)).against(measured, Direction::Higher), None);
        let open_ended = claim(Direction::Higher, Some(0.5), None);
        assert_eq!(open_ended.against(measured, Direction::Higher), Some(AgainstClaim::Below));
        let unbounded = claim(Direction::Lower, Some(0.2), None).against(Interval::UNBOUNDED, Direction::Lower);
        assert_eq!(unbounded, Some(AgainstClaim::Within));
    }
}
