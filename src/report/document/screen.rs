//! Screens beside the paired verdicts: a screen proposes, pairs decide, and the two should agree.

use jiff::Timestamp;
use serde::Serialize;

use crate::improvements::ImprovementId;
use crate::lab::experiment::{Standing, Verdict};
use crate::lab::screen::design::Kind;
use crate::lab::screen::effects::Effects;
use crate::lab::screen::run::effects;
use crate::report::effects::{Shown, svg};
use crate::report::screen::{EffectLine, Findings, Measured};
use crate::tracking::{Experiment, Facts, Screen};
use crate::units::{Effect, Interval};

/// A screen, and what pairs say of the same improvements.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScreenLine {
    /// When it was opened.
    pub at: Timestamp,
    /// The tree has moved since it was measured.
    pub stale: bool,
    /// What it found.
    #[serde(flatten)]
    pub found: Findings,
    /// The effects of single improvements beside their paired verdicts, the largest first.
    pub beside: Vec<BesideLine>,
    /// Its pictures, which lie beside the report.
    #[serde(skip)]
    pub pictures: Vec<Picture>,
}

/// A picture that lies beside the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it shows.
    pub title: &'static str,
    /// Its file's name.
    pub file: String,
    /// The picture, as SVG.
    pub svg: String,
}

/// An effect beside what pairs say of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BesideLine {
    /// Which improvement.
    pub improvement: ImprovementId,
    /// What the screen says.
    pub screen: EffectLine,
    /// What pairs say, on the screen's workload where they were measured on it, else on their own.
    pub paired: Option<PairedFigure>,
    /// Whether the two agree.
    pub agreement: Agreement,
}

/// What pairs say of an improvement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairedFigure {
    /// Estimate and bounds as changes of the metric.
    pub change: Effect,
    /// Of which metric, on which workload.
    pub of: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Its number.
    pub verdict_id: i64,
}

/// Whether a screen and pairs agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// On the same workload their intervals overlap.
    Agrees,
    /// On the same workload both see it act the same way, but their intervals lie apart: a screen's effect is the mean over builds that
    /// have the others half on, and pairs ask with one stack, so the improvements act on one another.
    SameWay,
    /// On the same workload one sees what the other does not.
    Disagrees,
    /// Pairs were measured on other workloads only.
    OtherWorkload,
    /// No pair was measured.
    NotMeasured,
}

impl Agreement {
    /// Of two intervals for the same work.
    fn of(screen: Interval, pairs: Interval) -> Self {
        let overlap = screen.low <= pairs.high && pairs.low <= screen.high;
        let side = |interval: Interval| i8::from(interval.low > 0.0) - i8::from(interval.high < 0.0);
        match (overlap, side(screen) * side(pairs)) {
            (true, _) => Self::Agrees,
            (false, 1) => Self::SameWay,
            (false, _) => Self::Disagrees,
        }
    }

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::SameWay => "same way, another size",
            Self::Disagrees => "**disagrees**",
            Self::OtherWorkload => "another workload",
            Self::NotMeasured => "not measured",
        }
    }
}

pub(super) fn lines(facts: &Facts) -> Vec<ScreenLine> {
    facts.screens.iter().filter_map(|screen| line(screen, facts)).collect()
}

fn line(screen: &Screen, facts: &Facts) -> Option<ScreenLine> {
    let Screen { summary, plan, losses, conflicts, pairs, .. } = screen;
    let layout = screen.layout.as_ref()?;
    let effects = effects(layout, losses, pairs);
    let measured = Measured { screen: summary.id, plan, layout, losses, conflicts, pairs, effects: &effects };
    let found = Findings::of(measured);
    let beside = found.main_effects().map(|line| beside(line, screen, facts)).collect();
    let stale = facts.tree.as_ref().is_some_and(|tree| *tree != plan.tree_digest);
    let pictures = pictures(screen, &effects, &found);
    Some(ScreenLine { at: summary.at, stale, found, beside, pictures })
}

/// Of every combination the matrix; of other designs, whose contrasts tell their own noise, the half-normal plot.
fn pictures(screen: &Screen, effects: &Effects, found: &Findings) -> Vec<Picture> {
    let names = screen.plan.names();
    let shown = Shown { effects, names: &names, better: found.better };
    let title = format!("Screen {}: {} of {}", found.screen.0, found.metric, found.workload);
    let second = match found.design {
        Kind::Full => ("interactions", svg::matrix(&shown, &title)),
        Kind::Hadamard | Kind::Folded | Kind::Exchanged => ("half-normal plot", svg::half_normal(&shown, &title)),
    };
    let picture = |(title, svg): (&'static str, String)| Picture {
        title,
        file: format!("screen-{}.{}.svg", found.screen.0, title.replace(' ', "-")),
        svg,
    };
    [("effects", svg::bars(&shown, &title)), second].map(picture).into()
}

fn beside(line: &EffectLine, screen: &Screen, facts: &Facts) -> BesideLine {
    let improvement = line.improvements[0].clone();
    let verdict = facts.known.get(&improvement).and_then(|known| known.cited());
    let found = verdict.and_then(|verdict| {
        let experiment = facts.experiments.iter().find(|experiment| experiment.summary.id == verdict.experiment)?;
        let (workload, standing) = on_the_same(screen, experiment).or_else(|| Some((0, verdict.measured()?)))?;
        let workload = experiment.plan.workloads.get(workload)?;
        let same = workload.key() == screen.plan.workload.key();
        let figure = PairedFigure {
            change: standing.effect(workload.better),
            of: format!("{} of {}", workload.better.beside(&workload.metric), workload.label),
            verdict: verdict.ruling.verdict,
            verdict_id: verdict.row,
        };
        Some((figure, same, standing))
    });
    let agreement = match &found {
        None => Agreement::NotMeasured,
        Some((_, false, _)) => Agreement::OtherWorkload,
        Some((_, true, standing)) => Agreement::of(line.interval, standing.bounds),
    };
    BesideLine { improvement, screen: line.clone(), paired: found.map(|(figure, ..)| figure), agreement }
}

/// What an experiment measured on the screen's own workload: as its main one, a guard or its control.
fn on_the_same(screen: &Screen, experiment: &Experiment) -> Option<(usize, Standing)> {
    let at = experiment.plan.workloads.iter().position(|workload| workload.key() == screen.plan.workload.key())?;
    let verdict = experiment.verdict.as_ref()?;
    let standing = match at {
        0 => verdict.measured(),
        _ => verdict.ruling.decision.get(at).copied(),
    };
    Some((at, standing.filter(|standing| standing.pairs > 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apart_on_one_side_is_another_size_and_on_two_a_contradiction() {
        let interval = |low: f64, high: f64| Interval { low, high };
        assert_eq!(Agreement::of(interval(0.1, 0.3), interval(0.2, 0.5)), Agreement::Agrees);
        assert_eq!(Agreement::of(interval(-0.1, 0.1), interval(0.0, 0.5)), Agreement::Agrees);
        assert_eq!(Agreement::of(interval(0.1, 0.3), interval(0.4, 0.5)), Agreement::SameWay);
        assert_eq!(Agreement::of(interval(-0.3, -0.1), interval(-0.5, -0.4)), Agreement::SameWay);
        assert_eq!(Agreement::of(interval(0.1, 0.3), interval(-0.4, -0.1)), Agreement::Disagrees);
        assert_eq!(Agreement::of(interval(-0.1, 0.1), interval(0.2, 0.5)), Agreement::Disagrees);
    }
}
