//! The rule itself.

use super::answer::WrongAnswer;
use super::mechanism::figure;
use super::standing::{counting, standing};
use super::two_sided;
use super::words::Words;
use crate::lab::experiment::{Outcome, Pair, Plan, Question, Role, Ruling, Run, Standing, Verdict};
use crate::lab::stats::robust_scale_about;
use crate::units::LogRatio;

/// Version of this rule, for new plans. A change to anything below that could change a word raises it; what a plan of
/// an older version leads to stays as it was, in word and reason.
pub const RULE_VERSION: u32 = 4;

/// The main workload is the plan's first.
const MAIN: usize = 0;

/// Fewer dropped pairs than this never stop an experiment: one of one is no sign of a busy machine.
const DROPPED_MIN: usize = 3;

/// Where an experiment stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Outlook {
    /// It needs another pair.
    Next {
        /// Of this workload.
        workload: usize,
        /// For this run.
        run: Run,
    },
    /// It is decided.
    Ruled(Box<Ruling>),
    /// The machine is too busy to decide anything on it.
    TooBusy {
        /// Pairs dropped.
        dropped: usize,
        /// Of so many.
        of: usize,
    },
}

/// The state of an experiment after `pairs`, in the order they were recorded. Calibration pairs decide nothing but a
/// calibration.
///
/// # Panics
/// When the plan has no workload.
pub fn judge(plan: &Plan, pairs: &[Pair]) -> Outlook {
    let standings = standings(plan, pairs);
    let case = Case { plan, pairs, standings: &standings };
    if let Some(reason) = case.wrong_answer() {
        return Outlook::Ruled(Box::new(case.ruling(Verdict::Broken, reason, &case.outcomes(), None)));
    }
    let outlook = match plan.question {
        Question::AddOneIn(_) | Question::LeaveOneOut(_) | Question::HandedIn(_) => case.decide(),
        Question::Itself => case.calibrate(),
        Question::Compare => case.compare(),
    };
    let deciding = plan.deciding_run();
    let judged = pairs.iter().filter(|pair| pair.run == deciding || pair.run == Run::Confirmation);
    let (of, dropped) = judged.fold((0, 0), |(of, n), pair| (of + 1, n + usize::from(pair.dropped.is_some())));
    match outlook {
        Outlook::Next { .. } if is_too_busy(dropped, of, plan.policy.dropped_max) => Outlook::TooBusy { dropped, of },
        Outlook::Next { .. } | Outlook::Ruled(_) | Outlook::TooBusy { .. } => outlook,
    }
}

/// Whether so many pairs were dropped that the machine is too busy to decide anything on it.
pub fn is_too_busy(dropped: usize, of: usize, dropped_max: f64) -> bool {
    dropped >= DROPPED_MIN && dropped as f64 > dropped_max * of as f64
}

/// The ruling that `pairs` lead to; `None` when they were not enough. The same pairs always lead to the same ruling,
/// whether they were recorded in one go or over several resumed runs.
pub fn replay(plan: &Plan, pairs: &[Pair]) -> Option<Ruling> {
    match judge(plan, pairs) {
        Outlook::Ruled(ruling) => Some(*ruling),
        Outlook::Next { .. } | Outlook::TooBusy { .. } => None,
    }
}

/// The ruling when something other than a pair broke the experiment: a failed test, a process that died.
pub fn broken(plan: &Plan, pairs: &[Pair], reason: String) -> Ruling {
    let standings = standings(plan, pairs);
    let case = Case { plan, pairs, standings: &standings };
    case.ruling(Verdict::Broken, reason, &case.outcomes(), None)
}

