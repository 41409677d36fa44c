//! How a driver describes its workloads: what they measure and what may be set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One workload a driver can run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkloadSpec {
    /// Its name, as given to `load`.
    pub name: String,
    /// One line for people.
    #[serde(default)]
    pub summary: String,
    /// The keys of [`super::SliceDone::values`].
    #[serde(default)]
    pub metrics: Vec<MetricSpec>,
    /// The parameters it takes, by name.
    #[serde(default)]
    pub params: BTreeMap<String, ParamSpec>,
}

/// One measured quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricSpec {
    /// Key in [`super::SliceDone::values`].
    pub name: String,
    /// What it is counted in.
    pub unit: Unit,
    /// Which way is good.
    pub better: Better,
}

impl MetricSpec {
    /// A metric of which more is better.
    pub fn higher(name: &str, unit: Unit) -> Self {
        MetricSpec { name: name.into(), unit, better: Better::Higher }
    }

    /// A metric of which less is better.
    pub fn lower(name: &str, unit: Unit) -> Self {
        MetricSpec { name: name.into(), unit, better: Better::Lower }
    }
}

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// The unit of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Events per second.
    #[serde(rename = "1/s")]
    PerSecond,
    /// Nanoseconds.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// Bytes.
    #[serde(rename = "bytes")]
    Bytes,
    /// A plain number of things.
    #[serde(rename = "count")]
    Count,
    /// A ratio of two like quantities.
    #[serde(rename = "ratio")]
    Ratio,
    /// Any other, shown as written.
    #[serde(untagged)]
    Other(String),
}

/// One parameter: what it is for, what it may be, what it is when not given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParamSpec {
    /// What it may be.
    #[serde(flatten)]
    pub kind: ParamKind,
    /// What it is when not given.
    pub default: Value,
    /// One line for people.
    #[serde(default)]
    pub help: String,
}

/// What a parameter may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ParamKind {
    /// A whole number within bounds, both included.
    Integer {
        /// Least value.
        min: u64,
        /// Greatest value.
        max: u64,
    },
    /// A real number within bounds, both included.
    Number {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// One of a few words.
    Choice {
        /// The words.
        choices: Vec<String>,
    },
    /// Any text.
    Text,
    /// True or false.
    Flag,
}

impl ParamSpec {
    /// A whole number from `min` to `max`.
    pub fn integer(default: u64, min: u64, max: u64, help: &str) -> Self {
        ParamSpec { kind: ParamKind::Integer { min, max }, default: default.into(), help: help.into() }
    }

    /// A real number from `min` to `max`.
    pub fn number(default: f64, min: f64, max: f64, help: &str) -> Self {
        ParamSpec { kind: ParamKind::Number { min, max }, default: default.into(), help: help.into() }
    }

    /// One of `choices`.
    pub fn choice(default: &str, choices: &[&str], help: &str) -> Self {
        let choices = choices.iter().map(|c| (*c).to_owned()).collect();
        ParamSpec { kind: ParamKind::Choice { choices }, default: default.into(), help: help.into() }
    }

    /// Any text.
    pub fn text(default: &str, help: &str) -> Self {
        ParamSpec { kind: ParamKind::Text, default: default.into(), help: help.into() }
    }

    /// True or false.
    pub fn flag(default: bool, help: &str) -> Self {
        ParamSpec { kind: ParamKind::Flag, default: default.into(), help: help.into() }
    }
}
