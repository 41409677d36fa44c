//! What a standing means for a workload's role, in a word: the picture of the rule, not the rule. The verdict is the
//! lab's alone.

use crate::lab::experiment::{Policy, Role, Standing, WorkloadPlan};
use crate::units::{Gain, LogRatio};

/// How a workload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
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
    match plan.role {
        Role::Main => vec![LogRatio::from_gain(plan.required_gain)],
        Role::Guard => vec![loss(policy.guard_margin)],
        Role::Control => vec![loss(policy.control_margin), LogRatio::from_gain(policy.control_margin)],
    }
}

/// How the workload stands, and the word for it.
pub fn outlook(plan: &WorkloadPlan, policy: &Policy, standing: &Standing) -> (Outlook, &'static str) {
    let margins = margins(plan, policy);
    let low = margins.first().map_or(0.0, |margin| margin.0);
    let bounds = standing.bounds;
    match plan.role {
        Role::Main if bounds.low > low => (Outlook::Good, "above the margin"),
        Role::Main if bounds.high < low => (Outlook::Bad, "below the margin"),
        Role::Guard if bounds.low > low => (Outlook::Good, "holds"),
        Role::Guard if bounds.high < low => (Outlook::Bad, "regresses"),
        Role::Control => {
            let high = margins.last().map_or(0.0, |margin| margin.0);
            if bounds.low > high || bounds.high < low {
                (Outlook::Bad, "moves")
            } else if bounds.low > low && bounds.high < high {
                (Outlook::Good, "still")
            } else {
                (Outlook::Undecided, "undecided")
            }
        }
        Role::Main | Role::Guard => (Outlook::Undecided, "undecided"),
    }
}
