//! Quantities as types, so that a percentage is never added to a logarithm, and nobody reads a saving as a loss.
//!
//! ```text
//!                      ┌── gain() ──────────▶ Gain    by how much it is better, as a factor − 1: what is required
//!  LogRatio, Interval ─┤                              (24 MB → 26 KB: 922.08)
//!  positive is better  └── change(better) ──▶ Change  by how much the metric itself changed: what people are shown
//!                                                     (24 MB → 26 KB: −0.9989, shown as `−99.9 %`)
//! ```
//! Where more is better the two are the same number. Rules compare log-ratios and store them; only a [`Change`] can be
//! shown, and none is had without saying which way the metric improves.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// Which way a metric improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// More is better.
    #[default]
    Higher,
    /// Less is better.
    Lower,
}

impl Direction {
    /// A metric's name, with a remark where a minus is good news: `tps`, `p99 (less is better)`.
    pub fn beside(self, metric: &str) -> String {
        match self {
            Self::Higher => metric.to_owned(),
            Self::Lower => format!("{metric} (less is better)"),
        }
    }
}

/// The natural logarithm of a ratio, oriented so that positive is better. The unit in which pairs are compared and
/// averaged: a doubling and a halving are equally far from zero.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogRatio(pub f64);

impl LogRatio {
    /// ln(1 + gain).
    pub fn from_gain(gain: Gain) -> Self {
        Self(gain.0.ln_1p())
    }

    /// What is better by this much when the metric itself changes by `change`.
    pub fn from_change(change: Change, better: Direction) -> Self {
        match better {
            Direction::Higher => Self(change.0.ln_1p()),
            Direction::Lower => Self(-change.0.ln_1p()),
        }
    }

    /// exp(self) − 1: by how much it is better.
    pub fn gain(self) -> Gain {
        Gain(self.0.exp_m1())
    }

    /// By how much the metric itself changed.
    pub fn change(self, better: Direction) -> Change {
        match better {
            Direction::Higher => Change(self.0.exp_m1()),
            Direction::Lower => Change((-self.0).exp_m1()),
        }
    }

    /// The metric's change for a place that does not name the metric: `+412 %`, but `−99.9 % (better)` where a minus
    /// is good news.
    pub fn told(self, better: Direction) -> String {
        let change = self.change(better);
        match better {
            Direction::Lower if self.0 > 0.0 => format!("{change} (better)"),
            Direction::Lower if self.0 < 0.0 => format!("{change} (worse)"),
            Direction::Lower | Direction::Higher => change.to_string(),
        }
    }
}

/// By how much something is better, as a fraction: 0.25 is 1.25 times as good, which is a quarter more where more is
/// better and a fifth less where less is. People are shown the change of the metric that it means.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Gain(pub f64);

impl Gain {
    /// The change of a metric that is this gain.
    pub fn change(self, better: Direction) -> Change {
        match better {
            Direction::Higher => Change(self.0),
            Direction::Lower => Change((1.0 + self.0).recip() - 1.0),
        }
    }
}

/// The relative change of a metric itself as a fraction, B / A − 1: 0.25 is shown as `+25.0 %`. Whether that is good
/// news depends on the metric.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Change(pub f64);

impl fmt::Display for Change {
    /// Three significant digits, always signed: `+412 %`, `+25.0 %`, `−1.20 %`. What is almost gone keeps a digit of
    /// what is left: `−99.9 %`, `−99.997 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.0 * 100.0;
        let sign = if percent < 0.0 { '−' } else { '+' };
        let size = percent.abs();
        let left = 100.0 + percent;
        let digits = if percent < 0.0 && left > 0.0 && left < 1.0 {
            (-left.log10().floor()).clamp(1.0, 9.0) as usize
        } else if size >= 100.0 {
            0
        } else if size >= 10.0 {
            1
        } else {
            2
        };
        write!(f, "{sign}{size:.digits$} %")
    }
}

/// An estimate and its bounds as changes of the metric itself, the smaller end first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effect {
    /// The estimate.
    pub estimate: Change,
    /// The smaller end: for a metric where less is better, the best case. Absent while unbounded.
    pub low: Option<Change>,
    /// The greater end.
    pub high: Option<Change>,
}

impl Effect {
    /// The bounds alone: `[+398 %, +431 %]`; an open end is `…`.
    pub fn bounds(&self) -> String {
        let end = |end: Option<Change>| end.map_or_else(|| "…".to_owned(), |change| change.to_string());
        format!("[{}, {}]", end(self.low), end(self.high))
    }
}

impl fmt::Display for Effect {
    /// `+412 % [+398 %, +431 %]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.estimate, self.bounds())
    }
}

