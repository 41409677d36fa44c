//! Words and numbers as people read them, the same in every report.

use crate::lab::experiment::{Outcome, Ruling, Verdict};
use crate::lab::screen::effects::Standing;
use crate::units::{Gain, LogRatio, grouped};

/// What a decision run says of a workload.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Open => "open",
        Outcome::Gain => "gain",
        Outcome::LikelyGain => "likely gain",
        Outcome::TooLittle => "too little",
        Outcome::NonInferior => "not worse",
        Outcome::NotShownWorse => "not shown worse",
        Outcome::Regressed => "regressed",
        Outcome::Still => "still",
        Outcome::NotShownMoving => "not shown moving",
        Outcome::Moved => "moved",
        Outcome::Better => "better",
        Outcome::Worse => "worse",
        Outcome::Same => "no difference shown",
    }
}

/// What an effect of a screen is taken for; of several improvements, `together`.
pub fn standing(standing: Standing, together: bool, effect: LogRatio) -> &'static str {
    match (standing, together, effect.0 < 0.0) {
        (Standing::Active, false, false) => "acts",
        (Standing::Active, false, true) => "harms",
        (Standing::Likely, false, false) => "may act",
        (Standing::Likely, false, true) => "may harm",
        (Standing::Active, true, false) => "synergy",
        (Standing::Active, true, true) => "conflict",
        (Standing::Likely, true, false) => "synergy?",
        (Standing::Likely, true, true) => "conflict?",
        (Standing::Quiet, _, _) => "not told from noise",
    }
}

/// What is found of an improvement that a stack was measured without. `margin` is the loss that does not matter.
pub fn left_out(ruling: &Ruling, margin: Gain) -> &'static str {
    let at_most = ruling.decision.first().map_or(f64::INFINITY, |standing| standing.bounds.high);
    match ruling.verdict {
        Verdict::Proven | Verdict::Accepted => "needed",
        Verdict::Rejected if at_most < 0.0 => "harmful",
        Verdict::Rejected if at_most < LogRatio::from_gain(margin).0 => "redundant",
        Verdict::Rejected => "brings too little",
        Verdict::Inconclusive => "undecided",
        Verdict::Broken => "broken",
        Verdict::Better | Verdict::Worse | Verdict::Same => "–",
    }
}

/// A figure in the unit that its name tells: `p99` is a time in ns, `…_bytes` a size; anything else a number.
pub fn figure(name: &str, value: f64) -> String {
    let is_percentile =
        name.strip_prefix('p').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    let (scales, unit): (&[(f64, &str)], &str) = if is_percentile || name.ends_with("_ns") {
        (&[(1e9, " s"), (1e6, " ms"), (1e3, " µs")], " ns")
    } else if name.ends_with("_bytes") {
        (&[(1_073_741_824.0, " GiB"), (1_048_576.0, " MiB"), (1_024.0, " KiB")], " B")
    } else {
        (&[], "")
    };
    let (size, unit) = scales.iter().find(|(size, _)| value.abs() >= *size).copied().unwrap_or((1.0, unit));
    format!("{}{unit}", number(value / size))
}

/// Four significant digits, whole above a thousand, thousands apart: `36 201`, `7.101`.
pub fn number(value: f64) -> String {
    let digits = if value == 0.0 { 0 } else { (3 - value.abs().log10().floor() as i32).clamp(0, 9) };
    let text = format!("{value:.*}", digits.unsigned_abs() as usize);
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("−", whole));
    let whole = format!("{sign}{}", whole.parse().map_or_else(|_| whole.to_owned(), grouped));
    match rest.map(|rest| rest.trim_end_matches('0')).filter(|rest| !rest.is_empty()) {
        Some(rest) => format!("{whole}.{rest}"),
        None => whole,
    }
}

/// The first twelve digits of a hash.
pub fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits_and_their_unit() {
        assert_eq!(number(36_201.4), "36\u{202f}201");
        assert_eq!(number(1_234_567.0), "1\u{202f}234\u{202f}567");
        assert_eq!(number(7.1), "7.1");
        assert_eq!(number(0.012_345), "0.01235");
        assert_eq!(number(-950.25), "−950.2");
        assert_eq!(number(0.0), "0");
        assert_eq!(figure("p99", 4_912_000.0), "4.912 ms");
        assert_eq!(figure("p999", 512.0), "512 ns");
        assert_eq!(figure("peak_memory_bytes", 1.5 * 1_073_741_824.0), "1.5 GiB");
        assert_eq!(figure("pages", 12.0), "12");
        assert_eq!(figure("tps", 50_000.0), "50\u{202f}000");
    }
}
