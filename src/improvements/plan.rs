//! What stands around the entries of a register: its header, phases, success metrics, risks, parity and protocol.
//!
//! Nothing here is a count or a status. Counts are derived from lists, and whether a criterion is met is derived from
//! evidence; a criterion that cannot be judged on the machine at hand says why.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bounds, Category, ImprovementId};

/// The date of a register whose source names none.
pub const UNDATED: &str = "undated";

/// `improvements/register.yaml`: what the register is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The project's name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The day the register was begun: `2025-12-22`; `2025-01` or `undated` where its source says no more.
    pub date: String,
    /// The branch that accepted work goes to.
    pub branch: String,
    /// What the project wants to become.
    pub target: String,
    /// Where the effort goes, most important first.
    pub focus: Vec<String>,
    /// Number of the agent who coordinates.
    pub orchestrator: u32,
    /// The parts of the system, in the order in which the register lists them.
    pub categories: Vec<Category>,
    /// Named sets of improvements.
    pub packs: Vec<Pack>,
    /// Observations, newest last.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// Tools, testing strategy, documents to update.
    #[serde(default)]
    pub appendix: Vec<Section>,
}

/// A named set of improvements, known by the letters of their ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// `rustydb`.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Where its entries come from.
    pub source: String,
    /// The letters that its ids begin with: `T`, `SE`.
    pub prefixes: Vec<String>,
}

/// An observation of a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// What it is about.
    pub title: String,
    /// The day: `2025-12-22`.
    pub date: String,
    /// What was seen.
    pub sections: Vec<Section>,
}

/// A titled list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The title.
    pub title: String,
    /// Whether the order matters.
    #[serde(default)]
    pub numbered: bool,
    /// The lines.
    pub items: Vec<String>,
}

/// `improvements/phases.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phases {
    /// The phases in order.
    #[schemars(length(min = 1))]
    pub phases: Vec<Phase>,
}

/// A stretch of the plan. Whether it is complete is derived: members accepted, criteria met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Counted from 1; a report on one phase of a longer plan begins later.
    pub number: u32,
    /// What it is called.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The planned weeks: `1-2`.
    pub weeks: String,
    /// What it is for.
    pub goal: String,
    /// Its improvements, in the order of importance.
    pub members: Vec<ImprovementId>,
    /// Further members that the source names in words only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// What must hold at its end.
    pub criteria: Vec<Criterion>,
    /// What it hands over.
    pub deliverables: Vec<String>,
}

/// Something that must hold. Either it says how it is measured, or why it cannot be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// As the source wrote it.
    #[schemars(length(min = 1))]
    pub text: String,
    /// How it is judged from evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_by: Option<Test>,
    /// Why it cannot be measured here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_measurable: Option<String>,
}

/// A figure of a workload and the bounds it must lie in: `tpcc {sessions: 64} tps ≥ 50000`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// The driver's name of the workload.
    #[schemars(length(min = 1))]
    pub workload: String,
    /// Parameters of the workload; evidence with other parameters does not count.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, serde_json::Value>,
    /// A metric of the workload, or a counter of the target.
    #[schemars(length(min = 1))]
    pub figure: String,
    /// Whether the figure itself is bounded, or its change against the baseline.
    #[serde(default)]
    pub of: Quantity,
    /// Where it must lie, in the metric's own unit, or as a fraction of change.
    pub bounds: Bounds,
}

/// What of a figure is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Quantity {
    /// The figure, measured on the stack of accepted improvements.
    #[default]
    Value,
    /// The stack's figure divided by that of the target with everything off, minus one.
    Change,
}

/// `improvements/metrics.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuccessMetrics {
    /// The groups in order.
    pub groups: Vec<MetricGroup>,
}

/// Metrics that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricGroup {
    /// `Latency`.
    pub name: String,
    /// Its metrics.
    pub metrics: Vec<SuccessMetric>,
}

/// A figure the whole project is judged by. The texts are the source's words; only `measured_by` is ever evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuccessMetric {
    /// `P99 Latency`.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Where it was said to stand: an estimate of the source, not a measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Where it must get.
    pub target: String,
    /// Where it would be splendid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stretch: Option<String>,
    /// How it is judged from evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_by: Option<Test>,
    /// Why it cannot be measured here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_measurable: Option<String>,
}

/// `improvements/risks.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Risks {
    /// The risks in order.
    pub risks: Vec<Risk>,
}

/// Something that may go wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// `R1`.
    pub id: String,
    /// What may happen.
    #[schemars(length(min = 1))]
    pub description: String,
    /// How bad it would be.
    pub impact: Level,
    /// How likely it is.
    pub probability: Level,
    /// What is done against it.
    pub mitigation: String,
    /// Numbers of the agents who watch it; empty means all of them.
    #[serde(default)]
    pub owners: Vec<u32>,
    /// What raises it, as it is recorded; empty: nothing that is recorded could. Whether it is raised is derived, and never stated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raised_by: Vec<Sign>,
}

/// What tells that a risk has happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// The kind of event.
    pub event: Trouble,
    /// Only where its words, which begin with the improvement's id, hold this regular expression, whatever the case: `leak|steady_memory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naming: Option<String>,
}

/// Something that went wrong, as gates, verdicts and the merge train record it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// A guard, a control, a private guard or the baseline lost; or what had been approved does not hold on what landed before it.
    Regression,
    /// Answers are wrong or differ between the states, or the mechanism does not fire.
    WrongAnswers,
    /// The target's tests fail.
    TestsFailed,
    /// A state does not build.
    BuildFailed,
    /// What was approved conflicts with what landed before it.
    Conflict,
}

/// A rough size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Small.
    Low,
    /// Middling.
    Medium,
    /// Great.
    High,
    /// Nothing matters more.
    Critical,
}

/// `improvements/parity.yaml`: features of the model product, and which of them exist.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parity {
    /// What the project is compared with: `Oracle`.
    pub model: String,
    /// What the source says of the score. Its own boxes say otherwise, so it is kept as a claim.
    pub claim: String,
    /// What the source wants.
    pub target: String,
    /// The groups in order.
    pub groups: Vec<ParityGroup>,
}

/// Features that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParityGroup {
    /// `Storage`.
    pub name: String,
    /// Its features.
    pub items: Vec<ParityItem>,
}

/// One feature of the model product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParityItem {
    /// What it is.
    #[schemars(length(min = 1))]
    pub feature: String,
    /// The source's box.
    pub state: ParityState,
    /// What the source adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A box of the parity list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ParityState {
    /// Ticked by the source.
    Ticked,
    /// Begun.
    Partial,
    /// Missing.
    Gap,
}

/// `improvements/protocol.yaml`: how the agents work together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Hours between two stand-ups.
    pub standup_hours: u32,
    /// What each agent says there.
    pub standup: Vec<String>,
    /// The steps of a review, in order.
    pub review: Vec<String>,
    /// Who settles which conflict.
    pub conflicts: Vec<Rule>,
    /// What is written where.
    pub channels: Vec<Rule>,
}

/// A case and what is done then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The case.
    pub case: String,
    /// What is done.
    pub then: String,
}

impl Parity {
    /// Ticked features and all features, counted.
    pub fn score(&self) -> (usize, usize) {
        let items = || self.groups.iter().flat_map(|group| &group.items);
        (items().filter(|item| item.state == ParityState::Ticked).count(), items().count())
    }
}
