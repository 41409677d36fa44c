//! Bencher Metric Format: `{"bench": {"latency": {"value": 88.0, "lower_value": 87.4, "upper_value": 88.8}}}`.
//!
//! Latency is in nanoseconds and throughput in operations a second, as the format defines them; any other measure needs
//! a figure in workbench.yaml that says what it counts and which way it improves.

use std::collections::BTreeMap;

use probe::protocol::Failure;
use serde::Deserialize;

use super::{Benches, json, scale};
use crate::config::Figure;

#[derive(Deserialize)]
struct Metric {
    value: f64,
}

/// All benches of a report.
pub(in crate::lab::adapter) fn read(text: &str, figures: &[Figure]) -> Result<Benches, Failure> {
    let report: BTreeMap<String, BTreeMap<String, Metric>> = json(text, "Bencher Metric Format")?;
    let factor =
        |measure: &str| figures.iter().find(|figure| figure.name == measure).map_or(1.0, |figure| scale(figure.unit).0);
    let bench = |(name, measures): (String, BTreeMap<String, Metric>)| {
        let figures = measures.into_iter().map(|(measure, metric)| {
            let value = metric.value * factor(&measure);
            (measure, value)
        });
        (name, figures.collect())
    };
    Ok(report.into_iter().map(bench).collect())
}
