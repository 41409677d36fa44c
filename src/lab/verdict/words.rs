//! How a reason says its figures.
//!
//! A reason is stored with its verdict and derived again by `--replay`, so the words belong to the rule and have its
//! version. Rule 1 said gains for every metric: a fall from 24 MB to 26 KB was `+92295 %`. Since rule 2 a figure is the
//! change of the metric itself. Decisions are the same under both; a plan made under rule 1 keeps its words for ever.

use crate::lab::experiment::{Plan, Question};
use crate::units::{Direction, Gain, Interval, LogRatio};

/// The words for the figures of one workload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    plan: &'a Plan,
    workload: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(plan: &'a Plan, workload: usize) -> Self {
        Self { plan, workload }
    }

    /// A figure: `+412 %`, `−99.9 %`.
    pub(super) fn figure(self, ratio: LogRatio) -> String {
        match self.plan.policy.rule_version {
            ..=1 => in_percent(ratio.gain()),
            2.. => ratio.change(self.better()).to_string(),
        }
    }

    /// Estimate and bounds: `+412 % [+398 %, …]`.
    pub(super) fn range(self, estimate: LogRatio, bounds: Interval) -> String {
        match self.plan.policy.rule_version {
            ..=1 => {
                let [low, high] = bounds.gains().map(|end| end.map_or_else(|| "…".to_owned(), in_percent));
                format!("{} [{low}, {high}]", in_percent(estimate.gain()))
            }
            2.. => bounds.effect(estimate, self.better()).to_string(),
        }
    }

    /// What the workload's gain had to be.
    pub(super) fn required(self) -> String {
        let required = self.plan.workloads[self.workload].required_gain;
        match self.plan.policy.rule_version {
            ..=1 => in_percent(required),
            2.. => required.change(self.better()).to_string(),
        }
    }

    /// The workload by its label, and by its metric where a plus is bad news.
    pub(super) fn subject(self) -> String {
        let label = &self.plan.workloads[self.workload].label;
        self.falling().map_or_else(|| label.clone(), |metric| format!("{metric} of {label}"))
    }

    /// The figure, or better.
    pub(super) fn at_worst(self, ratio: LogRatio) -> String {
        let figure = self.figure(ratio);
        match self.falling() {
            None => format!("{} is at least {figure}", self.gain()),
            Some(metric) => format!("{}{metric} changed by {figure} at worst", self.with_it()),
        }
    }

    /// The figure, or worse.
    pub(super) fn at_best(self, ratio: LogRatio) -> String {
        let figure = self.figure(ratio);
        match self.falling() {
            None => format!("{} is at most {figure}", self.gain()),
            Some(metric) => format!("{}{metric} changed by {figure} at best", self.with_it()),
        }
    }

    /// Surely better; by how much is an estimate.
    pub(super) fn surely_better(self, estimate: LogRatio) -> String {
        let figure = self.figure(estimate);
        match self.falling() {
            None => format!("a gain above zero is certain, {figure} by estimate"),
            Some(metric) => format!("{metric} surely fell, {figure} by estimate"),
        }
    }

    fn gain(self) -> &'static str {
        match self.plan.question {
            Question::LeaveOneOut(_) => "the gain that is lost without it",
            Question::AddOneIn(_) | Question::Itself | Question::Compare | Question::HandedIn(_) => "the gain",
        }
    }

    fn with_it(self) -> &'static str {
        match self.plan.question {
            Question::LeaveOneOut(_) => "with it ",
            Question::AddOneIn(_) | Question::Itself | Question::Compare | Question::HandedIn(_) => "",
        }
    }

    /// The metric, where it should fall and the rule knows to say so.
    fn falling(self) -> Option<&'a str> {
        match (self.plan.policy.rule_version, self.better()) {
            (2.., Direction::Lower) => Some(&self.plan.workloads[self.workload].metric),
            (..=1, _) | (2.., Direction::Higher) => None,
        }
    }

    fn better(self) -> Direction {
        self.plan.workloads[self.workload].better
    }
}

/// A gain as rule 1 wrote it.
fn in_percent(gain: Gain) -> String {
    let percent = gain.0 * 100.0;
    let sign = if percent < 0.0 { '−' } else { '+' };
    let size = percent.abs();
    let digits = if size >= 100.0 {
        0
    } else if size >= 10.0 {
        1
    } else {
        2
    };
    format!("{sign}{size:.digits$} %")
}
