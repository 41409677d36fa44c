//! What pairs say about one workload.

use crate::lab::experiment::{Pair, Plan, Run, Side, Standing};
use crate::lab::stats::e_process::{ALL_IN, EProcess, WITH_RESERVE};
use crate::lab::stats::hodges_lehmann;
use crate::units::LogRatio;

/// Bounds and estimate of a workload from the pairs of one run that count, in their order.
pub fn standing(plan: &Plan, pairs: &[Pair], workload: usize, run: Run) -> Standing {
    // Since rule 3 one of the bettors keeps something back.
    let bets = match plan.policy.rule_version {
        ..=2 => ALL_IN,
        3.. => WITH_RESERVE,
    };
    let mut process = EProcess::with(bets, plan.workloads[workload].noise.0, plan.policy.alpha);
    let differences: Vec<f64> = counting(pairs, workload, run).map(|pair| pair.d.0).filter(|d| d.is_finite()).collect();
    for &d in &differences {
        process.push(d);
    }
    Standing {
        pairs: u32::try_from(differences.len()).unwrap_or(u32::MAX),
        estimate: LogRatio(hodges_lehmann(&differences).unwrap_or_default()),
        bounds: process.bounds(),
    }
}

/// The geometric mean of a workload's deciding metric in one arm, over the pairs of one run that count. For people: the
/// verdict looks at paired differences only.
pub fn metric_mean(plan: &Plan, pairs: &[Pair], workload: usize, run: Run, side: Side) -> Option<f64> {
    let metric = &plan.workloads[workload].metric;
    let logs: Vec<f64> =
        counting(pairs, workload, run).filter_map(|pair| Some(pair.arm(side).values.get(metric)?.ln())).collect();
    (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp())
}

/// The pairs of a workload's run that were not dropped.
pub(super) fn counting(pairs: &[Pair], workload: usize, run: Run) -> impl Iterator<Item = &Pair> {
    pairs.iter().filter(move |pair| pair.workload == workload && pair.run == run && pair.dropped.is_none())
}
