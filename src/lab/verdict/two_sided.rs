//! The rule where nobody claims anything: is B better or worse than A, and is an arm the same as itself?
//!
//! ```text
//!   each workload   L > m ──▶ better      U < −m ──▶ worse      −m < L and U < m ──▶ same: no difference beyond m
//!                   limit: L > 0 ──▶ better · U < 0 ──▶ worse · neither ──▶ open
//!   all of them     any worse ──▶ WORSE · any open ──▶ INCONCLUSIVE · any better ──▶ BETTER ──▶ SAME
//!   an arm and itself    all pairs of the limit; 0 within [L, U] ──▶ SAME · else BROKEN: the measuring is
//! ```
//!
//! A comparison passes unless B is worse by more than the margin: surely worse, and by estimate beyond it.

use super::rule::{Case, Outlook};
use crate::lab::experiment::{Outcome, Plan, Ruling, Run, Standing, Verdict};

/// What a standing says of a workload in which either arm may win.
pub(super) fn outcome(plan: &Plan, standing: &Standing) -> Outcome {
    let margin = plan.policy.guard_margin.0.ln_1p();
    let bounds = standing.bounds;
    let at_limit = standing.pairs >= plan.policy.pair_limit;
    if bounds.low > margin || (at_limit && bounds.low > 0.0) {
        Outcome::Better
    } else if bounds.high < -margin || (at_limit && bounds.high < 0.0) {
        Outcome::Worse
    } else if bounds.low > -margin && bounds.high < margin {
        Outcome::Same
    } else {
        Outcome::Open
    }
}

impl Case<'_> {
    /// Where a comparison stands: workloads one after the other.
    pub(super) fn compare(self) -> Outlook {
        let outcomes = self.outcomes();
        let limit = self.plan.policy.pair_limit;
        let open = |workload: &usize| outcomes[*workload] == Outcome::Open && self.standing(*workload).pairs < limit;
        if let Some(workload) = (0..outcomes.len()).find(open) {
            return Outlook::Next { workload, run: Run::Decision };
        }
        let any = |wanted| outcomes.contains(&wanted);
        let verdict = if any(Outcome::Worse) {
            Verdict::Worse
        } else if any(Outcome::Open) {
            Verdict::Inconclusive
        } else if any(Outcome::Better) {
            Verdict::Better
        } else {
            Verdict::Same
        };
        let said: Vec<String> = (0..outcomes.len()).map(|workload| self.found(workload, outcomes[workload])).collect();
        let ruling = Ruling {
            passed: !(0..outcomes.len()).any(|workload| self.is_worse_beyond_the_margin(workload)),
            ..self.ruling(verdict, said.join("; "), &outcomes, None)
        };
        Outlook::Ruled(Box::new(ruling))
    }

    /// Where an arm's comparison with itself stands: every pair of the limit is wanted, workload by workload.
    pub(super) fn calibrate(self) -> Outlook {
        let limit = self.plan.policy.pair_limit;
        let workloads = 0..self.plan.workloads.len();
        if let Some(workload) = workloads.clone().find(|&workload| self.standing(workload).pairs < limit) {
            return Outlook::Next { workload, run: Run::Calibration };
        }
        let outcomes = self.outcomes();
        let is_biased = |workload: &usize| {
            let bounds = self.standing(*workload).bounds;
            bounds.low > 0.0 || bounds.high < 0.0
        };
        let ruling = match workloads.clone().find(is_biased) {
            Some(workload) => {
                let Standing { estimate, bounds, pairs } = self.standing(workload);
                let (subject, range) = (self.words(workload).subject(), self.words(workload).range(estimate, bounds));
                let reason = format!("an arm differs from itself: {subject} {range} in {pairs} pairs");
                self.ruling(Verdict::Broken, reason, &outcomes, None)
            }
            None => {
                let reason = format!("{limit} pairs of each workload show no difference of an arm from itself");
                Ruling { passed: true, ..self.ruling(Verdict::Same, reason, &outcomes, None) }
            }
        };
        Outlook::Ruled(Box::new(ruling))
    }

    fn is_worse_beyond_the_margin(self, workload: usize) -> bool {
        let Standing { estimate, bounds, .. } = self.standing(workload);
        bounds.high < 0.0 && estimate.0 < -self.plan.policy.guard_margin.0.ln_1p()
    }

    /// What was found of one workload, in words.
    fn found(self, workload: usize, outcome: Outcome) -> String {
        let standing = self.standing(workload);
        let (subject, range) =
            (self.words(workload).subject(), self.words(workload).range(standing.estimate, standing.bounds));
        let margin = format!("±{:.1} %", self.plan.policy.guard_margin.0 * 100.0);
        match outcome {
            Outcome::Better => format!("{subject} is better: {range}"),
            Outcome::Worse if self.is_worse_beyond_the_margin(workload) => {
                format!("{subject} is worse beyond {margin}: {range}")
            }
            Outcome::Worse => format!("{subject} is worse: {range}"),
            Outcome::Same => format!("{subject} shows no difference beyond {margin}: {range}"),
            Outcome::Open
            | Outcome::Gain
            | Outcome::LikelyGain
            | Outcome::TooLittle
            | Outcome::NonInferior
            | Outcome::NotShownWorse
            | Outcome::Regressed
            | Outcome::Still
            | Outcome::NotShownMoving
            | Outcome::Moved => {
                format!("{} pairs of {subject} leave {range}: within {margin} or not is open", standing.pairs)
            }
        }
    }
}
