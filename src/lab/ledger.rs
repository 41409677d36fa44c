//! How noisy each workload's pairs were before on this machine.
//!
//! Calibration measures a binary against itself. Between calibrations the pairs of earlier experiments say the same
//! about the noise once their effect is taken out: their deviations from their own estimate, pooled over experiments.
//! The scale only tunes the stakes of a test that is valid for any scale, and it is fixed before the first pair; a wrong
//! one costs pairs, never validity.

use std::collections::BTreeMap;

use super::experiment::{Pair, Plan, Run};
use super::plan::NoiseLedger;
use super::stats::{hodges_lehmann, robust_scale};
use crate::units::LogRatio;

/// Fewer deviations than this are no basis for a scale.
const DEVIATIONS_MIN: usize = 10;

/// No machine is quieter: below it the scale says more about luck than about noise.
pub const SCALE_MIN: f64 = 0.004;

/// Collects deviations, experiment by experiment.
#[derive(Debug, Default)]
pub struct Collector {
    deviations: BTreeMap<String, Vec<f64>>,
}

impl Collector {
    /// Takes in what the pairs of an experiment say about noise.
    pub fn add(&mut self, plan: &Plan, pairs: &[Pair]) {
        for (index, workload) in plan.workloads.iter().enumerate() {
            for run in [Run::Calibration, Run::Decision, Run::Confirmation] {
                let of_run = pairs.iter().filter(|pair| pair.workload == index && pair.run == run);
                let differences: Vec<f64> = of_run.filter(|pair| pair.dropped.is_none()).map(|pair| pair.d.0).collect();
                self.deviations.entry(workload.key()).or_default().extend(deviations(&differences, run));
            }
        }
    }

    /// The scales of all workloads with enough pairs behind them.
    pub fn ledger(&self) -> NoiseLedger {
        let enough = self.deviations.iter().filter(|(_, deviations)| deviations.len() >= DEVIATIONS_MIN);
        enough
            .filter_map(|(key, deviations)| Some((key.clone(), LogRatio(robust_scale(deviations)?.max(SCALE_MIN)))))
            .collect()
    }
}

/// Deviations from the centre: zero for a binary against itself; else their own estimate, which has drawn them closer to
/// itself than to the truth by a factor of √((n − 1)/n).
fn deviations(differences: &[f64], run: Run) -> Vec<f64> {
    let n = differences.len() as f64;
    match (run, hodges_lehmann(differences)) {
        (Run::Calibration, _) => differences.to_vec(),
        (Run::Decision | Run::Confirmation, Some(centre)) if differences.len() > 2 => {
            differences.iter().map(|d| (d - centre) * (n / (n - 1.0)).sqrt()).collect()
        }
        (Run::Decision | Run::Confirmation, _) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effect_is_taken_out_and_the_noise_stays() {
        let differences: Vec<f64> = [0.5, -0.5, 1.0, -1.0, 0.0].iter().map(|d| 1.4 + 0.02 * d).collect();
        let left = deviations(&differences, Run::Decision);
        assert!(left.iter().all(|d| d.abs() < 0.023), "{left:?}");
        assert_eq!(deviations(&differences, Run::Calibration), differences);
        assert!(deviations(&differences[..2], Run::Confirmation).is_empty());
    }
}
