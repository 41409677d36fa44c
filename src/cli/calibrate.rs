//! `workbench calibrate`: pairs of one binary against itself, so that noise is known before anything is decided.

mod history;
mod result;

use std::collections::BTreeSet;

use super::apply::fresh_seed;
use super::progress::Progress;
use super::wait::{Wait, failure, interrupted_by_signals};
use super::{Context, Exit, Failure, Format, OrExit, Row, find, noise};
use crate::catalog::Catalog;
use crate::improvements::{Register, Trial, with_params};
use crate::lab::apply::Job;
use crate::lab::calibration::{PAIRS, PAIRS_MIN};
use crate::lab::experiment::Plan;
use crate::lab::plan::{Inquiry, NoiseLedger};
use crate::tracking::{Reader, Store};
use crate::units::Gain;

/// Measure a binary against itself: how noisy are pairs, and what can be seen through that noise
///
/// The binary has the features of the stack. For every metric of a workload: the scale of a pair's difference (frozen for later tests),
/// whether the binary differs from itself, whether it matters who is driven second, whether pairs follow from one another, and the
/// smallest effect that five, ten and thirty pairs find with 90 % power. Every pair is recorded as it lands.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench calibrate --dry-run           which workloads, and how long
  workbench calibrate T003                the workloads that T003 is measured on
  workbench calibrate tpcc --pairs 20     a workload, with all parameters that the register uses
  workbench calibrate --history           all calibrations of this machine, as a control chart

Exit code 4 when a binary was found to differ from itself: then the measuring is biased, and no verdict from here holds.")]
pub struct Args {
    /// Improvements or workloads; default: the main workload of every improvement that can be measured
    #[arg(value_name = "ID|WORKLOAD")]
    of: Vec<String>,

    /// Pairs for each workload
    #[arg(long, value_name = "N", default_value_t = PAIRS, value_parser = clap::value_parser!(u32).range(i64::from(PAIRS_MIN)..=200))]
    pairs: u32,

    /// Go on with the latest calibration that asks the same and was interrupted
    #[arg(long)]
    resume: bool,

    /// Print what would be measured and do nothing
    #[arg(long, conflicts_with_all = ["resume", "wait"])]
    dry_run: bool,

    /// Show the calibrations there are, and measure nothing
    #[arg(long, conflicts_with_all = ["resume", "wait", "dry_run", "pairs", "seed"])]
    history: bool,

    #[command(flatten)]
    wait: Wait,

    /// Seed of every coin of a new calibration, to repeat one
    #[arg(long, value_name = "N", conflicts_with = "resume")]
    seed: Option<u64>,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !self.dry_run && !self.history
    }
}

/// Measures, and prints what was found.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let Catalog { config, register, .. } = context.catalog()?;
    let trials = chosen(&register, &args.of)?;
    let reader = Reader::open(&context.project).await?;
    if args.history {
        let names: BTreeSet<String> = trials.iter().map(|trial| name(trial)).collect();
        return history::print(context, reader.as_ref(), (!args.of.is_empty()).then_some(&names)).await;
    }
    let (stack, noise) = match &reader {
        Some(reader) => (reader.stack().await?, noise::known(reader).await?),
        None => (Vec::new(), NoiseLedger::new()),
    };
    let features: Vec<String> = stack.into_iter().map(|entry| entry.feature).collect();
    let job = Job {
        project: &context.project,
        config: &config,
        inquiry: Inquiry::itself(&features, trials),
        noise,
        pair_limit: Some(args.pairs),
        resume: args.resume,
        patience: args.wait.patience(),
        test: false,
        profile: false,
        seed: args.seed.unwrap_or_else(fresh_seed),
    };
    let planned = job.plan().await.map_err(failure)?;
    if args.dry_run {
        return print_plan(context, &planned.plan);
    }
    let mut progress = Progress::new(&planned.plan);
    progress.say(&summary(&planned.plan));
    let mut store = Store::open(&context.project).await?;
    let interrupt = interrupted_by_signals().or_exit(Exit::Failed)?;
    let concluded = planned.run(&mut store, &mut |event| progress.observe(event), interrupt).await;
    progress.end();
    let conclusion = concluded.map_err(failure);
    let ended = match &conclusion {
        Ok(conclusion) => result::print(context, &config, store.reader(), conclusion).await,
        Err(_) => Ok(Exit::Failed),
    };
    store.close().await;
    conclusion?;
    ended
}

/// The trials that were asked for, no workload twice.
fn chosen<'a>(register: &'a Register, of: &[String]) -> Result<Vec<&'a Trial>, Failure> {
    let measurable = || register.improvements.iter().filter_map(|entry| entry.measurable().ok());
    let all = || measurable().flat_map(|variants| variants.trials());
    let mut trials: Vec<&Trial> = Vec::new();
    if of.is_empty() {
        trials.extend(measurable().map(|variants| &variants.workload));
    }
    for wanted in of {
        let of_workload: Vec<&Trial> = all().filter(|trial| trial.workload == *wanted).collect();
        if of_workload.is_empty() {
            let entry = find::measured(register, wanted, all().map(|trial| trial.workload.as_str()))?;
            trials.extend(entry.measurable().or_exit(Exit::NotPassed)?.trials());
        }
        trials.extend(of_workload);
    }
    let mut seen = BTreeSet::new();
    trials.retain(|trial| seen.insert(name(trial)));
    Ok(trials)
}

fn name(trial: &Trial) -> String {
    with_params(&trial.workload, &trial.params)
}

/// One workload of the plan.
#[derive(serde::Serialize)]
struct Line {
    workload: String,
    metric: String,
    pairs: u32,
    /// The noise of a pair as it is known now, as a fraction.
    noise: Gain,
    expected_s: u64,
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["Workload", "Metric", "Pairs", "Noise so far", "Takes"];

    fn cells(&self) -> Vec<String> {
        let noise = format!("{:.1} %", self.noise.0 * 100.0);
        vec![
            self.workload.clone(),
            self.metric.clone(),
            self.pairs.to_string(),
            noise,
            format!("{} s", self.expected_s),
        ]
    }
}

fn print_plan(context: &Context, plan: &Plan) -> Result<Exit, Failure> {
    let pairs = plan.policy.pair_limit;
    let lines: Vec<Line> = plan
        .workloads
        .iter()
        .map(|workload| Line {
            workload: with_params(&workload.workload, &workload.params),
            metric: workload.metric.clone(),
            pairs,
            noise: workload.noise.gain(),
            expected_s: (workload.pair_time * pairs).as_secs(),
        })
        .collect();
    if context.format == Format::Table {
        context.print(&format!("{}\n\n", summary(plan)))?;
    }
    let expected_s: u64 = lines.iter().map(|line| line.expected_s).sum();
    let meta = serde_json::json!({"schema": 1, "features": plan.arms[0].features, "expected_s": expected_s});
    context.table(&lines, &meta)?;
    Ok(Exit::Done)
}

fn summary(plan: &Plan) -> String {
    let features = &plan.arms[0].features;
    let arm = if features.is_empty() { "no improvement".to_owned() } else { features.join(" + ") };
    let pairs = plan.policy.pair_limit;
    let time: std::time::Duration = plan.workloads.iter().map(|workload| workload.pair_time * pairs).sum();
    let (workloads, minutes) = (plan.workloads.len(), time.as_secs().div_ceil(60));
    format!("{arm} against itself: {pairs} pairs of each of {workloads} workloads, about {minutes} min")
}
