//! The plan before anything is spent on it: the builds, what can be seen, how long it takes.

use std::time::Duration;

use serde::Serialize;

use crate::cli::{Context, Exit, Failure, Format, Row};
use crate::lab::screen::facts::Purpose;
use crate::lab::screen::run::Planned;

/// One build of the plan.
#[derive(Serialize)]
struct Line {
    build: usize,
    /// One sign for each improvement: `+` on, `−` off.
    levels: String,
    features: Vec<String>,
    /// All others are measured against it.
    reference: bool,
    built: bool,
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["Build", "Levels", "Features", "State"];
    const ELASTIC: Option<usize> = Some(2);

    fn cells(&self) -> Vec<String> {
        let features = if self.features.is_empty() { "none".to_owned() } else { self.features.join(" ") };
        let state = if self.built { "built" } else { "to be built" };
        let reference = if self.reference { ", the reference" } else { "" };
        vec![self.build.to_string(), self.levels.clone(), features, format!("{state}{reference}")]
    }
}

/// Prints the plan: `--dry-run`.
pub(super) fn print(context: &Context, planned: &Planned<'_>) -> Result<Exit, Failure> {
    let (plan, layout) = (&planned.plan, &planned.layout);
    let lines: Vec<Line> = layout
        .rows()
        .zip(planned.built())
        .enumerate()
        .map(|(row, (levels, built))| Line {
            build: row + 1,
            levels: levels.to_string(),
            features: plan.features(&levels),
            reference: row == layout.reference,
            built,
        })
        .collect();
    if context.format == Format::Json {
        let meta = serde_json::json!({
            "purpose": plan.purpose, "factors": plan.factors, "held": plan.held, "workload": plan.workload.label,
            "metric": plan.workload.metric, "better": plan.workload.better, "blocks": plan.blocks,
            "noise": plan.workload.noise.gain(), "minimum_detectable": plan.minimum_detectable(lines.len()),
            "expected_s": plan.expected_time(lines.len()).as_secs(), "tree_digest": plan.tree_digest,
        });
        context.json(&lines, &meta)?;
        return Ok(Exit::Done);
    }
    if context.format == Format::Table {
        context.print(&format!("{}\n\n", summary(planned)))?;
    }
    context.table(&lines, &())?;
    Ok(Exit::Done)
}

/// The plan in a few lines.
pub(super) fn summary(planned: &Planned<'_>) -> String {
    let (plan, rows) = (&planned.plan, planned.layout.design.len());
    let missing = planned.built().iter().filter(|built| !**built).count();
    let builds = match missing {
        0 => format!("{rows} builds, all there"),
        missing => format!("{rows} builds, {missing} to be made"),
    };
    let held =
        if plan.held.is_empty() { "nothing else on".to_owned() } else { format!("on {}", plan.held.join(" + ")) };
    let seen = match plan.purpose {
        Purpose::Screening => "a true effect",
        Purpose::Interaction => "a true effect or interaction",
    };
    let better = plan.workload.better;
    format!(
        "{}, {held}: {builds}\n{} of {}, each build {} times against build {}, a noise of {:.1} % a pair: {seen} of {} \
         is found with 90 % power; pairs take {}",
        plan.command(),
        better.beside(&plan.workload.metric),
        plan.workload.label,
        plan.blocks,
        planned.layout.reference + 1,
        plan.workload.noise.gain().0 * 100.0,
        plan.minimum_detectable(rows).change(better),
        rough(plan.expected_time(rows)),
    )
}

fn rough(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) }
}
