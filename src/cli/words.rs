//! The register's closed words as arguments, so that `--help` lists them and a misspelt one is suggested.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::agents::facts::Doing;
use crate::improvements::{Direction, Priority, Status};

impl ValueEnum for Status {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Planned, Self::InProgress, Self::Complete, Self::Blocked, Self::Cancelled]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Planned => PossibleValue::new("planned"),
            Self::InProgress => PossibleValue::new("in-progress").aliases(["in progress", "inprogress"]),
            Self::Complete => PossibleValue::new("complete"),
            Self::Blocked => PossibleValue::new("blocked"),
            Self::Cancelled => PossibleValue::new("cancelled"),
        })
    }
}

impl ValueEnum for Doing {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Working, Self::Waiting, Self::NeedsInput]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Working => PossibleValue::new("working"),
            Self::Waiting => PossibleValue::new("waiting"),
            Self::NeedsInput => PossibleValue::new("needs-input"),
        })
    }
}

impl ValueEnum for Direction {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Higher, Self::Lower]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        }))
    }
}

impl ValueEnum for Priority {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Critical, Self::High, Self::Medium, Self::Low]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }))
    }
}
