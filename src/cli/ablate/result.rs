//! What each improvement brought when it was added, and what is lost without it now: two columns, no claim in either.

use serde::Serialize;

use crate::cli::{Context, Failure, Format, Row};
use crate::improvements::{Improvement, ImprovementId, Trial, Variants, with_params};
use crate::lab::apply::Conclusion;
use crate::lab::experiment::{ExperimentId, Plan, Side, Verdict};
use crate::lab::verdict::metric_mean;
use crate::report::words;
use crate::tracking::Known;
use crate::units::{Direction, Effect};

/// One improvement. The JSON form is stable.
#[derive(Serialize)]
pub(super) struct Line {
    id: ImprovementId,
    title: String,
    workload: String,
    metric: String,
    /// Which way the metric improves.
    better: Direction,
    /// Geometric means without it and with it; absent while nothing was measured.
    without: Option<f64>,
    with: Option<f64>,
    /// What it brought when it was added to the stack of then, on its own workload: change of the metric.
    added: Option<Effect>,
    /// What becomes of the metric when it is left out of the stack.
    left_out: Option<Effect>,
    pairs: u32,
    verdict: Option<Verdict>,
    /// Whether it was shown to be needed, or cannot be left out.
    passed: bool,
    /// What was found, in words.
    found: String,
    reason: String,
    experiment: Option<ExperimentId>,
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] =
        &["ID", "Workload", "Metric", "Without", "With", "When added", "Left out now", "Pairs", "It is"];

    fn cells(&self) -> Vec<String> {
        let none = || "–".to_owned();
        let value = |value: Option<f64>| value.map_or_else(none, |value| words::figure(&self.metric, value));
        let effect = |effect: Option<Effect>| effect.map_or_else(none, |effect| effect.to_string());
        vec![
            self.id.to_string(),
            self.workload.clone(),
            self.better.beside(&self.metric),
            value(self.without),
            value(self.with),
            effect(self.added),
            effect(self.left_out),
            self.pairs.to_string(),
            self.found.clone(),
        ]
    }
}

impl Line {
    /// Measured, now or before.
    pub(super) fn measured(improvement: &Improvement, done: &Conclusion, added: &Known) -> Self {
        let (plan, ruling) = (&done.plan, &done.ruling);
        // The fresh pairs of the confirmation are what is published, where there are any.
        let published = ruling.confirmation.or(ruling.decision.first().copied()).filter(|standing| standing.pairs > 0);
        let mean = |side| metric_mean(plan, &done.pairs, 0, plan.deciding_run(), side);
        Self {
            without: mean(Side::A),
            with: mean(Side::B),
            left_out: published.map(|standing| standing.reversed().effect(plan.workloads[0].better)),
            pairs: ruling.decision.first().map_or(0, |standing| standing.pairs),
            verdict: Some(ruling.verdict),
            passed: ruling.passed,
            found: words::left_out(ruling, plan.policy.guard_margin).to_owned(),
            reason: ruling.reason.clone(),
            experiment: Some(done.experiment),
            ..Self::of(improvement, plan, added)
        }
    }

    /// To be measured.
    pub(super) fn planned(improvement: &Improvement, plan: &Plan, built: [bool; 2], added: &Known) -> Self {
        let missing = built.iter().filter(|built| !**built).count();
        let found = match missing {
            0 => "to be measured".to_owned(),
            missing => format!("to be measured, {missing} to be built"),
        };
        Self { found, ..Self::of(improvement, plan, added) }
    }

    /// Others of the stack rest on it: it cannot go alone.
    pub(super) fn needed(improvement: &Improvement, variants: &Variants, by: &[&str], added: &Known) -> Self {
        let Trial { workload, params, metric, better, .. } = &variants.workload;
        Self {
            id: improvement.id.clone(),
            title: improvement.title.clone(),
            workload: with_params(workload, params),
            metric: metric.clone(),
            better: *better,
            without: None,
            with: None,
            added: effect_when_added(added),
            left_out: None,
            pairs: 0,
            verdict: None,
            passed: true,
            found: format!("needed by {}", by.join(", ")),
            reason: format!("{} cannot do without it", by.join(", ")),
            experiment: None,
        }
    }

    /// Whether it was shown to be needed, or cannot be left out.
    pub(super) fn passed(&self) -> bool {
        self.passed
    }

    fn of(improvement: &Improvement, plan: &Plan, added: &Known) -> Self {
        let main = &plan.workloads[0];
        Self {
            id: improvement.id.clone(),
            title: improvement.title.clone(),
            workload: main.label.clone(),
            metric: main.metric.clone(),
            better: main.better,
            without: None,
            with: None,
            added: effect_when_added(added),
            left_out: None,
            pairs: 0,
            verdict: None,
            passed: false,
            found: String::new(),
            reason: String::new(),
            experiment: None,
        }
    }
}

/// Prints the lines, and what the stack was.
pub(super) fn print(context: &Context, lines: &[Line], stack: &[String], dry_run: bool) -> Result<(), Failure> {
    let needed = lines.iter().filter(|line| line.passed).count();
    let meta = serde_json::json!({ "schema": 1, "stack": stack, "count": lines.len(), "needed": needed });
    context.table(lines, &meta)?;
    if context.format == Format::Table {
        let said = if dry_run { String::new() } else { format!(": {needed} of {} needed", lines.len()) };
        context.print(&format!("\n a stack of {}{said}\n", stack.len()))?;
        for line in lines.iter().filter(|line| !line.passed && !line.reason.is_empty()) {
            context.print(&format!(" {}: {}\n", line.id, line.reason))?;
        }
    }
    Ok(())
}

fn effect_when_added(known: &Known) -> Option<Effect> {
    let verdict = known.cited()?;
    Some(verdict.measured()?.effect(verdict.better))
}
