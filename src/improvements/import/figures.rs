//! Figures and subjects in prose: factors, percentages, durations, and the words that tell what a line is about.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::outline::pattern;
use crate::improvements::{Claim, Direction};

/// A figure, or two with a dash between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// `10x`, `~200-400x`: what is said to be so many times better. Bounds (`<2.5x`) are not.
pub(super) fn factor(text: &str) -> Option<Range> {
    static FACTOR: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?:^\s*|[^\w.<>≤≥=\s]|[^<>≤≥=\s]\s+)~?(\d[\d,]*(?:\.\d+)?)(?:\s*[-–]\s*(\d[\d,]*(?:\.\d+)?))?\s?[x×](?:\W|$)",
        )
    });
    range(&FACTOR, text)
}

/// `+25-30%`, `97%`. Bounds (`<5%`) are not.
pub(super) fn percent(text: &str) -> Option<Range> {
    static PERCENT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?:^\s*|[^\w.<>≤≥=\s]|[^<>≤≥=\s]\s+)~?[+\-−]?(\d+(?:\.\d+)?)(?:\s*[-–]\s*(\d+(?:\.\d+)?))?\s?%")
    });
    range(&PERCENT, text)
}

/// A duration in seconds: `~200ms`, `2-3ms`.
pub(super) fn seconds(text: &str) -> Option<Range> {
    static DURATION: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?:^\s*|[^\w.<>≤≥=\s]|[^<>≤≥=\s]\s+)~?(\d+(?:\.\d+)?)(?:\s*[-–]\s*(\d+(?:\.\d+)?))?\s?(ns|µs|μs|us|ms|s|sec|seconds)\b",
        )
    });
    let found = DURATION.captures(text)?;
    let unit = match found.get(3)?.as_str() {
        "ns" => 1e-9,
        "µs" | "μs" | "us" => 1e-6,
        "ms" => 1e-3,
        _ => 1.0,
    };
    let Range { low, high } = captured(&found)?;
    Some(Range { low: low * unit, high: high * unit })
}

/// The first plain number: `32 identified`, `100,000+ TPS`.
pub(super) fn number(text: &str) -> Option<f64> {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d[\d,]*(?:\.\d+)?)"));
    parse(NUMBER.captures(text)?.get(1)?.as_str())
}

/// Every whole number in `text`.
pub(super) fn whole_numbers(text: &str) -> Vec<usize> {
    static WHOLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d[\d,]*"));
    WHOLE.find_iter(text).filter_map(|found| found.as_str().replace(',', "").parse().ok()).collect()
}

/// A number written in figures or, up to twelve, in words.
pub(super) fn count_in_words(text: &str) -> Option<usize> {
    const WORDS: [&str; 12] =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let text = text.to_lowercase();
    WORDS.iter().position(|word| *word == text).map(|at| at + 1).or_else(|| text.replace(',', "").parse().ok())
}

/// What a line is about: its words without endings, small words and signs. `SchemaCache` is about schemas and caches.
pub(super) fn subjects(text: &str) -> BTreeSet<String> {
    const SMALL: &[&str] = &[
        "a", "an", "the", "of", "in", "on", "at", "to", "for", "and", "or", "with", "without", "not", "no", "all",
        "any", "is", "are", "be", "been", "via", "by", "from", "vs", "need", "needed", "needs", "under", "over", "as",
        "per", "must", "have", "has", "into", "its", "it",
    ];
    static WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"\p{Lu}+(?:\p{Ll}+)?|\p{Ll}+|\d[\p{L}\d.,]*"));
    let words = WORD.find_iter(text).map(|word| word.as_str().to_lowercase());
    let stem = |word: String| {
        let word = word.trim_end_matches(['.', ',']);
        let endings = ["ings", "ing", "ed", "es", "s", "e"];
        let cut = endings.iter().find_map(|ending| word.strip_suffix(ending).filter(|rest| rest.len() >= 3));
        cut.unwrap_or(word).to_owned()
    };
    words.filter(|word| !SMALL.contains(&word.as_str())).map(stem).collect()
}

/// Every figure of a line with its unit: `10%`, `50k`.
pub(super) fn with_units(text: &str) -> BTreeSet<String> {
    static UNIT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d[\d,]*(?:\.\d+)?\s?(?:%|[a-zA-Zµμ]{1,3}\b)?"));
    UNIT.find_iter(text).map(|found| found.as_str().replace([' ', ','], "").to_lowercase()).collect()
}

