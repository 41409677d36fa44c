//! What an experiment will do and what it can hope to see, before anything is spent on it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::experiment::{Arm, Plan, Policy, Question, Revision, Role, WorkloadPlan};
use super::pair::expected_time;
use super::stats::minimum_detectable;
use super::verdict::RULE_VERSION;
use crate::config::{Accept, Config};
use crate::improvements::{Improvement, Mechanism, Trial, Variants, with_params};
use crate::units::{Gain, LogRatio};

/// What loads, checks and starts of a pair are expected to take; measured ones differ by data size.
const LOAD_EXPECTED: Duration = Duration::from_secs(2);

/// The noise of a workload's pairs, by [`WorkloadPlan::key`].
pub type NoiseLedger = BTreeMap<String, LogRatio>;

/// What somebody wants to know, of which features and on what work. [`Draft`] makes a plan of it.
#[derive(Debug, Clone)]
pub struct Inquiry<'a> {
    /// The question.
    pub question: Question,
    /// Where the sources of A and of B are, as [`Place::named`](super::build::Place::named) reads it.
    pub places: [String; 2],
    /// Features of A and of B.
    pub features: [Vec<String>; 2],
    /// The workloads, the main one first.
    pub trials: Vec<(Role, &'a Trial)>,
    /// What the counters must prove.
    pub mechanism: Option<&'a Mechanism>,
    /// Losses that do not matter, instead of the configured `guard_margin`.
    pub margin: Option<Gain>,
}

impl<'a> Inquiry<'a> {
    /// What `improvement` brings to a stack. Its own feature may be among those of `stack` and is left out; an empty stack
    /// tests it alone.
    pub fn add_one_in(improvement: &Improvement, variants: &'a Variants, stack: &[String]) -> Self {
        let mut trials = vec![(Role::Main, &variants.workload)];
        trials.extend(variants.guards.iter().map(|trial| (Role::Guard, trial)));
        trials.extend(variants.control.iter().map(|control| (Role::Control, control)));
        let without: Vec<String> = stack.iter().filter(|feature| **feature != improvement.feature).cloned().collect();
        let with = [without.as_slice(), std::slice::from_ref(&improvement.feature)].concat();
        Self {
            question: Question::AddOneIn(improvement.id.clone()),
            places: here(),
            features: [without, with],
            trials,
            mechanism: variants.mechanism.as_ref(),
            margin: None,
        }
    }

    /// What `improvement` would bring to a stack, both as they are at `commit`.
    pub fn handed_in(improvement: &Improvement, variants: &'a Variants, stack: &[String], commit: &str) -> Self {
        Self {
            question: Question::HandedIn(improvement.id.clone()),
            places: [commit.to_owned(), commit.to_owned()],
            ..Self::add_one_in(improvement, variants, stack)
        }
    }

    /// What `stack` loses without `improvement`, whose feature is one of its. On another trial than its own nothing is known
    /// of what its mechanism does.
    pub fn leave_one_out(
        improvement: &Improvement,
        variants: &'a Variants,
        stack: &[String],
        elsewhere: Option<&'a Trial>,
    ) -> Self {
        let without = stack.iter().filter(|feature| **feature != improvement.feature).cloned().collect();
        Self {
            question: Question::LeaveOneOut(improvement.id.clone()),
            places: here(),
            features: [without, stack.to_vec()],
            trials: vec![(Role::Main, elsewhere.unwrap_or(&variants.workload))],
            mechanism: variants.mechanism.as_ref().filter(|_| elsewhere.is_none()),
            margin: None,
        }
    }

    /// How much pairs of an arm with `features` differ from themselves on each of `trials`.
    pub fn itself(features: &[String], trials: impl IntoIterator<Item = &'a Trial>) -> Self {
        Self {
            question: Question::Itself,
            places: here(),
            features: [features.to_vec(), features.to_vec()],
            trials: trials.into_iter().map(|trial| (Role::Control, trial)).collect(),
            mechanism: None,
            margin: None,
        }
    }

