//! `target.adapter`: how a program is measured that does not speak the driver protocol.
//!
//! Nothing about the run is hidden here: the command line stands in the file as it is executed, with these places:
//!
//! | place        | stands for |
//! |---|---|
//! | `{program}`  | the arm's binary |
//! | `{workload}` | the trial's workload: for a bench harness the bench's id |
//! | `{filter}`   | the same as a regular expression that matches nothing else |
//! | `{out}`      | a file in the run's own folder; where it is used, it is read instead of stdout |
//! | `{features}` | the arm's features with commas between |
//! | `{name}`     | the trial's parameter of that name |

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Config;
use crate::units::Direction;
use crate::yaml::{Document, Faults};

/// How a program is measured that does not speak the driver protocol: each run of it is a process of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adapter {
    /// What its output is.
    pub reads: Reads,
    /// The program and its arguments, with `{program}`, `{workload}`, `{filter}`, `{out}`, `{features}` and the names of
    /// the trials' parameters in braces.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// What `reads: pattern` looks for; for `reads: bmf` the measures besides `latency` and `throughput`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
    /// A command with the same places that looks at the answers at the end of each process of a pair, and fails when
    /// they are wrong. Without it no answer is checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub check: Vec<String>,
}

/// What a program's output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Reads {
    /// Nothing is read: `time_ns` and `cpu_ns` of the process itself.
    Process,
    /// What criterion leaves in its folder: `time_ns` (its slope, or its mean) and `median_ns`.
    Criterion,
    /// The table that divan prints: `time_ns` (its median), `mean_ns` and `fastest_ns`.
    Divan,
    /// What hyperfine exports as JSON: `time_ns` (its mean), `median_ns` and `cpu_ns`.
    Hyperfine,
    /// Bencher Metric Format: `latency`, `throughput` and the figures named.
    Bmf,
    /// Text in which patterns find the figures named.
    Pattern,
}

/// A figure in a program's output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The metric's name, as trials use it.
    #[schemars(length(min = 1))]
    pub name: String,
    /// A regular expression whose first group is the number; only for `reads: pattern`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pattern: String,
    /// What the number counts. Times become nanoseconds.
    pub unit: FigureUnit,
    /// Which way it improves.
    #[serde(default = "lower")]
    pub better: Direction,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FigureUnit {
    /// Nanoseconds.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// Microseconds.
    #[serde(rename = "us")]
    Microseconds,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Events a second.
    #[serde(rename = "1/s")]
    PerSecond,
    /// Bytes.
    #[serde(rename = "bytes")]
    Bytes,
    /// A plain number of things.
    #[serde(rename = "count")]
    Count,
}

impl Adapter {
    /// Whether the harness inside the program can list its benches by itself.
    pub fn lists_benches(&self) -> bool {
        let own_harness = self.command.first().is_some_and(|first| first == "{program}");
        own_harness && matches!(self.reads, Reads::Criterion | Reads::Divan)
    }
}

/// What is wrong with the adapter, beyond its shape.
pub(super) fn check(document: &Document<Config>, faults: &mut Faults) {
    let Some(adapter) = &document.value.target.adapter else { return };
    let mut fault = |path: &str, message: &str, help: &str| {
        let path = format!("target.adapter.{path}");
        faults.push(document.fault(&path, message).code("config::adapter").help(help));
    };
    if adapter.reads == Reads::Pattern && adapter.figures.is_empty() {
        fault(
            "reads",
            "`reads: pattern` needs `figures` to look for",
            "figures: [{name: time_ns, pattern: 'took ([0-9.]+) ms', unit: ms}]",
        );
    }
    let takes_figures = matches!(adapter.reads, Reads::Pattern | Reads::Bmf);
    if !takes_figures && !adapter.figures.is_empty() {
        fault(
            "figures",
            "only `reads: pattern` and `reads: bmf` take figures",
            "remove them: the other readers know theirs",
        );
    }
    for (index, figure) in adapter.figures.iter().enumerate().filter(|_| adapter.reads == Reads::Pattern) {
        let path = format!("figures.{index}.pattern");
        match Regex::new(&figure.pattern) {
            Ok(pattern) if pattern.captures_len() < 2 => {
                fault(&path, "the pattern has no group", "put the number into parentheses: 'took ([0-9.]+) ms'");
            }
            Ok(_) => {}
            Err(error) => fault(
                &path,
                &format!("not a regular expression: {error}"),
                "see https://docs.rs/regex/latest/regex/#syntax",
            ),
        }
    }
    let target = &document.value.target;
    let shared = target.test_profile.as_ref().is_none_or(|profile| *profile == target.profile);
    if shared && !target.tests.is_empty() && target.command.is_empty() {
        let message =
            "`target.tests` need a profile of their own: what was built of the arms is removed before each build";
        let fault = document.fault("target.tests", message).code("config::adapter");
        faults.push(fault.help("write `test_profile: dev`"));
    }
}

fn lower() -> Direction {
    Direction::Lower
}