/// What a standing says of a workload, by the same rule: also for pictures of an experiment that goes on.
pub fn outcome(plan: &Plan, workload: usize, standing: &Standing) -> Outcome {
    let policy = &plan.policy;
    let Standing { pairs, estimate: LogRatio(estimate), bounds } = *standing;
    let enough = pairs >= policy.guard_pairs.min(policy.pair_limit);
    match plan.workloads[workload].role {
        Role::Main => {
            let margin = LogRatio::from_gain(plan.workloads[workload].required_gain).0;
            if bounds.low > margin {
                Outcome::Gain
            } else if bounds.high < margin {
                Outcome::TooLittle
            } else if pairs >= policy.pair_limit && bounds.low > 0.0 && estimate >= margin {
                Outcome::LikelyGain
            } else {
                Outcome::Open
            }
        }
        Role::Guard => {
            let allowed = (-policy.guard_margin.0).ln_1p();
            if bounds.low > allowed {
                Outcome::NonInferior
            } else if bounds.high < allowed {
                Outcome::Regressed
            } else if enough && estimate >= allowed {
                Outcome::NotShownWorse
            } else {
                Outcome::Open
            }
        }
        Role::Control => {
            let allowed = policy.control_margin.0.ln_1p();
            let differs = estimate.abs() > allowed && (bounds.low > 0.0 || bounds.high < 0.0);
            // Since rule 4, as a guard regresses and a comparison is decided. Before, chance could move a control as often as an
            // interval of this level errs.
            let surely = policy.rule_version < 4 || bounds.low > allowed || bounds.high < -allowed;
            if bounds.low > -allowed && bounds.high < allowed {
                Outcome::Still
            } else if differs && (surely || pairs >= policy.pair_limit) {
                Outcome::Moved
            } else if enough && estimate.abs() <= allowed {
                Outcome::NotShownMoving
            } else {
                Outcome::Open
            }
        }
        Role::Compared => two_sided::outcome(plan, standing),
    }
}

/// A plan and the pairs it is judged by.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) plan: &'a Plan,
    pub(super) pairs: &'a [Pair],
    /// The deciding run of each workload.
    standings: &'a [Standing],
}

/// The deciding run of each workload.
fn standings(plan: &Plan, pairs: &[Pair]) -> Vec<Standing> {
    (0..plan.workloads.len()).map(|workload| standing(plan, pairs, workload, plan.deciding_run())).collect()
}

