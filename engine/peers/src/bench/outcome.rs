//! What one block found out: a line of JSON, so that blocks of several runs can be put into one table.

use serde::{Deserialize, Serialize};

use super::plan::Cell;

/// One block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The question.
    pub cell: Cell,
    /// Who.
    pub entrant: String,
    /// Rounds are told apart by the run's seed and their number.
    pub round: String,
    /// What was measured; or what went wrong.
    #[serde(flatten)]
    pub result: Result,
}

/// How a block ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Result {
    /// The figures; every check held.
    Measured(Figures),
    /// No figures, and why.
    Failed(String),
}

/// The figures of a block.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Acknowledged transactions per second; of a load, rows.
    pub per_second: f64,
    /// CPU time of the process per transaction, in µs; of a load, per row.
    pub cpu_us: f64,
    /// Median latency in µs.
    pub p50_us: f64,
    /// 99th percentile of the latency in µs.
    pub p99_us: f64,
    /// Rows per second of the load before it.
    pub load_per_second: f64,
    /// Logical transactions per write transaction, where they are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<f64>,
    /// Peak memory of the process, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_mb: Option<f64>,
}

impl Outcome {
    /// It in a line, for who waits.
    pub fn line(&self) -> String {
        let Outcome { cell, entrant, round, result } = self;
        let figures = match result {
            Result::Measured(figures) => format!("{:>9.0}/s", figures.per_second),
            Result::Failed(why) => format!("failed: {why}"),
        };
        format!("{} · round {round} · {entrant:<18} {figures}", cell.title())
    }

    /// The figures, if there are any.
    pub fn figures(&self) -> Option<&Figures> {
        match &self.result {
            Result::Measured(figures) => Some(figures),
            Result::Failed(_) => None,
        }
    }
}
