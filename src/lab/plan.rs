//! What an experiment will do and what it can hope to see, before anything is spent on it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::experiment::{Plan, Policy, Role, WorkloadPlan};
use super::pair::expected_time;
use super::stats::minimum_detectable;
use super::verdict::RULE_VERSION;
use crate::config::{Accept, Config};
use crate::improvements::{Improvement, Trial, Variants, with_params};
use crate::units::{Gain, LogRatio};

/// What loads, checks and starts of a pair are expected to take; measured ones differ by data size.
const LOAD_EXPECTED: Duration = Duration::from_secs(2);

/// The noise of a workload's pairs, by [`WorkloadPlan::key`].
pub type NoiseLedger = BTreeMap<String, LogRatio>;

/// What a plan is made from.
#[derive(Debug)]
pub struct Question<'a> {
    /// The rules.
    pub config: &'a Config,
    /// The improvement under test.
    pub improvement: &'a Improvement,
    /// Its variants.
    pub variants: &'a Variants,
    /// Features of the improvements accepted so far; its own may be among them and is left out. Empty: alone.
    pub stack: &'a [String],
    /// Digest of what the arms are made from.
    pub tree_digest: &'a str,
    /// Noise known from earlier pairs on this machine.
    pub noise: &'a NoiseLedger,
    /// Pairs at most, instead of the configured limit.
    pub pair_limit: Option<u32>,
    /// Seed of every coin.
    pub seed: u64,
}

impl Question<'_> {
    /// The plan that answers it.
    pub fn plan(&self) -> Plan {
        let config = &self.config.policy;
        let policy = Policy {
            alpha: config.alpha,
            pair_limit: self.pair_limit.unwrap_or(config.pair_limit),
            guard_pairs: config.guard_pairs,
            guard_margin: config.guard_margin,
            control_margin: config.control_margin,
            confirmation_pairs: config.confirmation_pairs,
            dropped_max: self.config.machine.dropped_max,
            accepted_is_enough: config.accept == Accept::Accepted,
            rule_version: RULE_VERSION,
        };
        let trials = roles(self.variants);
        let telling = telling_params(&trials);
        let workloads = trials.iter().map(|&(role, trial)| self.workload(role, trial, &telling, &policy)).collect();
        Plan {
            improvement: self.improvement.id.clone(),
            stack: self.stack.iter().filter(|feature| **feature != self.improvement.feature).cloned().collect(),
            feature: self.improvement.feature.clone(),
            tree_digest: self.tree_digest.to_owned(),
            workloads,
            mechanism: self.variants.mechanism.clone(),
            policy,
            seed: self.seed,
        }
    }

    fn workload(&self, role: Role, trial: &Trial, telling: &BTreeSet<&str>, policy: &Policy) -> WorkloadPlan {
        let lab = &self.config.lab;
        let required_gain = trial.required_gain.unwrap_or(self.config.policy.required_gain);
        let slice_ms = trial.slice_ms.unwrap_or(lab.slice_ms);
        let mut plan = WorkloadPlan {
            label: label(trial, telling),
            role,
            workload: trial.workload.clone(),
            params: trial.params.clone(),
            metric: trial.metric.clone(),
            better: trial.better,
            required_gain,
            noise: LogRatio::from_gain(self.config.policy.noise),
            minimum_detectable: Gain(0.0),
            slice_ms,
            slices: lab.slices,
            warmup: lab.warmup_slices,
            pair_time: expected_time(slice_ms, lab.slices, lab.warmup_slices, LOAD_EXPECTED),
        };
        if let Some(&known) = self.noise.get(&plan.key()) {
            plan.noise = known;
        }
        let (margin, pairs) = match role {
            Role::Main => (required_gain, policy.pair_limit),
            Role::Guard => (policy.guard_margin, policy.guard_pairs),
            Role::Control => (policy.control_margin, policy.guard_pairs),
        };
        plan.minimum_detectable = minimum_detectable(LogRatio::from_gain(margin), plan.noise, pairs).gain();
        plan
    }
}

impl WorkloadPlan {
    /// The workload with its metric and all its parameters: what its noise is kept under, across improvements.
    pub fn key(&self) -> String {
        format!("{} {}", with_params(&self.workload, &self.params), self.metric)
    }
}

