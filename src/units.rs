//! Quantities as types, so that a percentage is never added to a logarithm.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

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

    /// exp(self) − 1.
    pub fn gain(self) -> Gain {
        Gain(self.0.exp_m1())
    }
}

/// A relative change as a fraction: 0.25 is shown as `+25.0 %`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Gain(pub f64);

impl fmt::Display for Gain {
    /// Three significant digits, always signed: `+412 %`, `+25.0 %`, `−1.20 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.0 * 100.0;
        let sign = if percent < 0.0 { '−' } else { '+' };
        let size = percent.abs();
        let digits = if size >= 100.0 {
            0
        } else if size >= 10.0 {
            1
        } else {
            2
        };
        write!(f, "{sign}{size:.digits$} %")
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

impl fmt::Display for Interval {
    /// As gains: `[+398 %, +431 %]`; an open end is `…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |end: f64| if end.is_finite() { LogRatio(end).gain().to_string() } else { "…".to_owned() };
        write!(f, "[{}, {}]", end(self.low), end(self.high))
    }
}

impl Interval {
    /// Nothing is known yet.
    pub const UNBOUNDED: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
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
    fn gains_are_shown_signed_with_three_digits() {
        let shown = |gain| Gain(gain).to_string();
        assert_eq!(shown(4.123), "+412 %");
        assert_eq!(shown(0.25), "+25.0 %");
        assert_eq!(shown(-0.012), "−1.20 %");
        assert_eq!(LogRatio::from_gain(Gain(1.0)).gain().to_string(), "+100 %");
    }
}
