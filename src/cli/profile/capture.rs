//! `--capture`: both arms built and profiled, without pairs and without a verdict.

use crate::catalog::Catalog;
use crate::cli::progress::Progress;
use crate::cli::wait::{failure, interrupted_by_signals};
use crate::cli::{Context, Exit, Failure, OrExit, apply};
use crate::improvements::Improvement;
use crate::lab::apply::Job;
use crate::lab::experiment::ExperimentId;
use crate::lab::plan::Inquiry;
use crate::machine::Patience;
use crate::tracking::Store;

/// Takes the profiles; returns the experiment that has them.
pub(super) async fn run(
    context: &Context,
    catalog: &Catalog,
    improvement: &Improvement,
    alone: bool,
    patience: Patience,
) -> Result<ExperimentId, Failure> {
    let Catalog { config, register, .. } = catalog;
    let variants = improvement.measurable().or_exit(Exit::NotPassed)?;
    if config.lab.profile_s == 0 {
        let help = "give them time in workbench.yaml: lab: {profile_s: 12}";
        let none = miette::miette!(code = "profile::no_time", help = help, "lab.profile_s is 0: no profiles are taken");
        return Err(Failure::new(Exit::Failed, none));
    }
    let (stack, noise) = apply::known(context, register, improvement, alone).await?;
    let job = Job {
        project: &context.project,
        config,
        inquiry: Inquiry::add_one_in(improvement, variants, &stack),
        noise,
        pair_limit: None,
        resume: true,
        patience,
        test: false,
        profile: true,
        seed: apply::fresh_seed(),
    };
    let planned = job.plan().await.map_err(failure)?;
    let mut progress = Progress::new(&planned.plan);
    let mut store = Store::open(&context.project).await?.crediting(&improvement.agents);
    let interrupt = interrupted_by_signals().or_exit(Exit::Failed)?;
    let taken = planned.take_profiles(&mut store, &mut |event| progress.observe(event), interrupt).await;
    progress.end();
    store.close().await;
    taken.map_err(failure)
}
