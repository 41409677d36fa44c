//! Made-up experiments, played by the rule until it decides.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::improvements::record::Bounds;
use crate::improvements::{Direction, ImprovementId, Mechanism};
use crate::lab::experiment::*;
use crate::lab::verdict::*;
use crate::units::{Gain, LogRatio};

/// A run of a made-up experiment: what each workload's pairs would show, one after the other.
pub(super) struct World {
    pub(super) plan: Plan,
    /// Differences per workload, used up in order, the last repeated.
    pub(super) differences: Vec<Vec<f64>>,
    pub(super) confirmation: Vec<f64>,
    pub(super) counters: [Vec<(&'static str, u64)>; 2],
}

const QUIET: &[f64] = &[0.001, -0.002, 0.002, -0.001, 0.0];

impl World {
    /// Main workload, one guard, one control; everything fine.
    pub(super) fn new() -> Self {
        let workload = |label: &str, role| WorkloadPlan {
            label: label.to_owned(),
            role,
            workload: "toy".to_owned(),
            params: BTreeMap::new(),
            metric: "tps".to_owned(),
            better: Direction::Higher,
            required_gain: Gain(0.10),
            noise: LogRatio(0.02),
            minimum_detectable: Gain(0.12),
            slice_ms: 100,
            slices: 4,
            warmup: 1,
            pair_time: Duration::from_secs(1),
        };
        let bounds = |min, max| Bounds { min, max };
        let plan = Plan {
            question: Question::AddOneIn(ImprovementId("T003".to_owned())),
            arms: Arm::without_and_with("t003", &[], &"0".repeat(64)),
            workloads: vec![
                workload("main", Role::Main),
                workload("guard", Role::Guard),
                workload("control", Role::Control),
            ],
            mechanism: Some(Mechanism {
                figure: "commits per fdatasync".to_owned(),
                counter: "commits".to_owned(),
                per: Some("syncs".to_owned()),
                on: bounds(Some(4.0), None),
                off: bounds(None, Some(1.0)),
            }),
            policy: Policy {
                alpha: 0.05,
                pair_limit: 30,
                guard_pairs: 5,
                guard_margin: Gain(0.03),
                control_margin: Gain(0.03),
                confirmation_pairs: 5,
                dropped_max: 0.2,
                accepted_is_enough: true,
                rule_version: RULE_VERSION,
            },
            seed: 1,
        };
        Self {
            plan,
            differences: vec![vec![0.30, 0.31, 0.29], QUIET.to_vec(), QUIET.to_vec()],
            confirmation: vec![0.28, 0.30, 0.29],
            counters: [vec![("commits", 100), ("syncs", 100)], vec![("commits", 1000), ("syncs", 100)]],
        }
    }

    pub(super) fn main(mut self, differences: &[f64]) -> Self {
        self.differences[0] = differences.to_vec();
        self
    }

    pub(super) fn guard(mut self, differences: &[f64]) -> Self {
        self.differences[1] = differences.to_vec();
        self
    }

    pub(super) fn control(mut self, differences: &[f64]) -> Self {
        self.differences[2] = differences.to_vec();
        self
    }

    pub(super) fn pair(&self, workload: usize, run: Run, index: u32) -> Pair {
        let series = match run {
            Run::Confirmation => &self.confirmation,
            Run::Decision | Run::Calibration => &self.differences[workload],
        };
        let d = series[index as usize % series.len()];
        let arm = |side: usize| ArmRun {
            layout: 0,
            ops: 1000,
            elapsed_ns: 1_000_000,
            cpu_ns: 1_000_000,
            values: BTreeMap::from([("tps".to_owned(), if side == 0 { 1000.0 } else { 1000.0 * d.exp() })]),
            counters: self.counters[side].iter().map(|&(name, n)| (name.to_owned(), n)).collect(),
            waits_ns: BTreeMap::new(),
            latency: String::new(),
            findings: vec![],
            state_hash: None,
            peak_memory_bytes: 0,
            slice_rates: vec![],
        };
        Pair {
            workload,
            run,
            index,
            first: Side::A,
            seed: 1,
            a: arm(0),
            b: arm(1),
            d: LogRatio(d),
            machine: Machine::default(),
            dropped: None,
        }
    }

    /// Plays until it is decided, changing pairs by `alter` on the way.
    pub(super) fn play(&self, mut alter: impl FnMut(&mut Pair)) -> (Outlook, Vec<Pair>) {
        let mut pairs: Vec<Pair> = Vec::new();
        for _ in 0..300 {
            match judge(&self.plan, &pairs) {
                Outlook::Next { workload, run } => {
                    let index = pairs.iter().filter(|pair| pair.workload == workload && pair.run == run).count();
                    let mut pair = self.pair(workload, run, u32::try_from(index).unwrap());
                    alter(&mut pair);
                    pairs.push(pair);
                }
                outlook => return (outlook, pairs),
            }
        }
        panic!("never decided");
    }

    pub(super) fn ruling(&self) -> Ruling {
        ruled(self.play(|_| ()).0)
    }
}

pub(super) fn ruled(outlook: Outlook) -> Ruling {
    match outlook {
        Outlook::Ruled(ruling) => *ruling,
        Outlook::Next { .. } | Outlook::TooBusy { .. } => panic!("{outlook:?}"),
    }
}
