//! One improvement judged as `workbench apply` judges it: twelve pairs of a binary against itself, then pairs until the
//! rule has its word, then the confirmation.

use std::collections::BTreeMap;
use std::time::Duration;

use super::noise::Machine;
use crate::improvements::record::Bounds;
use crate::improvements::{Direction, ImprovementId, Mechanism};
use crate::lab::experiment::{ArmRun, Machine as Observed, Pair, Plan, Policy, Role, Ruling, Run, Side, WorkloadPlan};
use crate::lab::question::{Arm, Question};
use crate::lab::stats::robust_scale;
use crate::lab::verdict::{Outlook, RULE_VERSION, judge};
use crate::units::{Gain, LogRatio};

/// Pairs of a binary against itself by which the noise becomes known before the first pair that counts.
const CALIBRATION_PAIRS: u32 = 12;

/// The gain required in every simulated experiment.
pub const REQUIRED: Gain = Gain(0.10);

/// How an experiment went.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The ruling.
    pub ruling: Ruling,
    /// The differences of the decision run.
    pub decision: Vec<f64>,
}

/// An experiment on `machine` about an improvement whose true effect is `effect`.
///
/// # Panics
/// When the rule never decides, or calls for what the plan does not have: a mistake in the rule.
pub fn judged(machine: &mut Machine, effect: LogRatio) -> Judged {
    let against_itself: Vec<f64> = (0..CALIBRATION_PAIRS).map(|_| machine.pair(0.0)).collect();
    let noise = LogRatio(robust_scale(&against_itself).unwrap_or_default());
    let plan = plan(noise);
    let mut pairs: Vec<Pair> = Vec::new();
    loop {
        match judge(&plan, &pairs) {
            Outlook::Next { workload, run } => {
                let index = pairs.iter().filter(|pair| pair.run == run).count();
                pairs.push(pair(workload, run, u32::try_from(index).unwrap_or(u32::MAX), machine.pair(effect.0)));
            }
            Outlook::Ruled(ruling) => {
                let decision = pairs.iter().filter(|pair| pair.run == Run::Decision).map(|pair| pair.d.0).collect();
                return Judged { ruling: *ruling, decision };
            }
            Outlook::TooBusy { dropped, .. } => unreachable!("{dropped} pairs were dropped, and none is ever"),
        }
    }
}

/// One workload, no guards, no control; a mechanism that always fires.
fn plan(noise: LogRatio) -> Plan {
    let always = Bounds { min: Some(0.0), max: None };
    let arm = |features: &[&str]| Arm {
        features: features.iter().map(ToString::to_string).collect(),
        tree_digest: String::new(),
        revision: None,
    };
    Plan {
        question: Question::AddOneIn(ImprovementId("T000".to_owned())),
        arms: [arm(&[]), arm(&["planted"])],
        workloads: vec![WorkloadPlan {
            label: "planted".to_owned(),
            role: Role::Main,
            workload: "planted".to_owned(),
            params: BTreeMap::new(),
            metric: "rate".to_owned(),
            better: Direction::Higher,
            required_gain: REQUIRED,
            noise,
            minimum_detectable: REQUIRED,
            slice_ms: 100,
            slices: 4,
            warmup: 1,
            pair_time: Duration::from_secs(1),
        }],
        mechanism: Some(Mechanism {
            figure: "operations".to_owned(),
            counter: "operations".to_owned(),
            per: None,
            on: always,
            off: always,
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
        seed: 0,
    }
}

fn pair(workload: usize, run: Run, index: u32, d: f64) -> Pair {
    let arm = |rate: f64| ArmRun {
        layout: 0,
        ops: 1000,
        elapsed_ns: 1_000_000,
        cpu_ns: 1_000_000,
        values: BTreeMap::from([("rate".to_owned(), rate)]),
        counters: BTreeMap::from([("operations".to_owned(), 1000)]),
        waits_ns: BTreeMap::new(),
        latency: String::new(),
        findings: Vec::new(),
        state_hash: None,
        peak_memory_bytes: 0,
        slice_rates: Vec::new(),
    };
    Pair {
        workload,
        run,
        index,
        first: Side::A,
        seed: 0,
        a: arm(1000.0),
        b: arm(1000.0 * d.exp()),
        d: LogRatio(d),
        machine: Observed::default(),
        dropped: None,
    }
}
