//! Criteria and success metrics judged from evidence: met, not met, not measured, or not measurable here. A source's
//! tick is no evidence.
//!
//! The evidence must be of the stack as it is: an arm of some experiment that was built with exactly its features, on the
//! workload the criterion names, with the parameters it names. The newest such experiment counts.

use serde::Serialize;

use super::words;
use crate::improvements::plan::{Quantity, Test};
use crate::improvements::with_params;
use crate::lab::experiment::{ArmRun, Pair, Plan, Run, Side};
use crate::tracking::{Experiment, Facts};
use crate::units::Change;

/// How a criterion stands, and on what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The state.
    pub state: State,
    /// The figure, or why there is none.
    pub detail: String,
    /// The verdict whose pairs it rests on.
    pub verdict: Option<i64>,
}

/// How a criterion stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The evidence lies within the bounds.
    Met,
    /// It does not.
    NotMet,
    /// It could be measured, and was not.
    NotMeasured,
    /// It cannot be measured here.
    NotMeasurable,
}

impl State {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::NotMeasured => "not measured",
            Self::NotMeasurable => "not measurable here",
        }
    }
}

/// Judges a criterion. `test` says how it is measured, `obstacle` why it cannot be.
pub fn judge(test: Option<&Test>, obstacle: Option<&str>, facts: &Facts) -> Judgement {
    match (test, obstacle) {
        (Some(test), _) => by_evidence(test, facts),
        (None, Some(obstacle)) => without(State::NotMeasurable, obstacle.to_owned()),
        (None, None) => without(State::NotMeasured, "nobody has said how to measure it".to_owned()),
    }
}

fn without(state: State, detail: String) -> Judgement {
    Judgement { state, detail, verdict: None }
}

fn by_evidence(test: &Test, facts: &Facts) -> Judgement {
    let stack: Vec<&str> = facts.stack.iter().map(|entry| entry.feature.as_str()).collect();
    let found = facts.experiments.iter().find_map(|experiment| {
        let index = workload(&experiment.plan, test)?;
        let figure = match test.of {
            Quantity::Value => mean(experiment, index, side_of(&experiment.plan, &stack)?, &test.figure)?,
            Quantity::Change => change(experiment, index, &stack, &test.figure)?,
        };
        Some((experiment, figure))
    });
    let Some((experiment, figure)) = found else {
        return without(
            State::NotMeasured,
            format!("no experiment has measured {} on the stack as it is", asked(test)),
        );
    };
    let shown = match test.of {
        Quantity::Value => words::figure(&test.figure, figure),
        Quantity::Change => Change(figure).to_string(),
    };
    Judgement {
        state: if test.bounds.contains(figure) { State::Met } else { State::NotMet },
        detail: format!("{shown}, where {} is asked of {}", wanted(test), asked(test)),
        verdict: experiment.verdict.as_ref().map(|verdict| verdict.row),
    }
}

/// The workload of a plan that a test names, with every parameter that it names.
fn workload(plan: &Plan, test: &Test) -> Option<usize> {
    plan.workloads.iter().position(|workload| {
        workload.workload == test.workload
            && test.params.iter().all(|(name, value)| workload.params.get(name) == Some(value))
    })
}

/// The arm that was built with exactly `features`.
fn side_of(plan: &Plan, features: &[&str]) -> Option<Side> {
    [Side::A, Side::B].into_iter().find(|side| {
        let arm = &plan.arm(*side).features;
        arm.len() == features.len() && arm.iter().all(|feature| features.contains(&feature.as_str()))
    })
}

/// The stack against everything off, where one experiment had both as its arms.
fn change(experiment: &Experiment, workload: usize, stack: &[&str], figure: &str) -> Option<f64> {
    let both = experiment.plan.arm(Side::A).features.is_empty() && side_of(&experiment.plan, stack)? == Side::B;
    let of = |side| mean(experiment, workload, side, figure);
    both.then_some(())?;
    Some(of(Side::B)? / of(Side::A)? - 1.0)
}

/// The mean of a figure over the pairs that count: the fresh ones of the confirmation run where there are any.
fn mean(experiment: &Experiment, workload: usize, side: Side, figure: &str) -> Option<f64> {
    let of_run = |run: Run| -> Vec<&Pair> {
        let all = experiment.pairs.iter().map(|fact| &fact.pair);
        all.filter(|pair| pair.workload == workload && pair.run == run && pair.dropped.is_none()).collect()
    };
    let confirmation = of_run(Run::Confirmation);
    let pairs = if confirmation.is_empty() { of_run(Run::Decision) } else { confirmation };
    let values: Vec<f64> = pairs.iter().filter_map(|pair| reading(pair.arm(side), figure)).collect();
    (!values.is_empty() && values.len() == pairs.len()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// A metric of the workload, a counter of the target, or the process's peak memory.
fn reading(run: &ArmRun, figure: &str) -> Option<f64> {
    let counter = || run.counters.get(figure).map(|count| *count as f64);
    let memory =
        || (figure == "peak_memory_bytes" && run.peak_memory_bytes > 0).then_some(run.peak_memory_bytes as f64);
    run.values.get(figure).copied().or_else(counter).or_else(memory)
}

fn asked(test: &Test) -> String {
    format!("{} of {}", test.figure, with_params(&test.workload, &test.params))
}

fn wanted(test: &Test) -> String {
    let shown = |bound: f64| match test.of {
        Quantity::Value => words::figure(&test.figure, bound),
        Quantity::Change => Change(bound).to_string(),
    };
    test.bounds.told(shown)
}
