//! What a screen found: what `workbench screen` and `workbench interact` print and what a report cites. Both say it from here.

use serde::Serialize;

use super::words;
use crate::improvements::{Direction, ImprovementId};
use crate::lab::screen::design::Kind;
use crate::lab::screen::effects::{Effects, ErrorSource, Estimate, Standing};
use crate::lab::screen::facts::{Conflict, Layout, Loss, Purpose, RowPair, ScreenId, ScreenPlan};
use crate::lab::screen::lenth::Lenth;
use crate::lab::screen::run::told;
use crate::units::{Effect, Gain, Interval, LogRatio};

/// What stands out is proposed for an interaction, at most so many.
const INTERACTION_MAX: usize = 4;

/// A screen's facts, as they are read or as they were just measured.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// Which screen.
    pub screen: ScreenId,
    /// Its plan.
    pub plan: &'a ScreenPlan,
    /// Its builds.
    pub layout: &'a Layout,
    /// Builds that were lost.
    pub losses: &'a [Loss],
    /// What does not build together.
    pub conflicts: &'a [Conflict],
    /// All pairs.
    pub pairs: &'a [RowPair],
    /// What the rows say.
    pub effects: &'a Effects,
}

/// What a screen found. The JSON form is stable.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// Its number.
    pub screen: ScreenId,
    /// What was asked.
    pub purpose: Purpose,
    /// What it found, in a sentence.
    pub told: String,
    /// Features that were on in every build.
    pub held: Vec<String>,
    /// The workload.
    pub workload: String,
    /// The metric.
    pub metric: String,
    /// Which way it improves.
    pub better: Direction,
    /// How the builds were chosen.
    pub design: Kind,
    /// Builds of the design.
    pub builds: usize,
    /// Of these, lost.
    pub lost: Vec<LossLine>,
    /// What does not build together.
    pub conflicts: Vec<String>,
    /// How often each build was measured.
    pub blocks: u32,
    /// Whether the design was folded over: then its effects are free of interactions of two.
    pub folded: bool,
    /// Pairs recorded.
    pub pairs: usize,
    /// Of these, dropped by the rule fixed beforehand.
    pub dropped: usize,
    /// The effects, the largest first.
    pub effects: Vec<EffectLine>,
    /// Effects that cannot be told from others.
    pub unknown: Vec<String>,
    /// The noise on which the intervals rest.
    pub noise: Option<Noise>,
    /// Lenth's pseudo standard error and margins.
    pub lenth: Option<Lenth>,
    /// The smallest true effect that would have been found with 90 % power.
    pub minimum_detectable: Gain,
    /// What to run next: pairs decide.
    pub next: Vec<String>,
}

/// An effect: of one improvement, or what several do together beyond what each does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EffectLine {
    /// `T003`, or `T003 × B002`.
    pub name: String,
    /// Of which improvements.
    pub improvements: Vec<ImprovementId>,
    /// As a log-ratio; positive is better.
    pub effect: LogRatio,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Estimate and 95 % interval as changes of the metric. Of several improvements: the factor beyond what each does.
    pub change: Effect,
    /// What it is taken for.
    pub standing: Standing,
    /// The effect scaled so that all have the same variance: what a half-normal plot compares.
    pub contrast: LogRatio,
}

/// A build that was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LossLine {
    /// Its features.
    pub features: Vec<String>,
    /// What happened, and the first line of why.
    pub told: String,
}

/// The noise on which the intervals rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Noise {
    /// Whence it is known.
    pub source: ErrorSource,
    /// Standard deviation of a build's average, as a fraction.
    pub noise: Gain,
    /// Degrees of freedom.
    pub degrees_of_freedom: f64,
}

impl Findings {
    /// What the measured rows say.
    pub fn of(measured: Measured<'_>) -> Self {
        let Measured { screen, plan, layout, losses, conflicts, pairs, effects } = measured;
        let names = plan.names();
        let mut lines: Vec<EffectLine> =
            effects.estimates.iter().map(|estimate| line(plan, &names, estimate)).collect();
        lines.sort_by(|a, b| b.effect.0.abs().total_cmp(&a.effect.0.abs()));
        Self {
            screen,
            purpose: plan.purpose,
            told: told(plan, effects),
            held: plan.held.clone(),
            workload: plan.workload.label.clone(),
            metric: plan.workload.metric.clone(),
            better: plan.workload.better,
            design: layout.design.kind,
            builds: layout.design.len(),
            lost: losses.iter().map(|loss| loss_line(plan, loss)).collect(),
            conflicts: conflicts.iter().map(|conflict| plan.told(conflict)).collect(),
            blocks: plan.blocks,
            folded: layout.folded,
            pairs: pairs.len(),
            dropped: pairs.iter().filter(|pair| pair.pair.dropped.is_some()).count(),
            unknown: effects.unknown.iter().map(|term| term.name(&names)).collect(),
            noise: effects.error.map(|error| Noise {
                source: error.source,
                noise: error.noise.gain(),
                degrees_of_freedom: error.degrees_of_freedom,
            }),
            lenth: effects.lenth,
            minimum_detectable: plan.minimum_detectable(layout.design.len()),
            next: next(plan, layout, &lines),
            effects: lines,
        }
    }

