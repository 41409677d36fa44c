//! `--history`: the calibrations of this machine, as control charts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::cli::{Context, Exit, Failure, Format};
use crate::lab::calibration::{Calibration, SCALE_FACTOR, is_in_control};
use crate::report::control_chart::{Point, control_chart};
use crate::tracking::{CalibrationFact, Reader};
use crate::units::{Effect, Gain};

/// One calibration of a workload's deciding metric.
#[derive(Serialize)]
struct Entry<'a> {
    workload: &'a str,
    metric: &'a str,
    at: String,
    experiment: i64,
    pairs: u32,
    /// Scale of a pair's difference, as a fraction.
    noise: Gain,
    /// Within the limits around the calibration before it.
    in_control: bool,
    itself: Effect,
    biased: bool,
}

/// Calibrations of the workloads in `names`, of all when there are none.
pub(super) async fn print(
    context: &Context,
    reader: Option<&Reader>,
    names: Option<&BTreeSet<String>>,
) -> Result<Exit, Failure> {
    let facts = match reader {
        Some(reader) => reader.calibrations().await?,
        None => Vec::new(),
    };
    let mut by_name: BTreeMap<&str, Vec<&CalibrationFact>> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| names.is_none_or(|names| names.contains(&fact.calibration.name))) {
        by_name.entry(&fact.calibration.name).or_default().push(fact);
    }
    if context.format == Format::Json {
        let entries: Vec<Entry<'_>> = by_name.values().flat_map(|facts| entries(facts)).collect();
        context.json(&entries, &serde_json::json!({"schema": 1, "count": entries.len(), "factor": SCALE_FACTOR}))?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for (name, facts) in by_name {
        let points: Vec<Point> = facts.iter().map(|fact| Point::of(fact)).collect();
        let metric = &facts[0].calibration.main;
        text += &format!(
            "{name}: noise of {metric} within {SCALE_FACTOR} of the calibration before it; {metric} against itself\n"
        );
        text += &control_chart(&points, SCALE_FACTOR);
        text.push('\n');
    }
    if text.is_empty() {
        "nothing is calibrated yet: `workbench calibrate`\n".clone_into(&mut text);
    }
    context.print(&text)?;
    Ok(Exit::Done)
}

fn entries<'a>(facts: &[&'a CalibrationFact]) -> Vec<Entry<'a>> {
    let mut before: Option<&Calibration> = None;
    let entry = |fact: &&'a CalibrationFact| {
        let (calibration, noise) = (&fact.calibration, fact.calibration.main());
        let frozen = before.replace(calibration).unwrap_or(calibration).main().scale;
        Entry {
            workload: &calibration.name,
            metric: &noise.metric,
            at: fact.at.to_string(),
            experiment: fact.experiment.0,
            pairs: calibration.pairs,
            noise: noise.scale.gain(),
            in_control: is_in_control(frozen, noise.scale),
            itself: noise.interval.effect(noise.estimate, noise.better),
            biased: noise.is_biased(),
        }
    };
    facts.iter().map(entry).collect()
}