    /// Whether the second of two arms of the working tree is better or worse than the first on each of `trials`.
    pub fn compare(features: [Vec<String>; 2], trials: impl IntoIterator<Item = &'a Trial>) -> Self {
        let trials = trials.into_iter().map(|trial| (Role::Compared, trial)).collect();
        Self { question: Question::Compare, places: here(), features, trials, mechanism: None, margin: None }
    }
}

/// Both arms are of the working tree.
fn here() -> [String; 2] {
    [".".to_owned(), ".".to_owned()]
}

/// What a plan is made from.
#[derive(Debug)]
pub struct Draft<'a> {
    /// The rules.
    pub config: &'a Config,
    /// What is wanted.
    pub inquiry: &'a Inquiry<'a>,
    /// What the arms are made of, A and B: digest, and the revision it is of.
    pub sources: [(String, Option<Revision>); 2],
    /// Noise known from earlier pairs on this machine.
    pub noise: &'a NoiseLedger,
    /// Pairs at most, instead of the configured limit.
    pub pair_limit: Option<u32>,
    /// Seed of every coin.
    pub seed: u64,
}

impl Draft<'_> {
    /// The plan.
    pub fn plan(self) -> Plan {
        let config = &self.config.policy;
        let policy = Policy {
            alpha: config.alpha,
            pair_limit: self.pair_limit.unwrap_or(config.pair_limit),
            guard_pairs: config.guard_pairs,
            guard_margin: self.inquiry.margin.unwrap_or(config.guard_margin),
            control_margin: config.control_margin,
            confirmation_pairs: config.confirmation_pairs,
            dropped_max: self.config.machine.dropped_max,
            accepted_is_enough: config.accept == Accept::Accepted,
            rule_version: RULE_VERSION,
        };
        let Inquiry { question, features, trials, mechanism, .. } = self.inquiry;
        let telling = telling_params(trials);
        let workloads = trials.iter().map(|&(role, trial)| self.workload(role, trial, &telling, &policy)).collect();
        let [of_a, of_b] = self.sources;
        let [with_a, with_b] = features.clone();
        let arm = |features, (tree_digest, revision)| Arm { features, tree_digest, revision };
        Plan {
            question: question.clone(),
            arms: [arm(with_a, of_a), arm(with_b, of_b)],
            workloads,
            mechanism: mechanism.cloned(),
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
            Role::Compared => (policy.guard_margin, policy.pair_limit),
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
    /// The time of the pairs alone when all goes as well as it can, and when every workload needs its limit.
    pub fn expected_time(&self) -> (Duration, Duration) {
        let policy = &self.policy;
        let calibrates = self.question == Question::Itself;
        // Seven pairs decide an effect far above the noise; fewer than five decide nothing.
        let at_best = |role| match role {
            Role::Main => 7 + policy.confirmation_pairs,
            Role::Compared => 7.min(policy.pair_limit),
            Role::Control if calibrates => policy.pair_limit,
            Role::Guard | Role::Control => policy.guard_pairs,
        };
        let at_worst = |role| match role {
            Role::Main => policy.pair_limit + policy.confirmation_pairs,
            Role::Guard | Role::Control | Role::Compared => policy.pair_limit,
        };
        let total = |pairs: &dyn Fn(Role) -> u32| {
            self.workloads.iter().map(|workload| workload.pair_time * pairs(workload.role)).sum()
        };
        (total(&at_best), total(&at_worst))
    }
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
    use crate::lab::experiment::Side;
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
        let inquiry = Inquiry::add_one_in(improvement, variants, &stack);
        let sources = [("d".to_owned(), None), ("d".to_owned(), None)];
        Draft { config: &config, inquiry: &inquiry, sources, noise, pair_limit: None, seed: 1 }.plan()
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
        assert_eq!(plan.arms, Arm::without_and_with("t003", &["b002".to_owned()], "d"));
        assert_eq!(plan.features_only_in(Side::B), ["t003"]);
        assert!(plan.features_only_in(Side::A).is_empty());
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