    /// The effects of single improvements, the largest first.
    pub fn main_effects(&self) -> impl Iterator<Item = &EffectLine> {
        self.effects.iter().filter(|line| line.improvements.len() == 1)
    }

    /// What two improvements do together, beyond what each does; `None` where that is not known.
    pub fn together(&self, one: &ImprovementId, other: &ImprovementId) -> Option<&EffectLine> {
        let of_both = |line: &&EffectLine| {
            let [first, second] = &line.improvements[..] else { return false };
            (first, second) == (one, other) || (first, second) == (other, one)
        };
        self.effects.iter().find(of_both)
    }

    /// What the figures rest on, by name.
    pub fn grounds(&self) -> Vec<(&'static str, String)> {
        let held = if self.held.is_empty() { "nothing else on".to_owned() } else { self.held.join(" + ") };
        let noise = self.noise.map_or_else(
            || "not known: every interval is unbounded".to_owned(),
            |noise| {
                let Noise { source, noise, degrees_of_freedom } = noise;
                let share = noise.0 * 100.0;
                format!("{share:.1} % a build, from {} ({degrees_of_freedom:.0} degrees of freedom)", whence(source))
            },
        );
        let aliases = match self.design {
            Kind::Full => "every combination was built",
            _ if self.folded => "folded over: no interaction of two is in an effect",
            Kind::Hadamard | Kind::Folded | Kind::Exchanged => {
                "an interaction of two can hide in an effect; --fold-over clears it"
            }
        };
        let change = self.minimum_detectable.change(self.better);
        vec![
            ("measured", format!("{} of {}, {held}", self.better.beside(&self.metric), self.workload)),
            (
                "builds",
                format!("{}, each {} times, {} pairs, {} dropped", self.builds, self.blocks, self.pairs, self.dropped),
            ),
            ("noise", noise),
            ("seen with 90 % power", format!("a change of {change}")),
            ("aliases", aliases.to_owned()),
        ]
    }
}

impl EffectLine {
    /// The headings of [`Self::cells`].
    pub const COLUMNS: [&'static str; 4] = ["Improvement", "Change", "95 % interval", "Says"];

    /// The line as people read it.
    pub fn cells(&self) -> Vec<String> {
        vec![self.name.clone(), self.change.estimate.to_string(), self.change.bounds(), self.says().to_owned()]
    }

    /// What it says, in words.
    pub fn says(&self) -> &'static str {
        words::standing(self.standing, self.improvements.len() > 1, self.effect)
    }
}

fn line(plan: &ScreenPlan, names: &[String], estimate: &Estimate) -> EffectLine {
    let improvement = |&factor: &usize| plan.factors.get(factor).map(|factor| factor.improvement.clone());
    EffectLine {
        name: estimate.term.name(names),
        improvements: estimate.term.factors().iter().filter_map(improvement).collect(),
        effect: estimate.effect,
        interval: estimate.interval,
        change: estimate.interval.effect(estimate.effect, plan.workload.better),
        standing: estimate.standing,
        contrast: estimate.contrast,
    }
}

fn loss_line(plan: &ScreenPlan, loss: &Loss) -> LossLine {
    let first = loss.reason.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    LossLine { features: plan.features(&loss.levels), told: format!("{}: {first}", loss.stage) }
}

/// What stands out is confirmed by pairs, one at a time; what stands out together may act together.
fn next(plan: &ScreenPlan, layout: &Layout, lines: &[EffectLine]) -> Vec<String> {
    let alone = lines.iter().filter(|line| line.improvements.len() == 1);
    let ids = |standing: Standing| {
        let of = alone.clone().filter(move |line| line.standing == standing);
        of.map(|line| line.improvements[0].0.as_str()).collect::<Vec<_>>()
    };
    let (active, likely) = (ids(Standing::Active), ids(Standing::Likely));
    let mut commands: Vec<String> = active.iter().chain(&likely).map(|id| format!("workbench apply {id}")).collect();
    match plan.purpose {
        Purpose::Screening => {
            if active.len() > 1 {
                let together = &active[..active.len().min(INTERACTION_MAX)];
                commands.push(format!("workbench interact {}{}", together.join(" "), asked(plan)));
            }
            if layout.can_be_folded() && !active.is_empty() {
                commands.push(format!("workbench {} --fold-over{}", plan.command(), asked(plan)));
            }
        }
        Purpose::Interaction => {}
    }
    commands
}

/// The options that ask on the same stack and workload again.
fn asked(plan: &ScreenPlan) -> String {
    let work = &plan.workload;
    let stack = if plan.held.is_empty() { "" } else { " --stack" };
    if !plan.workload_named {
        return stack.to_owned();
    }
    let better = match work.better {
        Direction::Higher => "",
        Direction::Lower => " --better lower",
    };
    let value = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let params: String = work.params.iter().map(|(name, it)| format!(" --param {name}={}", value(it))).collect();
    format!("{stack} --workload {} --metric {}{better}{params}", work.workload, work.metric)
}

fn whence(source: ErrorSource) -> &'static str {
    match source {
        ErrorSource::Replicates => "repeated measurements",
        ErrorSource::SpareColumns => "columns with which nothing moves",
        ErrorSource::Lenth => "the effects, most of which are quiet (Lenth)",
    }
}
