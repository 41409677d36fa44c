//! The plan before anything is spent on it: what is compared, what can be seen, how long it takes.

use std::time::Duration;

use serde::Serialize;

use crate::cli::{Context, Exit, Failure, Format, Row};
use crate::lab::experiment::{Plan, Role, Side, WorkloadPlan};
use crate::units::{Direction, Gain};

/// One workload of the plan.
#[derive(Serialize)]
struct Line {
    role: Role,
    workload: String,
    metric: String,
    /// Which way the metric improves.
    better: Direction,
    /// What it must show, in words: changes of the metric.
    must: String,
    /// The noise of a pair, as a fraction.
    noise: Gain,
    /// The smallest true gain that would be found with 90 % power: a factor of better, less one.
    minimum_detectable: Gain,
    pairs_max: u32,
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["Role", "Workload", "Metric", "Must show", "Noise", "Detects", "Pairs"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.role.to_string(),
            self.workload.clone(),
            self.better.beside(&self.metric),
            self.must.clone(),
            format!("{:.1} %", self.noise.0 * 100.0),
            self.minimum_detectable.change(self.better).to_string(),
            format!("≤ {}", self.pairs_max),
        ]
    }
}

/// Prints the plan: `--dry-run`.
pub(super) fn print(context: &Context, plan: &Plan, built: [bool; 2]) -> Result<Exit, Failure> {
    let lines: Vec<Line> = plan.workloads.iter().map(|workload| line(plan, workload)).collect();
    let (best, worst) = plan.expected_time();
    if context.format == Format::Json {
        let arms = plan.arms.each_ref().map(|arm| &arm.features);
        let meta = serde_json::json!({
            "improvement": plan.question.subject(), "arm_a": arms[0], "arm_b": arms[1], "built": built,
            "tree_digest": plan.arm(Side::B).tree_digest, "policy": plan.policy,
            "expected_s": [best.as_secs(), worst.as_secs()],
        });
        context.json(&lines, &meta)?;
        return Ok(Exit::Done);
    }
    if context.format == Format::Table {
        context.print(&format!("{}\n\n", summary(plan, built)))?;
    }
    context.table(&lines, &())?;
    Ok(Exit::Done)
}

/// The plan in two lines.
pub(super) fn summary(plan: &Plan, built: [bool; 2]) -> String {
    let [a, b] = &plan.arms;
    let arm = |features: &[String], built: bool| {
        let features = if features.is_empty() { "no improvement".to_owned() } else { features.join(" + ") };
        format!("{features} ({})", if built { "built" } else { "to be built" })
    };
    let (best, worst) = plan.expected_time();
    let main = &plan.workloads[0];
    format!(
        "{}: A = {}, B = {}\n{} of {} must change by {} or better; a true change of {} is found with 90 % power; \
         pairs take {} to {}",
        plan.question.subject(),
        arm(&a.features, built[0]),
        arm(&b.features, built[1]),
        main.better.beside(&main.metric),
        main.label,
        main.required_gain.change(main.better),
        main.minimum_detectable.change(main.better),
        rough(best),
        rough(worst)
    )
}

fn line(plan: &Plan, workload: &WorkloadPlan) -> Line {
    let policy = &plan.policy;
    let must = match workload.role {
        Role::Main => format!("{} or better", workload.required_gain.change(workload.better)),
        Role::Guard => format!("no worse than {}", Gain(-policy.guard_margin.0).change(workload.better)),
        Role::Control => format!("within ±{:.1} %", policy.control_margin.0 * 100.0),
        Role::Compared => format!("told apart by ±{:.1} %", policy.guard_margin.0 * 100.0),
    };
    Line {
        role: workload.role,
        workload: workload.label.clone(),
        metric: workload.metric.clone(),
        better: workload.better,
        must,
        noise: workload.noise.gain(),
        minimum_detectable: workload.minimum_detectable,
        pairs_max: policy.pair_limit,
    }
}

pub(in crate::cli) fn rough(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) }
}
