//! Quantities as types, so that a percentage is never added to a logarithm.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Nothing is known yet.
    pub const UNBOUNDED: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_shown_signed_with_three_digits() {
        let shown = |gain| Gain(gain).to_string();
        assert_eq!(shown(4.123), "+412 %");
        assert_eq!(shown(0.25), "+25.0 %");
        assert_eq!(shown(-0.012), "−1.20 %");
        assert_eq!(LogRatio::from_gain(Gain(1.0)).gain().to_string(), "+100 %");
    }
}
