//! The filter of the Register: words that must all hold.
//!
//! ```text
//! status:blocked agent:1 phase:2 category:index verdict:proven gain>10 group commit
//! └── key:value, a prefix is enough ──────────────────────────┘ └─┬──┘ └─ in id or title
//!                                                          measured: better by so many percent
//! ```
//! A metric that fell by 20 %, and should, passes `gain>10`: the size is the one that is shown.
//!
//! A leading `-` turns a word round. What cannot be understood is named and left out; the rest still filters.

use super::facts::Row;
use crate::improvements::Direction;

/// Keys that take a value after a colon.
const KEYS: [&str; 7] = ["status", "agent", "phase", "category", "priority", "verdict", "id"];

/// A parsed filter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    words: Vec<Word>,
    /// What could not be understood, for the person typing.
    pub trouble: Option<String>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
struct Word {
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Status(String),
    Agent(u32),
    Phase(u32),
    Category(String),
    Priority(String),
    Verdict(String),
    Id(String),
    Gain(Comparison, f64),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Filter {
    /// Reads a filter; never fails.
    pub fn parse(text: &str) -> Self {
        let mut filter = Self::default();
        for word in text.split_whitespace() {
            let (negated, bare) = word.strip_prefix('-').map_or((false, word), |rest| (true, rest));
            match test(&bare.to_lowercase()) {
                Ok(Some(test)) => filter.words.push(Word { negated, test }),
                Ok(None) => {}
                Err(trouble) => filter.trouble = filter.trouble.or(Some(trouble)),
            }
        }
        filter
    }

    /// Whether every row passes.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether the row passes.
    pub fn passes(&self, row: &Row) -> bool {
        self.words.iter().all(|word| word.test.holds(row) != word.negated)
    }
}

impl Test {
    fn holds(&self, row: &Row) -> bool {
        let starts = |shown: String, wanted: &str| shown.to_lowercase().replace(' ', "").starts_with(wanted);
        match self {
            Self::Status(wanted) => starts(row.progress.status.to_string(), wanted),
            Self::Agent(number) => row.entry.agents.contains(number),
            Self::Phase(number) => row.entry.phase == *number,
            Self::Category(wanted) => row.entry.category.0.to_lowercase().contains(wanted),
            Self::Priority(wanted) => starts(row.entry.priority.to_string(), wanted),
            Self::Verdict(wanted) if wanted == "none" => row.progress.verdicts.is_empty(),
            Self::Verdict(wanted) => row.verdict().is_some_and(|verdict| starts(verdict.to_string(), wanted)),
            Self::Id(wanted) => row.entry.id.0.to_lowercase().starts_with(wanted),
            Self::Gain(comparison, percent) => row.progress.measured.as_ref().is_some_and(|measured| {
                let change = measured.standing.estimate.change(measured.better).0 * 100.0;
                let gain = match measured.better {
                    Direction::Higher => change,
                    Direction::Lower => -change,
                };
                match comparison {
                    Comparison::Above => gain > *percent,
                    Comparison::AtLeast => gain >= *percent,
                    Comparison::Below => gain < *percent,
                    Comparison::AtMost => gain <= *percent,
                }
            }),
            Self::Text(wanted) => {
                contains(&row.entry.title, wanted) || row.entry.id.0.to_lowercase().contains(wanted.as_str())
            }
        }
    }
}

/// One word; `None` while its value is still being typed.
fn test(word: &str) -> Result<Option<Test>, String> {
    if let Some(rest) = word.strip_prefix("gain").filter(|rest| rest.starts_with(['>', '<'])) {
        return gain(word, rest);
    }
    let Some((key, value)) = word.split_once(':') else {
        return Ok((!word.is_empty()).then(|| Test::Text(word.to_owned())));
    };
    if !KEYS.contains(&key) {
        let near = KEYS.iter().find(|known| strsim::damerau_levenshtein(known, key) <= 2);
        let hint = near.map_or_else(|| format!("known: {}", KEYS.join(", ")), |near| format!("did you mean {near}?"));
        return Err(format!("no column {key}: {hint}"));
    }
    if value.is_empty() {
        return Ok(None);
    }
    let number = || value.parse().map_err(|_| format!("{key}: takes a number, not {value}"));
    let text = || value.to_owned();
    Ok(Some(match key {
        "status" => Test::Status(text()),
        "agent" => Test::Agent(number()?),
        "phase" => Test::Phase(number()?),
        "category" => Test::Category(text()),
        "priority" => Test::Priority(text()),
        "verdict" => Test::Verdict(text()),
        _ => Test::Id(text()),
    }))
}

fn gain(word: &str, rest: &str) -> Result<Option<Test>, String> {
    let (comparison, value) = if let Some(value) = rest.strip_prefix(">=") {
        (Comparison::AtLeast, value)
    } else if let Some(value) = rest.strip_prefix("<=") {
        (Comparison::AtMost, value)
    } else if let Some(value) = rest.strip_prefix('>') {
        (Comparison::Above, value)
    } else {
        (Comparison::Below, rest.trim_start_matches('<'))
    };
    match value.trim_end_matches('%') {
        "" | "-" | "+" => Ok(None),
        value => match value.parse::<f64>() {
            Ok(percent) => Ok(Some(Test::Gain(comparison, percent))),
            Err(_) => Err(format!("{word}: gain is compared with percent, as in gain>10")),
        },
    }
}

/// Whether `text` holds `wanted` (lower case already), without allocating for the usual ASCII title.
fn contains(text: &str, wanted: &str) -> bool {
    if text.is_ascii() && wanted.is_ascii() {
        return text.as_bytes().windows(wanted.len().max(1)).any(|part| part.eq_ignore_ascii_case(wanted.as_bytes()));
    }
    text.to_lowercase().contains(wanted)
}
