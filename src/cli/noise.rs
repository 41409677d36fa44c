//! How noisy this machine is: what was calibrated, and what earlier experiments say where nothing was.

use super::Failure;
use crate::lab::ledger::Collector;
use crate::lab::plan::NoiseLedger;
use crate::tracking::Reader;

/// How many of the latest experiments say how noisy this machine is.
const EXPERIMENTS_FOR_NOISE: u32 = 12;

/// The noise of each workload's metrics: the scale frozen by its newest calibration; without one, what is left of the pairs of
/// earlier experiments once their effect is taken out.
pub(super) async fn known(reader: &Reader) -> Result<NoiseLedger, Failure> {
    let mut collector = Collector::default();
    // What was imported says how noisy another machine is.
    let here = reader.experiments(EXPERIMENTS_FOR_NOISE).await?.into_iter().filter(|one| one.origin.is_none());
    for summary in here {
        if let Some(experiment) = reader.experiment(summary.id).await? {
            let pairs: Vec<_> = experiment.pairs.into_iter().map(|fact| fact.pair).collect();
            collector.add(&experiment.plan, &pairs);
        }
    }
    let mut noise = collector.ledger();
    for fact in reader.calibrations().await? {
        noise.extend(fact.calibration.scales());
    }
    Ok(noise)
}
