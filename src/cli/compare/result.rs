//! What a comparison found, and before that what it would do.

use serde::Serialize;

use super::told;
use crate::cli::{Context, Exit, Failure, Format, Row};
use crate::lab::apply::Conclusion;
use crate::lab::experiment::{Arm, Outcome, Plan, Ruling, Side, Verdict};
use crate::lab::verdict::metric_mean;
use crate::report::words;
use crate::units::{Direction, Effect, Gain};

/// One workload. The JSON form is stable.
#[derive(Serialize)]
struct Line {
    workload: String,
    metric: String,
    /// Which way the metric improves.
    better: Direction,
    /// Geometric mean over the pairs that count; absent while there are none.
    a: Option<f64>,
    b: Option<f64>,
    /// By how much B is better, as a factor less one, with always-valid bounds; absent while unbounded.
    gain: Option<Gain>,
    low: Option<Gain>,
    high: Option<Gain>,
    /// Estimate and bounds as changes of the metric itself: what the table shows.
    change: Option<Effect>,
    pairs: u32,
    outcome: Outcome,
    /// The outcome in words.
    found: &'static str,
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["Workload", "Metric", "A", "B", "Change", "Bounds", "Pairs", "B is"];

    fn cells(&self) -> Vec<String> {
        let none = || "–".to_owned();
        let value = |value: Option<f64>| value.map_or_else(none, |value| words::figure(&self.metric, value));
        vec![
            self.workload.clone(),
            self.better.beside(&self.metric),
            value(self.a),
            value(self.b),
            self.change.map_or_else(none, |effect| effect.estimate.to_string()),
            self.change.map_or_else(none, |effect| effect.bounds()),
            self.pairs.to_string(),
            self.found.to_owned(),
        ]
    }
}

/// One workload of the plan.
#[derive(Serialize)]
struct PlanLine {
    workload: String,
    metric: String,
    better: Direction,
    /// The noise of a pair, as a fraction.
    noise: Gain,
    /// The smallest true gain that would be told from none with 90 % power: a factor of better, less one.
    minimum_detectable: Gain,
    pairs_max: u32,
}

impl Row for PlanLine {
    const COLUMNS: &'static [&'static str] = &["Workload", "Metric", "Noise", "Detects", "Pairs"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.workload.clone(),
            self.better.beside(&self.metric),
            format!("{:.1} %", self.noise.0 * 100.0),
            self.minimum_detectable.change(self.better).to_string(),
            format!("≤ {}", self.pairs_max),
        ]
    }
}

/// Prints the plan: `--dry-run`.
pub(super) fn print_plan(context: &Context, plan: &Plan, built: [bool; 2], summary: &str) -> Result<Exit, Failure> {
    let line = |workload: &crate::lab::experiment::WorkloadPlan| PlanLine {
        workload: workload.label.clone(),
        metric: workload.metric.clone(),
        better: workload.better,
        noise: workload.noise.gain(),
        minimum_detectable: workload.minimum_detectable,
        pairs_max: plan.policy.pair_limit,
    };
    let lines: Vec<PlanLine> = plan.workloads.iter().map(line).collect();
    let (best, worst) = plan.expected_time();
    if context.format == Format::Table {
        context.print(&format!("{summary}\n\n"))?;
    }
    let meta = serde_json::json!({
        "a": plan.arms[0], "b": plan.arms[1], "built": built, "policy": plan.policy,
        "expected_s": [best.as_secs(), worst.as_secs()],
    });
    context.table(&lines, &meta)?;
    Ok(Exit::Done)
}

/// Prints the answer and its table, or both as JSON.
pub(super) fn print(context: &Context, done: &Conclusion) -> Result<(), Failure> {
    let (ruling, plan) = (&done.ruling, &done.plan);
    let lines = lines(done);
    if context.format == Format::Json {
        let dropped = done.pairs.iter().filter(|pair| pair.dropped.is_some()).count();
        let data = serde_json::json!({
            "verdict": ruling.verdict, "passed": ruling.passed, "reason": ruling.reason, "experiment": done.experiment,
            "a": plan.arms[0], "b": plan.arms[1], "margin": plan.policy.guard_margin, "workloads": lines,
        });
        let meta = serde_json::json!({
            "rule_version": ruling.rule_version, "policy": plan.policy, "seed": plan.seed, "binaries": done.binaries,
            "pairs": done.pairs.len(), "dropped": dropped,
        });
        return context.json(&data, &meta);
    }
    let [a, b]: [&Arm; 2] = plan.arms.each_ref();
    if context.format == Format::Table {
        context.print(&format!("{} → {}: {}\n{}\n\n", told(a), told(b), ruling.verdict, ruling.reason))?;
    }
    context.table(&lines, &())?;
    if context.format == Format::Table {
        context.print(&format!("\n experiment {}\n", done.experiment.0))?;
    }
    Ok(())
}

/// 4 when something is broken, and where it was asked for when B is worse by more than the margin.
pub(super) fn exit(ruling: &Ruling, fail_if_worse: bool) -> Exit {
    match ruling.verdict {
        Verdict::Broken => Exit::NotPassed,
        Verdict::Worse if fail_if_worse && !ruling.passed => Exit::NotPassed,
        Verdict::Worse
        | Verdict::Better
        | Verdict::Same
        | Verdict::Inconclusive
        | Verdict::Proven
        | Verdict::Accepted
        | Verdict::Rejected => Exit::Done,
    }
}

fn lines(done: &Conclusion) -> Vec<Line> {
    let (plan, run) = (&done.plan, done.plan.deciding_run());
    let known = done.ruling.decision.iter().zip(&done.ruling.outcomes).enumerate();
    let line = |(index, (standing, outcome)): (usize, (&crate::lab::experiment::Standing, &Outcome))| {
        let workload = &plan.workloads[index];
        let mean = |side| metric_mean(plan, &done.pairs, index, run, side);
        let [low, high] = standing.bounds.gains();
        let measured = standing.pairs > 0;
        Line {
            workload: workload.label.clone(),
            metric: workload.metric.clone(),
            better: workload.better,
            a: mean(Side::A),
            b: mean(Side::B),
            gain: measured.then(|| standing.estimate.gain()),
            low,
            high,
            change: measured.then(|| standing.effect(workload.better)),
            pairs: standing.pairs,
            outcome: *outcome,
            found: match outcome {
                Outcome::Open => "inconclusive",
                told => words::outcome(*told),
            },
        }
    };
    known.map(line).collect()
}
