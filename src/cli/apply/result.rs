//! The result on stdout: what was claimed and what was measured, in different columns.

use serde::Serialize;

use crate::cli::{Context, Failure, Format, Row};
use crate::improvements::Improvement;
use crate::lab::apply::Conclusion;
use crate::lab::experiment::{Outcome, Role, Run, Side, Standing};
use crate::lab::verdict::metric_mean;
use crate::report::words;
use crate::units::{Direction, Effect, Gain};

/// One line of the result. The JSON form is stable.
#[derive(Serialize)]
struct Line {
    role: Role,
    run: Run,
    workload: String,
    metric: String,
    /// Which way the metric improves.
    better: Direction,
    /// Geometric mean over the pairs that count; absent while there are none.
    a: Option<f64>,
    b: Option<f64>,
    /// What somebody promised; only where it is about this workload.
    claim: Option<String>,
    /// Hodges-Lehmann estimate over the pairs that count: by how much it is better, as a factor less one.
    gain: Option<Gain>,
    /// Always-valid bounds; absent while unbounded.
    low: Option<Gain>,
    high: Option<Gain>,
    /// Estimate and bounds as changes of the metric itself: what the table shows.
    change: Option<Effect>,
    pairs: u32,
    outcome: Option<Outcome>,
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] =
        &["Role", "Workload", "Metric", "A", "B", "Claim", "Measured", "Bounds", "Pairs", "Outcome"];

    fn cells(&self) -> Vec<String> {
        let value =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| words::figure(&self.metric, value));
        let role = match self.run {
            Run::Confirmation => "confirmed".to_owned(),
            Run::Calibration | Run::Decision => self.role.to_string(),
        };
        vec![
            role,
            self.workload.clone(),
            self.better.beside(&self.metric),
            value(self.a),
            value(self.b),
            self.claim.clone().unwrap_or_default(),
            self.change.map_or_else(|| "–".to_owned(), |effect| effect.estimate.to_string()),
            self.change.map_or_else(|| "–".to_owned(), |effect| effect.bounds()),
            self.pairs.to_string(),
            self.outcome.map(words::outcome).unwrap_or_default().to_owned(),
        ]
    }
}

/// Prints the verdict and its table, or both as JSON.
pub(super) fn print(context: &Context, improvement: &Improvement, done: &Conclusion) -> Result<(), Failure> {
    let ruling = &done.ruling;
    let lines = lines(improvement, done);
    if context.format == Format::Json {
        let dropped = done.pairs.iter().filter(|pair| pair.dropped.is_some()).count();
        let data = serde_json::json!({
            "improvement": improvement.id, "title": improvement.title, "experiment": done.experiment,
            "verdict": ruling.verdict, "passed": ruling.passed, "reason": ruling.reason,
            "claim": improvement.claim, "workloads": lines,
            "mechanism": {"figure": done.plan.mechanism.as_ref().map(|claimed| &claimed.figure), "a": ruling.mechanism.map(|(a, _)| a),
                          "b": ruling.mechanism.map(|(_, b)| b)},
        });
        let meta = serde_json::json!({
            "rule_version": ruling.rule_version, "policy": done.plan.policy, "tree_digest": done.plan.arm(Side::B).tree_digest,
            "seed": done.plan.seed, "binaries": done.binaries, "pairs": done.pairs.len(), "dropped": dropped,
        });
        return context.json(&data, &meta);
    }
    if context.format == Format::Table {
        context.print(&format!("{} {}: {}\n", improvement.id, improvement.title, ruling.verdict))?;
        context.print(&format!("{}\n\n", ruling.reason))?;
    }
    context.table(&lines, &())?;
    if context.format == Format::Table {
        if let (Some(claimed), Some((a, b))) = (&done.plan.mechanism, ruling.mechanism) {
            context.print(&format!("\n {}: {a:.2} in A, {b:.2} in B\n", claimed.figure))?;
        }
        context.print(&format!(" experiment {}; `workbench show {}`\n", done.experiment.0, improvement.id))?;
    }
    Ok(())
}

fn lines(improvement: &Improvement, done: &Conclusion) -> Vec<Line> {
    let mut lines = Vec::new();
    for (index, standing) in done.ruling.decision.iter().enumerate() {
        lines.push(line(done, index, Run::Decision, *standing, Some(done.ruling.outcomes[index])));
        if let (0, Some(confirmation)) = (index, done.ruling.confirmation) {
            lines.push(line(done, index, Run::Confirmation, confirmation, None));
        }
    }
    if let Some(main) = lines.first_mut() {
        main.claim = Some(improvement.claim.text.clone());
    }
    lines
}

fn line(done: &Conclusion, index: usize, run: Run, standing: Standing, outcome: Option<Outcome>) -> Line {
    let plan = &done.plan.workloads[index];
    let mean = |side| metric_mean(&done.plan, &done.pairs, index, run, side);
    let [low, high] = standing.bounds.gains();
    Line {
        role: plan.role,
        run,
        workload: plan.label.clone(),
        metric: plan.metric.clone(),
        better: plan.better,
        a: mean(Side::A),
        b: mean(Side::B),
        claim: None,
        gain: (standing.pairs > 0).then(|| standing.estimate.gain()),
        low,
        high,
        change: (standing.pairs > 0).then(|| standing.effect(plan.better)),
        pairs: standing.pairs,
        outcome,
    }
}
