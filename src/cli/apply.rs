//! `workbench apply ID`: build it without and with the improvement, measure both, and decide.

pub(super) mod plan;
mod result;
mod session;

use std::hash::{BuildHasher, Hasher, RandomState};

use miette::Diagnostic;
use thiserror::Error;

use super::progress::Progress;
use super::wait::{Wait, failure, interrupted_by_signals};
use super::{Context, Exit, Failure, OrExit, find, noise};
use crate::catalog::Catalog;
use crate::improvements::{Improvement, ImprovementId, Register};
use crate::lab::apply::Job;
use crate::lab::plan::{Inquiry, NoiseLedger};
use crate::repository::Graph;
use crate::tracking::{Reader, Store};

/// Build without and with an improvement, measure both, and decide
///
/// The arms are the stack (the improvements accepted so far) and the stack with this one. Every pair is recorded as it
/// lands: a run that is stopped, even by `kill -9`, goes on with --resume.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  workbench apply T003 --dry-run    what would be measured, how long, what can be seen\n  \
                        workbench apply T003              until it is decided\n  \
                        workbench apply T003 --resume     go on with what was interrupted\n  \
                        workbench apply T003 --commit HEAD   as somebody has committed it, accepted or not"
)]
pub struct Args {
    /// The improvement, such as T003
    id: String,

    /// Against no other improvement instead of the stack; the verdict then never changes the stack
    #[arg(long)]
    alone: bool,

    /// The sources of a commit instead of the working tree; the verdict then changes neither the status nor the stack
    #[arg(long, value_name = "COMMIT")]
    commit: Option<String>,

    /// Go on with the latest experiment that asks the same and has no verdict
    #[arg(long)]
    resume: bool,

    /// Print the plan and do nothing
    #[arg(long, conflicts_with_all = ["resume", "wait"])]
    dry_run: bool,

    #[command(flatten)]
    wait: Wait,

    /// Pairs per workload at most, instead of `policy.pair_limit`
    #[arg(long, visible_alias = "pairs", value_name = "N", value_parser = clap::value_parser!(u32).range(5..))]
    limit: Option<u32>,

    /// Take no profiles after the verdict
    #[arg(long)]
    no_profile: bool,

    /// Seed of every coin of a new experiment, to repeat one
    #[arg(long, value_name = "N", conflicts_with = "resume")]
    seed: Option<u64>,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !self.dry_run
    }
}

/// An improvement it rests on is not in the stack.
#[derive(Debug, Error, Diagnostic)]
#[error("{id} needs {missing}, which is not accepted yet")]
#[diagnostic(code(apply::needs), help("apply {missing} first, or measure {id} by itself with --alone"))]
struct NeedsAnother {
    id: ImprovementId,
    missing: ImprovementId,
}

/// It cannot be built with an improvement that is in the stack.
#[derive(Debug, Error, Diagnostic)]
#[error("{id} and {other} cannot be built together, and {other} is in the stack")]
#[diagnostic(code(apply::conflict), help("measure it by itself: `workbench apply {id} --alone`"))]
struct Excluded {
    id: ImprovementId,
    other: ImprovementId,
}

/// Runs the main job and prints its result.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let Catalog { config, register, .. } = context.catalog()?;
    let improvement = find::improvement(&register, &args.id)?;
    let variants = improvement.measurable().or_exit(Exit::NotPassed)?;
    let (stack, noise) = known(context, &register, improvement, args.alone).await?;
    let mut job = Job {
        project: &context.project,
        config: &config,
        inquiry: match &args.commit {
            Some(commit) => Inquiry::handed_in(improvement, variants, &stack, &commit_of(context, commit)?),
            None => Inquiry::add_one_in(improvement, variants, &stack),
        },
        noise,
        pair_limit: args.limit,
        resume: args.resume,
        patience: args.wait.patience(),
        test: true,
        profile: !args.no_profile,
        seed: args.seed.unwrap_or_else(fresh_seed),
    };
    let interrupt = interrupted_by_signals().or_exit(Exit::Failed)?;
    // A session is opened with the working tree's own binary; a commit's is another one.
    if !args.dry_run && !args.resume && args.commit.is_none() {
        let features = job.inquiry.features[0].clone();
        if session::open(context, &job, &features, &variants.workload, &interrupt).await? {
            job.noise = known(context, &register, improvement, args.alone).await?.1;
        }
    }
    let planned = job.plan().await.map_err(failure)?;
    if args.dry_run {
        return plan::print(context, &planned.plan, planned.is_built());
    }
    let mut progress = Progress::new(&planned.plan);
    progress.say(&plan::summary(&planned.plan, planned.is_built()));
    if let Some(adapter) = &config.target.adapter
        && adapter.check.is_empty()
    {
        progress.say(
            "no answers are checked: a bench says nothing of them, and `adapter.check` names no command that does",
        );
    }
    let mut store = Store::open(&context.project).await?.crediting(&improvement.agents);
    let concluded = planned.run(&mut store, &mut |event| progress.observe(event), interrupt).await;
    progress.end();
    store.close().await;
    let conclusion = concluded.map_err(failure)?;
    result::print(context, improvement, &conclusion)?;
    Ok(if conclusion.ruling.passed { Exit::Done } else { Exit::NotPassed })
}

/// The commit that `name` means, in full: an abbreviation would be another question.
fn commit_of(context: &Context, name: &str) -> Result<String, Failure> {
    let found = Graph::of(context.project.root())?.commit(name);
    let none = || {
        miette::miette!(
            code = "apply::no_commit",
            help = "a branch, a tag or a commit of the project's repository: `git log --oneline --all`",
            "there is no commit `{name}`"
        )
    };
    found.ok_or_else(none).or_exit(Exit::NotFound)
}

/// What earlier experiments have left: the features of the stack, and how noisy this machine is.
pub(super) async fn known(
    context: &Context,
    register: &Register,
    improvement: &Improvement,
    alone: bool,
) -> Result<(Vec<String>, NoiseLedger), Failure> {
    let Some(reader) = Reader::open(&context.project).await? else {
        needs(improvement, &[], alone)?;
        return Ok((Vec::new(), NoiseLedger::new()));
    };
    let entries = reader.stack().await?;
    let accepted: Vec<ImprovementId> = entries.iter().map(|entry| entry.improvement.clone()).collect();
    needs(improvement, &accepted, alone)?;
    let excluded =
        register.improvements.iter().find(|other| accepted.contains(&other.id) && improvement.excludes(other));
    if let Some(other) = excluded.filter(|_| !alone) {
        let (id, other) = (improvement.id.clone(), other.id.clone());
        return Err(Failure::new(Exit::NotPassed, Excluded { id, other }));
    }
    let stack = if alone { Vec::new() } else { entries.into_iter().map(|entry| entry.feature).collect() };
    Ok((stack, noise::known(&reader).await?))
}

/// Unlike any before; within 53 bits, since it passes through JSON.
pub(super) fn fresh_seed() -> u64 {
    // The standard library seeds its hash maps from the system's randomness.
    RandomState::new().build_hasher().finish() >> 11
}

fn needs(improvement: &Improvement, accepted: &[ImprovementId], alone: bool) -> Result<(), Failure> {
    match improvement.needs.iter().find(|needed| !accepted.contains(needed)) {
        Some(missing) if !alone => {
            let (id, missing) = (improvement.id.clone(), missing.clone());
            Err(Failure::new(Exit::NotPassed, NeedsAnother { id, missing }))
        }
        Some(_) | None => Ok(()),
    }
}