impl Plan {
    /// Features of each arm, A and B.
    pub fn features(&self) -> [Vec<String>; 2] {
        let mut with = self.stack.clone();
        with.push(self.feature.clone());
        [self.stack.clone(), with]
    }

    /// The time of the pairs alone when all goes as well as it can, and when every workload needs its limit.
    pub fn expected_time(&self) -> (Duration, Duration) {
        let policy = &self.policy;
        // Seven pairs decide an effect far above the noise; fewer than five decide nothing.
        let at_best = |role| match role {
            Role::Main => 7 + policy.confirmation_pairs,
            Role::Guard | Role::Control => policy.guard_pairs,
        };
        let at_worst = |role| match role {
            Role::Main => policy.pair_limit + policy.confirmation_pairs,
            Role::Guard | Role::Control => policy.pair_limit,
        };
        let total = |pairs: &dyn Fn(Role) -> u32| {
            self.workloads.iter().map(|workload| workload.pair_time * pairs(workload.role)).sum()
        };
        (total(&at_best), total(&at_worst))
    }
}

fn roles(variants: &Variants) -> Vec<(Role, &Trial)> {
    let mut trials = vec![(Role::Main, &variants.workload)];
    trials.extend(variants.guards.iter().map(|trial| (Role::Guard, trial)));
    trials.push((Role::Control, &variants.control));
    trials
}

/// Parameters that tell this plan's workloads apart.
fn telling_params<'a>(trials: &[(Role, &'a Trial)]) -> BTreeSet<&'a str> {
    let mut values: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (_, trial) in trials {
        for (name, value) in &trial.params {
            values.entry(name).or_default().insert(value.to_string());
        }
    }
    values.into_iter().filter(|(_, values)| values.len() > 1).map(|(name, _)| name).collect()
}

fn label(trial: &Trial, telling: &BTreeSet<&str>) -> String {
    with_params(&trial.workload, trial.params.iter().filter(|(name, _)| telling.contains(name.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::project::Project;

    fn catalog() -> Catalog {
        let project = Project::at(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        Catalog::load(&project).unwrap_or_else(|faults| panic!("{:?}", miette::Report::new(faults)))
    }

    fn plan(stack: &[&str], noise: &NoiseLedger) -> Plan {
        let Catalog { config, register, .. } = catalog();
        let improvement = register.improvements.iter().find(|entry| entry.id.0 == "T003").unwrap();
        let stack: Vec<String> = stack.iter().map(ToString::to_string).collect();
        let variants = improvement.variants.as_ref().unwrap();
        let question = Question {
            config: &config,
            improvement,
            variants,
            stack: &stack,
            tree_digest: "d",
            noise,
            pair_limit: None,
            seed: 1,
        };
        question.plan()
    }

    #[test]
    fn labels_tell_the_workloads_apart_and_no_more() {
        let plan = plan(&[], &NoiseLedger::new());
        assert_eq!(plan.workloads[0].role, Role::Main);
        assert_eq!(plan.workloads[0].label, "tpcc sessions=64");
        assert_eq!(plan.workloads.last().map(|w| (w.role, w.label.as_str())), Some((Role::Control, "tpcc sessions=1")));
        let labels: BTreeSet<&str> = plan.workloads.iter().map(|workload| workload.label.as_str()).collect();
        assert_eq!(labels.len(), plan.workloads.len());
    }

    #[test]
    fn an_accepted_improvement_is_tested_against_the_stack_without_it() {
        let plan = plan(&["t003", "b002"], &NoiseLedger::new());
        assert_eq!(plan.features(), [vec!["b002".to_owned()], vec!["b002".to_owned(), "t003".to_owned()]]);
    }

    #[test]
    fn known_noise_replaces_the_prior_and_moves_what_can_be_seen() {
        let before = plan(&[], &NoiseLedger::new());
        let ledger = NoiseLedger::from([(before.workloads[0].key(), LogRatio(0.2))]);
        let after = plan(&[], &ledger);
        assert_eq!(after.workloads[0].noise, LogRatio(0.2));
        assert!(after.workloads[0].minimum_detectable > before.workloads[0].minimum_detectable);
        assert_eq!(after.workloads[1].noise, before.workloads[1].noise);
    }

    #[test]
    fn the_worst_case_takes_longer_than_the_best() {
        let (best, worst) = plan(&[], &NoiseLedger::new()).expected_time();
        assert!(Duration::from_secs(10) < best && best < worst, "{best:?} {worst:?}");
    }
}