/// A two-sided interval on the log scale; an end not yet bounded is infinite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    #[serde(deserialize_with = "bounded_below")]
    pub low: f64,
    /// Upper end.
    #[serde(deserialize_with = "bounded_above")]
    pub high: f64,
}

/// JSON has no infinity: an end not yet bounded is written as `null`.
fn bounded_below<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NEG_INFINITY))
}

fn bounded_above<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
}

impl Interval {
    /// Nothing is known yet.
    pub const UNBOUNDED: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// Whether nothing may be the truth.
    pub fn covers_zero(self) -> bool {
        self.low <= 0.0 && 0.0 <= self.high
    }

    /// Its ends as gains, from the least to the greatest; absent while unbounded.
    pub fn gains(self) -> [Option<Gain>; 2] {
        [self.low, self.high].map(|end| end.is_finite().then(|| LogRatio(end).gain()))
    }

    /// `estimate` with these bounds, as changes of the metric. Where less is better the ends change places.
    pub fn effect(self, estimate: LogRatio, better: Direction) -> Effect {
        let end = |end: f64| end.is_finite().then(|| LogRatio(end).change(better));
        let (low, high) = match better {
            Direction::Higher => (end(self.low), end(self.high)),
            Direction::Lower => (end(self.high), end(self.low)),
        };
        Effect { estimate: estimate.change(better), low, high }
    }
}

/// The shortest slice, in milliseconds.
pub const SLICE_MS_MIN: u64 = 10;

/// `1 file`, `6 files`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A whole number with its digits in groups of three, by narrow no-break spaces: `1 234 567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unbounded_interval_survives_json() {
        let text = serde_json::to_string(&Interval::UNBOUNDED).unwrap();
        assert_eq!(serde_json::from_str::<Interval>(&text).unwrap(), Interval::UNBOUNDED);
        let half = Interval { low: -0.5, high: f64::INFINITY };
        assert_eq!(serde_json::from_str::<Interval>(&serde_json::to_string(&half).unwrap()).unwrap(), half);
    }

    #[test]
    fn changes_are_shown_signed_with_three_digits() {
        let shown = |change| Change(change).to_string();
        assert_eq!(shown(4.123), "+412 %");
        assert_eq!(shown(0.25), "+25.0 %");
        assert_eq!(shown(-0.012), "−1.20 %");
        assert_eq!(shown(-0.9), "−90.0 %");
        assert_eq!(shown(0.0), "+0.00 %");
    }

    #[test]
    fn what_is_almost_gone_is_not_shown_as_gone() {
        let shown = |change| Change(change).to_string();
        assert_eq!(shown(26.0 / 24_000.0 - 1.0), "−99.9 %");
        assert_eq!(shown(-0.999_97), "−99.997 %");
        assert_eq!(shown(-1.0), "−100 %");
    }

    #[test]
    fn a_metric_that_should_fall_is_shown_falling() {
        let ratio = LogRatio((24_000.0_f64 / 26.0).ln());
        assert_eq!(ratio.change(Direction::Lower).to_string(), "−99.9 %");
        assert_eq!(ratio.told(Direction::Lower), "−99.9 % (better)");
        assert_eq!(LogRatio(-0.03).told(Direction::Lower), "+3.05 % (worse)");
        assert_eq!(LogRatio(0.03).told(Direction::Higher), "+3.05 %");
        assert!((ratio.gain().0 - 922.08).abs() < 0.01, "the gain is the factor it was before");
        assert_eq!(Gain(0.25).change(Direction::Lower).to_string(), "−20.0 %", "a fifth less is a quarter better");
        assert_eq!(Gain(-0.03).change(Direction::Lower).to_string(), "+3.09 %");
        let back = LogRatio::from_change(ratio.change(Direction::Lower), Direction::Lower);
        assert!((back.0 - ratio.0).abs() < 1e-9);
    }

    #[test]
    fn the_smaller_end_comes_first_whichever_way_is_better() {
        let bounds = Interval { low: 2.0_f64.ln(), high: 4.0_f64.ln() };
        let shown = |bounds: Interval, better| bounds.effect(LogRatio(3.0_f64.ln()), better).to_string();
        assert_eq!(shown(bounds, Direction::Higher), "+200 % [+100 %, +300 %]");
        assert_eq!(shown(bounds, Direction::Lower), "−66.7 % [−75.0 %, −50.0 %]");
        let open = Interval { high: f64::INFINITY, ..bounds };
        assert_eq!(shown(open, Direction::Higher), "+200 % [+100 %, …]");
        assert_eq!(shown(open, Direction::Lower), "−66.7 % […, −50.0 %]", "it may have fallen by any part");
        assert_eq!(open.gains(), [Some(Gain(1.0)), None], "gains keep their order");
    }
}
