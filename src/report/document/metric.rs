//! What the whole is judged by.

use serde::Serialize;

use super::Snapshot;
use crate::improvements::plan::MetricGroup;
use crate::report::criteria::{Judgement, judge};

/// Success metrics that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricGroupLine {
    /// What they are about.
    pub name: String,
    /// The metrics.
    pub metrics: Vec<MetricLine>,
}

/// A success metric and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricLine {
    /// What it is called.
    pub name: String,
    /// Where the source said it stood: a claim.
    pub baseline: Option<String>,
    /// Where it must get.
    pub target: String,
    /// Where it would be splendid.
    pub stretch: Option<String>,
    /// How it stands.
    #[serde(flatten)]
    pub judgement: Judgement,
}

pub(super) fn lines(snapshot: &Snapshot) -> Vec<MetricGroupLine> {
    let group = |group: &MetricGroup| MetricGroupLine {
        name: group.name.clone(),
        metrics: group
            .metrics
            .iter()
            .map(|metric| MetricLine {
                name: metric.name.clone(),
                baseline: metric.baseline.clone(),
                target: metric.target.clone(),
                stretch: metric.stretch.clone(),
                judgement: judge(metric.measured_by.as_ref(), metric.not_measurable.as_deref(), &snapshot.facts),
            })
            .collect(),
    };
    snapshot.catalog.register.metrics.groups.iter().map(group).collect()
}