/// A promise as a claim: the words stay; a change that they give in figures is read from them.
pub(super) fn claim(text: &str, title: &str) -> Claim {
    static CHANGE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^([+\-−])(\d+(?:\.\d+)?)(?:\s*[-–]\s*(\d+(?:\.\d+)?))?\s?%\s*(.*)$"));
    let plain = |metric: &str| Claim {
        text: text.to_owned(),
        metric: metric_name(metric, title),
        better: Direction::Higher,
        low: None,
        high: None,
    };
    if let Some(found) = CHANGE.captures(text) {
        let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
        let better = if part(1) == "+" { Direction::Higher } else { Direction::Lower };
        let low = parse(part(2)).map(|percent| percent / 100.0);
        let high = parse(part(3)).map(|percent| percent / 100.0).or(low);
        let possible = better == Direction::Higher || high.is_none_or(|high| high <= 1.0);
        let sound = possible && low <= high;
        return Claim { better, low: low.filter(|_| sound), high: high.filter(|_| sound), ..plain(part(4)) };
    }
    if let Some(Range { low, high }) = factor(text).filter(|range| range.low >= 1.0 && range.low <= range.high) {
        // Ten times as much is nine times more.
        return Claim { low: Some(low - 1.0), high: Some(high - 1.0), ..plain(&after_factor(text)) };
    }
    plain(text.strip_prefix("Better ").filter(|rest| rest.len() < 40).unwrap_or(title))
}

fn after_factor(text: &str) -> String {
    let rest = text.split_once(['x', '×']).map_or("", |(_, rest)| rest).trim();
    rest.split(['(', ',', ';']).next().unwrap_or_default().trim().trim_matches('*').to_owned()
}

fn metric_name(words: &str, title: &str) -> String {
    let name = if words.trim().is_empty() { title } else { words };
    let name = name.trim().trim_matches(['*', '`']).to_lowercase();
    if name.is_empty() { "not named".to_owned() } else { name }
}

fn range(pattern: &Regex, text: &str) -> Option<Range> {
    captured(&pattern.captures(text)?)
}

fn captured(found: &regex::Captures<'_>) -> Option<Range> {
    let low = parse(found.get(1)?.as_str())?;
    let high = found.get(2).and_then(|high| parse(high.as_str())).unwrap_or(low);
    Some(Range { low, high })
}

fn parse(text: &str) -> Option<f64> {
    text.replace(',', "").parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_and_bounds_are_not() {
        let range = |low, high| Some(Range { low, high });
        assert_eq!(factor("~200-400x improvement (2-3ms → 0.01ms)"), range(200.0, 400.0));
        assert_eq!(factor("**10x**"), range(10.0, 10.0));
        assert_eq!(factor("<2.5x overhead"), None);
        assert_eq!(factor("0x3f and T205x"), None);
        assert_eq!(percent("+25-30% TPS"), range(25.0, 30.0));
        assert_eq!(percent("< 10% of it, or <5%"), None);
        assert_eq!(seconds("2-3ms per schema load"), range(0.002, 0.003));
        assert_eq!(seconds("~2s"), range(2.0, 2.0));
        assert_eq!(number("100,000+ TPS"), Some(100_000.0));
        assert_eq!(count_in_words("Five"), Some(5));
    }

    #[test]
    fn claims_keep_their_words() {
        let read = |text| {
            let claim = claim(text, "Title");
            assert_eq!(claim.text, text);
            (claim.metric, claim.better, claim.low, claim.high)
        };
        assert_eq!(read("+25-30% TPS"), ("tps".into(), Direction::Higher, Some(0.25), Some(0.30)));
        assert_eq!(read("-50% replication lag"), ("replication lag".into(), Direction::Lower, Some(0.5), Some(0.5)));
        assert_eq!(read("10x throughput improvement").2, Some(9.0));
        assert_eq!(read("Better modularity"), ("modularity".into(), Direction::Higher, None, None));
        assert_eq!(read("-150% of everything").2, None);
        assert_eq!(read("").0, "title");
    }

    #[test]
    fn subjects_have_no_endings() {
        let of = |text| subjects(text).into_iter().collect::<Vec<_>>();
        assert_eq!(of("Use SchemaCache in query paths"), ["cach", "path", "query", "schema", "use"]);
        assert!(subjects("Schema Caching").is_subset(&subjects("Use SchemaCache")));
        assert_eq!(of("All edge cases tested at 100M+"), ["100m", "cas", "edg", "test"]);
    }
}