impl Case<'_> {
    fn decide(self) -> Outlook {
        let outcomes = self.outcomes();
        let ruled = |verdict, reason| Outlook::Ruled(Box::new(self.ruling(verdict, reason, &outcomes, None)));
        let main = self.standing(MAIN);
        let at_limit = main.pairs >= self.plan.policy.pair_limit;
        let verdict = match outcomes[MAIN] {
            Outcome::Gain => Verdict::Proven,
            Outcome::LikelyGain => Verdict::Accepted,
            Outcome::TooLittle => Verdict::Rejected,
            Outcome::Open if at_limit => Verdict::Inconclusive,
            Outcome::Open => return Outlook::Next { workload: MAIN, run: Run::Decision },
            Outcome::NonInferior
            | Outcome::NotShownWorse
            | Outcome::Regressed
            | Outcome::Still
            | Outcome::NotShownMoving
            | Outcome::Moved
            | Outcome::Better
            | Outcome::Worse
            | Outcome::Same => unreachable!("the main workload has an outcome of its own kind"),
        };
        // Before the verdict on the gain: a mechanism that never fired explains both a gain and its absence.
        let mechanism = self.plan.mechanism.as_ref();
        if let Some(reason) = mechanism.and_then(|claimed| figure(claimed, self.pairs).contradiction(claimed)) {
            return ruled(Verdict::Broken, reason);
        }
        match verdict {
            Verdict::Rejected => return ruled(Verdict::Rejected, self.too_little(main)),
            Verdict::Inconclusive => return ruled(Verdict::Inconclusive, self.undecided(main)),
            Verdict::Proven
            | Verdict::Accepted
            | Verdict::Better
            | Verdict::Worse
            | Verdict::Same
            | Verdict::Broken => {}
        }
        for workload in self.companions() {
            if let Some(reason) = self.harm(workload, outcomes[workload]) {
                return ruled(Verdict::Rejected, reason);
            }
        }
        let open = self.companions().filter(|&workload| outcomes[workload] == Outcome::Open);
        // The one with the fewest pairs: companions then share whatever drifts over the minutes.
        let next = open.min_by_key(|&workload| self.standing(workload).pairs);
        match next {
            Some(workload) if self.standing(workload).pairs < self.plan.policy.pair_limit => {
                Outlook::Next { workload, run: Run::Decision }
            }
            Some(workload) => ruled(Verdict::Inconclusive, self.doubt(workload)),
            None => self.confirm(verdict, main, &outcomes),
        }
    }

    fn confirm(self, verdict: Verdict, main: Standing, outcomes: &[Outcome]) -> Outlook {
        let confirmation = standing(self.plan, self.pairs, MAIN, Run::Confirmation);
        if confirmation.pairs < self.plan.policy.confirmation_pairs {
            return Outlook::Next { workload: MAIN, run: Run::Confirmation };
        }
        let contradicts = confirmation.estimate.0 <= 0.0 || confirmation.bounds.high < self.margin().0;
        let (verdict, reason) = if contradicts {
            let reason = format!(
                "the decision run found {}, but {} fresh pairs found {}: not confirmed",
                self.words(MAIN).figure(main.estimate),
                confirmation.pairs,
                self.words(MAIN).range(confirmation.estimate, confirmation.bounds)
            );
            (Verdict::Inconclusive, reason)
        } else {
            (verdict, self.success(verdict, main, outcomes))
        };
        Outlook::Ruled(Box::new(self.ruling(verdict, reason, outcomes, Some(confirmation))))
    }

    pub(super) fn ruling(
        self,
        verdict: Verdict,
        reason: String,
        outcomes: &[Outcome],
        confirmation: Option<Standing>,
    ) -> Ruling {
        let passed = match verdict {
            Verdict::Proven => true,
            Verdict::Accepted => self.plan.policy.accepted_is_enough,
            Verdict::Rejected
            | Verdict::Inconclusive
            | Verdict::Better
            | Verdict::Worse
            | Verdict::Same
            | Verdict::Broken => false,
        };
        Ruling {
            verdict,
            reason,
            passed,
            decision: self.standings.to_vec(),
            outcomes: outcomes.to_vec(),
            confirmation,
            mechanism: self.plan.mechanism.as_ref().and_then(|claimed| figure(claimed, self.pairs).both()),
            rule_version: self.plan.policy.rule_version,
        }
    }

    pub(super) fn outcomes(self) -> Vec<Outcome> {
        (0..self.plan.workloads.len()).map(|workload| self.outcome(workload)).collect()
    }

    fn outcome(self, workload: usize) -> Outcome {
        outcome(self.plan, workload, &self.standing(workload))
    }

    pub(super) fn standing(self, workload: usize) -> Standing {
        self.standings[workload]
    }

    pub(super) fn words(&self, workload: usize) -> Words<'_> {
        Words::new(self.plan, workload)
    }

    fn margin(self) -> LogRatio {
        LogRatio::from_gain(self.plan.workloads[MAIN].required_gain)
    }

    /// Guards and control.
    fn companions(self) -> std::ops::Range<usize> {
        MAIN + 1..self.plan.workloads.len()
    }

    /// A wrong answer is wrong in a dropped pair too: the machine's noise does not excuse it.
    fn wrong_answer(self) -> Option<String> {
        self.pairs.iter().find_map(|pair| {
            let workload = &self.plan.workloads[pair.workload];
            let place = format!("{}, pair {}", workload.label, pair.index + 1);
            WrongAnswer::of(pair).map(|wrong| match wrong {
                WrongAnswer::Finding { side, finding } => format!("wrong answer in arm {side} ({place}): {finding}"),
                WrongAnswer::Disagreement { a, b } => {
                    format!("the arms disagree ({place}): final state {a} in A, {b} in B")
                }
                WrongAnswer::NoFigure => {
                    let metric = &workload.metric;
                    format!("`{metric}` was not a positive number in both arms ({place}): it cannot be compared")
                }
            })
        })
    }

    fn harm(self, workload: usize, outcome: Outcome) -> Option<String> {
        let Standing { estimate, bounds, pairs } = self.standing(workload);
        let subject = self.words(workload).subject();
        let range = self.words(workload).range(estimate, bounds);
        match outcome {
            Outcome::Regressed => {
                Some(format!("{subject} regressed: {range} in {pairs} pairs, more than the allowed loss"))
            }
            Outcome::Moved => Some(format!(
                "the control {subject} moved: {range} in {pairs} pairs; the change is measuring something else"
            )),
            Outcome::Open
            | Outcome::Gain
            | Outcome::LikelyGain
            | Outcome::TooLittle
            | Outcome::NonInferior
            | Outcome::NotShownWorse
            | Outcome::Still
            | Outcome::NotShownMoving
            | Outcome::Better
            | Outcome::Worse
            | Outcome::Same => None,
        }
    }

    fn success(self, verdict: Verdict, main: Standing, outcomes: &[Outcome]) -> String {
        let words = self.words(MAIN);
        let found = match verdict {
            Verdict::Proven => words.at_worst(LogRatio(main.bounds.low)),
            Verdict::Accepted
            | Verdict::Rejected
            | Verdict::Inconclusive
            | Verdict::Better
            | Verdict::Worse
            | Verdict::Same
            | Verdict::Broken => words.surely_better(main.estimate),
        };
        let weak: Vec<String> = self
            .companions()
            .filter_map(|workload| {
                let label = &self.plan.workloads[workload].label;
                match outcomes[workload] {
                    Outcome::NotShownWorse => Some(format!("{label} was not shown worse (nor proven harmless)")),
                    Outcome::NotShownMoving => Some(format!("{label} was not shown to move (nor proven still)")),
                    Outcome::Open
                    | Outcome::Gain
                    | Outcome::LikelyGain
                    | Outcome::TooLittle
                    | Outcome::NonInferior
                    | Outcome::Regressed
                    | Outcome::Still
                    | Outcome::Moved
                    | Outcome::Better
                    | Outcome::Worse
                    | Outcome::Same => None,
                }
            })
            .collect();
        let caveat = if weak.is_empty() { String::new() } else { format!("; {}", weak.join("; ")) };
        format!("{found}, where {} was required{caveat}", words.required())
    }

    fn too_little(self, main: Standing) -> String {
        let words = self.words(MAIN);
        format!("{}, where {} was required", words.at_best(LogRatio(main.bounds.high)), words.required())
    }

    fn undecided(self, main: Standing) -> String {
        format!(
            "{} pairs leave {}, where {} was required; {}",
            main.pairs,
            self.words(MAIN).range(main.estimate, main.bounds),
            self.words(MAIN).required(),
            self.would_take(MAIN, main, self.margin().0)
        )
    }

    fn doubt(self, workload: usize) -> String {
        let policy = &self.plan.policy;
        let case = self.standing(workload);
        let control = self.plan.workloads[workload].role == Role::Control;
        let margin = if control { policy.control_margin.0.ln_1p() } else { (-policy.guard_margin.0).ln_1p() };
        format!(
            "{} may have {}: {} after {} pairs; {}",
            self.words(workload).subject(),
            if control { "moved" } else { "regressed" },
            self.words(workload).range(case.estimate, case.bounds),
            case.pairs,
            self.would_take(workload, case, if case.estimate.0 < 0.0 { -margin.abs() } else { margin.abs() })
        )
    }

    /// How many pairs it would take to tell the estimate from `margin`, were the estimate the truth.
    fn would_take(self, workload: usize, case: Standing, margin: f64) -> String {
        let differences: Vec<f64> = counting(self.pairs, workload, Run::Decision).map(|pair| pair.d.0).collect();
        let scale = robust_scale_about(&differences, case.estimate.0).unwrap_or_default();
        let distance = (case.estimate.0 - margin).abs();
        let pairs = (4.4 * scale / distance).powi(2).ceil();
        if pairs.is_finite() && pairs < 100_000.0 {
            format!("it would take about {:.0} pairs", pairs.max(f64::from(case.pairs) + 1.0))
        } else {
            "no number of pairs would tell".to_owned()
        }
    }
}
