//! Did the claimed mechanism fire, and only where it should? The answer is in the target's own counters.

use crate::improvements::Mechanism;
use crate::lab::experiment::{Pair, Run, Side};

use super::standing::counting;

/// The mechanism's figure in both arms over the main workload's decision run. `None`: the counters are not there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// Without the feature.
    pub off: Option<f64>,
    /// With it.
    pub on: Option<f64>,
}

/// Sums the counters of all pairs that count, then forms the figure.
pub fn figure(mechanism: &Mechanism, pairs: &[Pair]) -> Figure {
    Figure { off: of_side(mechanism, pairs, Side::A), on: of_side(mechanism, pairs, Side::B) }
}

impl Figure {
    /// Both, when both are there.
    pub fn both(self) -> Option<(f64, f64)> {
        self.off.zip(self.on)
    }

    /// What contradicts the claim, in words.
    pub fn contradiction(self, mechanism: &Mechanism) -> Option<String> {
        let arms = [(Side::A, "off", self.off, mechanism.off), (Side::B, "on", self.on, mechanism.on)];
        arms.into_iter().find_map(|(side, state, figure, bounds)| {
            let name = &mechanism.figure;
            match figure {
                None => Some(format!("{name} cannot be formed in arm {side} ({state}): {}", missing(mechanism))),
                Some(value) if !bounds.contains(value) => {
                    let wanted = bounds.told(|end| end.to_string());
                    Some(format!("{name} is {value:.3} in arm {side} ({state}), where {wanted} was claimed"))
                }
                Some(_) => None,
            }
        })
    }
}

fn missing(mechanism: &Mechanism) -> String {
    match &mechanism.per {
        None => format!("the driver reports no counter `{}`", mechanism.counter),
        Some(per) => format!("the driver reports no counter `{}`, or `{per}` stayed at zero", mechanism.counter),
    }
}

fn of_side(mechanism: &Mechanism, pairs: &[Pair], side: Side) -> Option<f64> {
    let sum = |counter: &str| {
        let readings = counting(pairs, 0, Run::Decision).filter_map(|pair| pair.arm(side).counters.get(counter));
        readings.copied().reduce(|sum, reading| sum + reading).map(|sum| sum as f64)
    };
    let numerator = sum(&mechanism.counter)?;
    match &mechanism.per {
        None => Some(numerator),
        Some(per) => sum(per).filter(|&denominator| denominator > 0.0).map(|denominator| numerator / denominator),
    }
}
