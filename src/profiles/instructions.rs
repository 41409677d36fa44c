//! What a change of instructions says beside a change of the metric.

use super::difference::INSTRUCTIONS_SHARE_MIN;
use crate::units::Interval;

/// The relation of both, in words. `change` is B / A − 1 of the instructions; `gain` the bounds of the metric's log-ratio, positive is
/// better.
pub fn told(change: f64, gain: Option<Interval>, metric: &str) -> String {
    let instructions = if change.abs() <= INSTRUCTIONS_SHARE_MIN {
        "the same instructions"
    } else if change < 0.0 {
        "fewer instructions"
    } else {
        "more instructions"
    };
    let (low, high) = match gain {
        Some(gain) => (gain.low, gain.high),
        None => return format!("{instructions}; {metric} was not measured"),
    };
    let metric = match metric {
        "tps" => "TPS",
        other => other,
    };
    match (change, low > 0.0, high < 0.0) {
        (change, false, false) if change < -INSTRUCTIONS_SHARE_MIN => {
            format!("{instructions}, same {metric}: memory- or lock-bound")
        }
        (_, false, false) => format!("{instructions}, same {metric}"),
        (change, true, _) if change >= -INSTRUCTIONS_SHARE_MIN => {
            format!("{instructions}, better {metric}: what it saves is waiting or memory, not instructions")
        }
        (_, true, _) => format!("{instructions}, better {metric}"),
        (change, _, true) if change < -INSTRUCTIONS_SHARE_MIN => {
            format!("{instructions}, worse {metric}: what it costs is waiting or memory, not instructions")
        }
        (_, _, true) => format!("{instructions}, worse {metric}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_has_its_words() {
        let gain = |low, high| Some(Interval { low, high });
        let (same, better, worse) = (gain(-0.02, 0.03), gain(0.1, 0.3), gain(-0.3, -0.1));
        assert_eq!(told(-0.1, same, "tps"), "fewer instructions, same TPS: memory- or lock-bound");
        assert_eq!(told(-0.1, better, "tps"), "fewer instructions, better TPS");
        assert_eq!(told(0.0004, same, "tps"), "the same instructions, same TPS");
        let waiting = "better TPS: what it saves is waiting or memory, not instructions";
        assert_eq!(told(0.2, better, "tps"), format!("more instructions, {waiting}"));
        assert_eq!(told(-0.0005, better, "tps"), format!("the same instructions, {waiting}"));
        assert_eq!(told(0.2, worse, "p99"), "more instructions, worse p99");
        assert!(told(-0.2, worse, "p99").starts_with("fewer instructions, worse p99: what it costs is waiting"));
        assert_eq!(told(-0.2, None, "tps"), "fewer instructions; tps was not measured");
    }
}
