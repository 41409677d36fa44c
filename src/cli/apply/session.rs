//! What opens a session: three pairs of a binary against itself, held against the noise that was calibrated.
//!
//! A machine changes: another host, a neighbour, a kernel. Where its noise has left the limits, it is calibrated again before
//! anything is decided, and the new scale is frozen like the one before. (Three pairs leave limits of a factor 1.5 half the
//! time on a machine that has not changed: they are an alarm, and only the twelve that follow are a calibration.)

use jiff::{SignedDuration, Timestamp};

use crate::cli::progress::Progress;
use crate::cli::wait::failure;
use crate::cli::{Context, Failure, noise};
use crate::improvements::{Trial, with_params};
use crate::lab::apply::Job;
use crate::lab::calibration::{PAIRS, is_in_control};
use crate::lab::experiment::{Pair, Question};
use crate::lab::plan::Inquiry;
use crate::lab::recorder::Interrupt;
use crate::lab::stats::robust_scale;
use crate::tracking::{Reader, Store, StoreError};
use crate::units::LogRatio;

/// Pairs that open a session.
const OPENING_PAIRS: u32 = 3;

/// How many of the latest such experiments are looked through.
const EXPERIMENTS_MAX: u32 = 50;

/// Opens a session on the machine for a workload, unless one is open or nothing was ever calibrated; `job` is what follows.
/// Returns whether the noise was calibrated anew.
pub(super) async fn open(
    context: &Context,
    job: &Job<'_>,
    features: &[String],
    trial: &Trial,
    interrupt: &Interrupt,
) -> Result<bool, Failure> {
    let Some(reader) = Reader::open(&context.project).await? else { return Ok(false) };
    let session = SignedDuration::from_secs(i64::try_from(job.config.lab.session_s).unwrap_or(i64::MAX));
    let name = with_params(&trial.workload, &trial.params);
    let Some(frozen) = to_be_checked(&reader, &name, session).await? else {
        return Ok(false);
    };
    for pairs in [OPENING_PAIRS, PAIRS] {
        let job = Job {
            project: job.project,
            config: job.config,
            inquiry: Inquiry::itself(features, [trial]),
            noise: noise::known(&reader).await?,
            pair_limit: Some(pairs),
            resume: false,
            patience: job.patience,
            test: false,
            profile: false,
            seed: job.seed,
        };
        let found = scale(&measured(context, job, interrupt.clone()).await?);
        if pairs == OPENING_PAIRS && found.is_none_or(|found| is_in_control(frozen, found)) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn measured(context: &Context, job: Job<'_>, interrupt: Interrupt) -> Result<Vec<Pair>, Failure> {
    let planned = job.plan().await.map_err(failure)?;
    let mut progress = Progress::new(&planned.plan);
    let pairs = planned.plan.policy.pair_limit;
    progress.say(&format!("is the noise what it was? {pairs} pairs of a binary against itself"));
    let mut store = Store::open(&context.project).await?;
    let concluded = planned.run(&mut store, &mut |event| progress.observe(event), interrupt).await;
    progress.end();
    store.close().await;
    Ok(concluded.map_err(failure)?.pairs)
}

/// The noise that was frozen for a workload, when it is time to look at it again.
async fn to_be_checked(reader: &Reader, name: &str, session: SignedDuration) -> Result<Option<LogRatio>, StoreError> {
    let facts = reader.calibrations().await?;
    let Some(newest) = facts.iter().rfind(|fact| fact.calibration.name == name) else { return Ok(None) };
    let limit = Timestamp::now().checked_sub(session).unwrap_or(Timestamp::MIN);
    for summary in reader.experiments_of(&Question::Itself, EXPERIMENTS_MAX).await? {
        if summary.at < limit {
            break;
        }
        if summary.origin.is_some() {
            continue;
        }
        let Some(experiment) = reader.experiment(summary.id).await? else { continue };
        if experiment.plan.workloads.iter().any(|workload| with_params(&workload.workload, &workload.params) == name) {
            return Ok(None);
        }
    }
    Ok(Some(newest.calibration.usable_scale()))
}

fn scale(pairs: &[Pair]) -> Option<LogRatio> {
    let differences: Vec<f64> = pairs.iter().filter(|pair| pair.dropped.is_none()).map(|pair| pair.d.0).collect();
    robust_scale(&differences).map(LogRatio)
}
