//! `workbench compare REV REV`: is the second of two revisions better or worse than the first?

mod result;

use std::path::Path;

use super::apply::fresh_seed;
use super::apply::plan::rough;
use super::progress::Progress;
use super::wait::{Wait, failure, interrupted_by_signals};
use super::{Context, Exit, Failure, OrExit, find, noise};
use crate::catalog::Catalog;
use crate::improvements::Trial;
use crate::lab::apply::Job;
use crate::lab::experiment::{Arm, Plan, Revision};
use crate::lab::plan::{Inquiry, NoiseLedger};
use crate::repository::History;
use crate::tracking::{Reader, Store};
use crate::units::Gain;

/// Measure two revisions side by side, with any features, and say which is better
///
/// A revision is a commit, branch or tag, `.` for the working tree as it is, or the path of another working tree. The
/// sources are written into the lab's own folder: no checkout is touched. Every pair is recorded as it lands: a run that
/// is stopped, even by `kill -9`, goes on with --resume.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench compare HEAD . --dry-run                       what would be measured, how long, what can be seen
  workbench compare main .                                 is what I have changed better or worse?
  workbench compare v1 v2 --features t003,b002             both with these improvements
  workbench compare . . --features-a t003 --features-b b002    one tree, two sets of features
  workbench compare origin/main HEAD --fail-if-worse       for CI: exit code 4 when it is worse

Better or worse is what the bounds exclude zero for; no difference is what they hold within ±margin. Without
--fail-if-worse the exit code is 0 whatever is found, and 4 when an arm gives wrong answers or dies.")]
pub struct Args {
    /// The first revision: what is compared with
    a: String,

    /// The second revision: what is compared
    b: String,

    /// Features of both, or improvements by their ids, with commas between; default: none
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with_all = ["features_a", "features_b"])]
    features: Vec<String>,

    /// Features of the first
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    features_a: Vec<String>,

    /// Features of the second
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    features_b: Vec<String>,

    /// A workload, such as tpcc, 'tpcc sessions=64' or, by another of its figures, 'tpcc p99' (may be repeated); default: `compare` of
    /// workbench.yaml
    #[arg(long, value_name = "WORKLOAD")]
    workload: Vec<String>,

    /// A difference that does not matter, in per cent, instead of `policy.guard_margin`
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    margin: Option<Gain>,

    /// End with exit code 4 when the second is worse by more than the margin
    #[arg(long)]
    fail_if_worse: bool,

    /// Go on with the latest comparison of the same sources that has no verdict
    #[arg(long)]
    resume: bool,

    /// Print the plan and measure nothing
    #[arg(long, conflicts_with_all = ["resume", "wait"])]
    dry_run: bool,

    #[command(flatten)]
    wait: Wait,

    /// Pairs per workload at most, instead of `policy.pair_limit`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(5..))]
    limit: Option<u32>,

    /// Run the target's tests on both first
    #[arg(long)]
    tests: bool,

    /// Take profiles after the verdict
    #[arg(long)]
    profile: bool,

    /// Seed of every coin of a new comparison, to repeat one
    #[arg(long, value_name = "N", conflicts_with = "resume")]
    seed: Option<u64>,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !self.dry_run
    }
}

/// Runs the comparison and prints its result.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    let trials = trials(&catalog, &args.workload)?;
    let noise = match Reader::open(&context.project).await? {
        Some(reader) => noise::known(&reader).await?,
        None => NoiseLedger::new(),
    };
    let features = |own: &[String]| {
        let named = if own.is_empty() { &args.features } else { own };
        named.iter().map(|name| find::feature(&catalog.register, name)).collect()
    };
    let places = [args.a.clone(), args.b.clone()];
    let features = [features(&args.features_a), features(&args.features_b)];
    let job = Job {
        project: &context.project,
        config: &catalog.config,
        inquiry: Inquiry { places, margin: args.margin, ..Inquiry::compare(features, &trials) },
        noise,
        pair_limit: args.limit,
        resume: args.resume,
        patience: args.wait.patience(),
        test: args.tests,
        profile: args.profile,
        seed: args.seed.unwrap_or_else(fresh_seed),
    };
    let planned = job.plan().await.map_err(failure)?;
    let summary = summary(&planned.plan, planned.is_built());
    if args.dry_run {
        return result::print_plan(context, &planned.plan, planned.is_built(), &summary);
    }
    let mut progress = Progress::new(&planned.plan);
    progress.say(&summary);
    if let Some(note) = left_behind(context.project.root(), &planned.plan) {
        progress.say(&note);
    }
    let mut store = Store::open(&context.project).await?;
    let interrupt = interrupted_by_signals().or_exit(Exit::Failed)?;
    let concluded = planned.run(&mut store, &mut |event| progress.observe(event), interrupt).await;
    progress.end();
    store.close().await;
    let conclusion = concluded.map_err(failure)?;
    result::print(context, &conclusion)?;
    Ok(result::exit(&conclusion.ruling, args.fail_if_worse))
}

/// What is measured: what was asked for, or what the project compares on, or the first thing it measures on at all.
pub(super) fn trials(catalog: &Catalog, asked: &[String]) -> Result<Vec<Trial>, Failure> {
    if !asked.is_empty() {
        return asked.iter().map(|text| find::trial(catalog, text)).collect();
    }
    let wanted = catalog.config.compare.len().max(1);
    let found: Vec<Trial> = find::trials(catalog).take(wanted).cloned().collect();
    if found.is_empty() {
        let none = miette::miette!(
            code = "compare::no_workload",
            help = "list some under `compare` in workbench.yaml: `- {{workload: NAME, metric: NAME}}`",
            "the project measures on nothing yet"
        );
        return Err(none).or_exit(Exit::NotFound);
    }
    Ok(found)
}

/// The plan in a few lines.
fn summary(plan: &Plan, built: [bool; 2]) -> String {
    let arm = |name: &str, arm: &Arm, built: bool| {
        format!("{name} = {} ({})", told(arm), if built { "built" } else { "to be built" })
    };
    let (best, worst) = plan.expected_time();
    let mut text = format!("{}, {}", arm("A", &plan.arms[0], built[0]), arm("B", &plan.arms[1], built[1]));
    for workload in &plan.workloads {
        let found = workload.minimum_detectable.change(workload.better);
        let metric = workload.better.beside(&workload.metric);
        text +=
            &format!("\n{metric} of {}: a true change of {found} is told from none with 90 % power", workload.label);
    }
    format!("{text}\npairs take {} to {}", rough(best), rough(worst))
}

/// `main (1234567) with t003`.
fn told(arm: &Arm) -> String {
    let sources = match &arm.revision {
        None => "the working tree".to_owned(),
        Some(Revision { name, commit: None }) => name.clone(),
        Some(Revision { name, commit: Some(commit) }) => format!("{name} ({commit:.7})"),
    };
    if arm.features.is_empty() { sources } else { format!("{sources} with {}", arm.features.join(", ")) }
}

/// Changes that are in neither arm although somebody may think so.
fn left_behind(root: &Path, plan: &Plan) -> Option<String> {
    let only_commits = plan.arms.iter().all(|arm| arm.revision.is_some());
    let changed = only_commits && History::of(root).is_ok_and(|history| history.is_changed());
    changed.then(|| "the working tree has changes that are in neither arm; `.` names it".to_owned())
}

/// `3`, `2.5 %`.
fn percent(text: &str) -> Result<Gain, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    match number.parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent < 100.0 => Ok(Gain(percent / 100.0)),
        Ok(_) => Err("it must lie between 0 and 100".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
