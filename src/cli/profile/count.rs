//! `--count-instructions`: both arms of a recorded experiment under Callgrind.

use std::io::{self, Write};

use crate::cli::wait::failure;
use crate::cli::{Context, Exit, Failure, OrExit};
use crate::config::Config;
use crate::improvements::ImprovementId;
use crate::lab::experiment::{Binary, ExperimentId, Question, Side};
use crate::lab::folder::LabFolder;
use crate::lab::instructions::{Replay, is_there};
use crate::lab::journal::Journal;
use crate::lab::lease;
use crate::lab::recorder::Interrupt;
use crate::machine::Patience;
use crate::tracking::{Experiment, Reader, Store};

/// How far back an experiment with both arms is looked for.
const EXPERIMENTS_MAX: u32 = 100;

/// Counts and records.
pub(super) async fn run(
    context: &Context,
    config: &Config,
    id: &ImprovementId,
    wanted: Option<i64>,
    ops: u64,
    patience: Patience,
) -> Result<(), Failure> {
    is_there().await?;
    let none = || {
        miette::miette!(
            code = "profile::no_arms",
            help = "`workbench apply {id}` builds them",
            "there is no experiment with both arms of {id} yet"
        )
    };
    let reader = Reader::open(&context.project).await?.ok_or_else(none).or_exit(Exit::NotFound)?;
    let found = latest(&reader, id, wanted.map(ExperimentId)).await?;
    let (experiment, arms) = found.ok_or_else(none).or_exit(Exit::NotFound)?;
    let what = format!("profile {id} --count-instructions");
    // A terminal that has gone away is no reason to stop.
    let mut tell = |note: String| drop(writeln!(io::stderr(), "{note}"));
    let interrupt = Interrupt::never();
    let _lease = lease::take(&context.project, &what, patience, &mut tell, interrupt).await.map_err(failure)?;
    let folder = LabFolder::at(&context.project.lab_dir())?;
    let replay = Replay { config, folder: &folder, plan: &experiment.plan, ops };
    let mut counted = Vec::new();
    for binary in &arms {
        counted.push(replay.count(binary, &mut tell).await?);
    }
    // Both or none: one arm alone compares with nothing.
    let mut store = Store::open(&context.project).await?;
    for event in &counted {
        store.record(experiment.summary.id, event).await?;
    }
    store.close().await;
    Ok(())
}

/// The latest experiment that built both arms, and these.
async fn latest(
    reader: &Reader,
    id: &ImprovementId,
    wanted: Option<ExperimentId>,
) -> Result<Option<(Experiment, [Binary; 2])>, Failure> {
    for summary in reader.experiments_of(&Question::AddOneIn(id.clone()), EXPERIMENTS_MAX).await? {
        if wanted.is_some_and(|wanted| wanted != summary.id) {
            continue;
        }
        let Some(experiment) = reader.experiment(summary.id).await? else { continue };
        let of = |side| experiment.builds.iter().rev().find(|binary| binary.side == side).cloned();
        if let (Some(a), Some(b)) = (of(Side::A), of(Side::B)) {
            return Ok(Some((experiment, [a, b])));
        }
    }
    Ok(None)
}
