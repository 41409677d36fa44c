//! What a standing means, in a word and a tone. The rule is the lab's; this only says it in few words.

use crate::lab::experiment::{Outcome, Plan, Policy, Role, Standing, WorkloadPlan};
use crate::lab::verdict;
use crate::units::{Gain, LogRatio};

/// How a workload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Too early.
    Undecided,
    /// As it should be.
    Good,
    /// As it must not be.
    Bad,
}

/// The lines beyond which the workload is decided.
pub fn margins(plan: &WorkloadPlan, policy: &Policy) -> Vec<LogRatio> {
    let loss = |gain: Gain| LogRatio::from_gain(Gain(-gain.0));
    let both = |gain: Gain| vec![LogRatio(-gain.0.ln_1p()), LogRatio(gain.0.ln_1p())];
    match plan.role {
        Role::Main => vec![LogRatio::from_gain(plan.required_gain)],
        Role::Guard => vec![loss(policy.guard_margin)],
        Role::Control => both(policy.control_margin),
        Role::Compared => both(policy.guard_margin),
    }
}

/// How the workload stands, and the word for it.
pub fn reading(plan: &Plan, workload: usize, standing: &Standing) -> (Tone, &'static str) {
    match verdict::outcome(plan, workload, standing) {
        Outcome::Open => (Tone::Undecided, "undecided"),
        Outcome::Gain => (Tone::Good, "gains enough"),
        Outcome::LikelyGain => (Tone::Good, "likely enough"),
        Outcome::TooLittle => (Tone::Bad, "too little"),
        Outcome::NonInferior => (Tone::Good, "holds"),
        Outcome::NotShownWorse => (Tone::Good, "not shown worse"),
        Outcome::Regressed => (Tone::Bad, "regressed"),
        Outcome::Still => (Tone::Good, "still"),
        Outcome::NotShownMoving => (Tone::Good, "not shown moving"),
        Outcome::Moved => (Tone::Bad, "moved"),
        Outcome::Better => (Tone::Good, "better"),
        Outcome::Worse => (Tone::Bad, "worse"),
        Outcome::Same => (Tone::Good, "no difference shown"),
    }
}

/// Whether the workload needs no more pairs of its decision run.
pub fn is_settled(plan: &Plan, workload: usize, standing: &Standing) -> bool {
    verdict::outcome(plan, workload, standing) != Outcome::Open
}
