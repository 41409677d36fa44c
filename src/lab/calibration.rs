//! What a workload's pairs of one binary against itself say of each of its metrics: kept as a ledger, frozen for later tests.

use std::collections::BTreeMap;

use probe::protocol::{Better, WorkloadSpec};
use serde::{Deserialize, Serialize};

use super::LabError;
use super::driver::Driver;
use super::experiment::{Pair, Plan, Run, Side};
use super::ledger::SCALE_MIN;
use super::pair::Bench;
use super::stats::Noise;
use crate::improvements::{Direction, with_params};
use crate::units::{Interval, LogRatio};

/// Pairs of a calibration unless somebody asks for another number.
pub const PAIRS: u32 = 12;

/// Fewer cannot give an interval, nor a scale worth freezing.
pub const PAIRS_MIN: u32 = 8;

/// A later scale within this factor of the frozen one is the same machine in the same mood.
pub const SCALE_FACTOR: f64 = 1.5;

/// What was found of one workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Index into the plan's workloads.
    pub workload: usize,
    /// The workload with all its parameters: what its calibrations have in common.
    pub name: String,
    /// The metric that decides in the register.
    pub main: String,
    /// Pairs that count.
    pub pairs: u32,
    /// Pairs dropped on the way.
    pub dropped: u32,
    /// Confidence of the intervals: of all workloads calibrated together, one in twenty is to be off.
    pub confidence: f64,
    /// Each metric, the main one first.
    pub metrics: Vec<MetricNoise>,
}

/// What was found of one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricNoise {
    /// Its name.
    pub metric: String,
    /// Which way it improves.
    pub better: Direction,
    /// The scale of a pair's difference, frozen for later tests.
    pub scale: LogRatio,
    /// Estimate of the binary's difference from itself.
    pub estimate: LogRatio,
    /// Its interval, in which zero must lie.
    pub interval: Interval,
    /// Second slot minus first.
    pub slot: LogRatio,
    /// Its interval.
    pub slot_interval: Interval,
    /// Correlation of each pair with the one before it.
    pub lag_1: f64,
}

/// Which way each metric of a workload improves, by workload.
pub type Metrics = BTreeMap<String, Vec<(String, Direction)>>;

impl Calibration {
    /// What `pairs` say of a workload; `None` while they are too few.
    pub fn of(plan: &Plan, workload: usize, pairs: &[Pair], metrics: &Metrics) -> Option<Self> {
        let planned = &plan.workloads[workload];
        let of_workload = || pairs.iter().filter(|pair| pair.workload == workload && pair.run == Run::Calibration);
        let counting: Vec<&Pair> = of_workload().filter(|pair| pair.dropped.is_none()).collect();
        let confidence = 1.0 - plan.policy.alpha / plan.workloads.len().max(1) as f64;
        let main = (planned.metric.clone(), planned.better);
        let others = metrics.get(&planned.workload).into_iter().flatten().filter(|(name, _)| *name != main.0);
        let noises = std::iter::once(&main).chain(others);
        let metrics: Vec<MetricNoise> =
            noises.filter_map(|(name, better)| MetricNoise::of(name, *better, &counting, confidence)).collect();
        // Without its main metric there is nothing to freeze.
        metrics.first().filter(|first| first.metric == main.0)?;
        Some(Self {
            workload,
            name: with_params(&planned.workload, &planned.params),
            main: main.0,
            pairs: u32::try_from(counting.len()).unwrap_or(u32::MAX),
            dropped: u32::try_from(of_workload().count() - counting.len()).unwrap_or(u32::MAX),
            confidence,
            metrics,
        })
    }

    /// The scale of the metric that decides, as tests may use it.
    pub fn usable_scale(&self) -> LogRatio {
        self.main().usable_scale()
    }

    /// The metric that decides.
    pub fn main(&self) -> &MetricNoise {
        &self.metrics[0]
    }

    /// Scales by the key that plans look them up under.
    pub fn scales(&self) -> impl Iterator<Item = (String, LogRatio)> {
        self.metrics.iter().map(|noise| (format!("{} {}", self.name, noise.metric), noise.usable_scale()))
    }
}

impl MetricNoise {
    /// `None` where the metric is not a positive number in every process, or the pairs are too few.
    fn of(metric: &str, better: Direction, pairs: &[&Pair], confidence: f64) -> Option<Self> {
        let of_pair = |pair: &&Pair| {
            let read = |side: Side| {
                pair.arm(side).values.get(metric).copied().filter(|value| value.is_finite() && *value > 0.0)
            };
            let ratio = (read(Side::B)? / read(Side::A)?).ln();
            let difference = match better {
                Direction::Higher => ratio,
                Direction::Lower => -ratio,
            };
            Some((difference, pair.first == Side::A))
        };
        let differences: Vec<(f64, bool)> = pairs.iter().map(of_pair).collect::<Option<_>>()?;
        let Noise { scale, estimate, interval, slot, slot_interval, lag_1 } = Noise::of(&differences, confidence)?;
        let metric = metric.to_owned();
        let (scale, estimate, slot) = (LogRatio(scale), LogRatio(estimate), LogRatio(slot));
        Some(Self { metric, better, scale, estimate, interval, slot, slot_interval, lag_1 })
    }

    /// The scale as tests may use it: not below what luck gives.
    pub fn usable_scale(&self) -> LogRatio {
        LogRatio(self.scale.0.max(SCALE_MIN))
    }

    /// Whether the binary was found to differ from itself.
    pub fn is_biased(&self) -> bool {
        !self.interval.covers_zero()
    }

    /// Whether it matters which arm is driven second.
    pub fn slot_matters(&self) -> bool {
        !self.slot_interval.covers_zero()
    }
}

/// Asks the driver which metrics its workloads have.
pub async fn metrics(bench: &Bench<'_>) -> Result<Metrics, LabError> {
    let driver = Driver::start(&bench.arms[Side::A as usize][0], bench.folder.work_folder()?, 0).await?;
    let of = |spec: &WorkloadSpec| {
        let metrics = spec.metrics.iter().map(|metric| {
            let better = match metric.better {
                Better::Higher => Direction::Higher,
                Better::Lower => Direction::Lower,
            };
            (metric.name.clone(), better)
        });
        (spec.name.clone(), metrics.collect())
    };
    Ok(driver.hello().workloads.iter().map(of).collect())
}

/// Whether a scale found later still is the frozen one.
pub fn is_in_control(frozen: LogRatio, later: LogRatio) -> bool {
    (frozen.0 / SCALE_FACTOR..=frozen.0 * SCALE_FACTOR).contains(&later.0)
}
