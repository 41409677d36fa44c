//! Screens, calibrations and trends, read from the store and worked out off the thread that draws.

use std::collections::BTreeMap;

use tokio::sync::mpsc::UnboundedSender;

use super::facts::{BuildRow, BuildState, NoiseSeries, ScreenFacts, ScreenRow, TrendPicture};
use super::msg::Msg;
use crate::improvements::ImprovementId;
use crate::lab::calibration::is_in_control;
use crate::lab::screen::facts::{Levels, ScreenId};
use crate::lab::screen::run::effects;
use crate::project::Project;
use crate::report::control_chart::Point;
use crate::report::history::{Line, page, series};
use crate::report::screen::{Findings, Measured};
use crate::tracking::{CalibrationFact, Reader, Screen, ScreenEnding, ScreenSummary, StoreError};

/// Screens that are listed.
const SCREENS_MAX: u32 = 200;

/// Reads which screens there are.
pub(super) fn list(project: &Project, sender: &UnboundedSender<Msg>) {
    let (project, sender) = (project.clone(), sender.clone());
    tokio::spawn(async move {
        let read = async {
            let Some(reader) = Reader::open(&project).await? else { return Ok(Vec::new()) };
            Ok(reader.screens(SCREENS_MAX).await?.into_iter().map(row).collect())
        };
        tell(&sender, Msg::Screens(read.await.map_err(words)));
    });
}

/// Reads a screen.
pub(super) fn one(project: &Project, sender: &UnboundedSender<Msg>, id: ScreenId) {
    let (project, sender) = (project.clone(), sender.clone());
    tokio::spawn(async move {
        let read = async {
            let Some(reader) = Reader::open(&project).await? else { return Ok(None) };
            reader.screen(id).await
        };
        let missing = || format!("screen {} is not in the store", id.0);
        let screen = read.await.map_err(words).and_then(|screen| screen.ok_or_else(missing));
        // Effects take their time: the other tasks of this thread go elsewhere meanwhile.
        let facts = screen.map(|screen| tokio::task::block_in_place(|| Box::new(worked_out(screen))));
        tell(&sender, Msg::Screen(id, facts));
    });
}

/// Reads the calibrations of this machine.
pub(super) fn noise(project: &Project, sender: &UnboundedSender<Msg>) {
    let (project, sender) = (project.clone(), sender.clone());
    tokio::spawn(async move {
        let read = async {
            let Some(reader) = Reader::open(&project).await? else { return Ok(Vec::new()) };
            Ok(by_workload(&reader.calibrations().await?))
        };
        tell(&sender, Msg::Noise(read.await.map_err(words)));
    });
}

/// Reads all that was measured of an improvement, and draws it as `workbench history` does.
pub(super) fn trend(project: &Project, sender: &UnboundedSender<Msg>, id: ImprovementId) {
    let (project, sender) = (project.clone(), sender.clone());
    tokio::spawn(async move {
        let read = async {
            let Some(reader) = Reader::open(&project).await? else { return Ok(Vec::new()) };
            Ok(reader.measured(&id).await?.iter().map(Line::of).collect())
        };
        let drawn = read.await.map_err(words).map(drawn);
        tell(&sender, Msg::Trend(id, drawn));
    });
}

fn drawn(mut lines: Vec<Line>) -> TrendPicture {
    lines.sort_by_key(|line| (line.at, line.experiment));
    // Shuffles take their time: the other tasks of this thread go elsewhere meanwhile.
    let series = tokio::task::block_in_place(|| series(&lines));
    let [unicode, ascii] = [false, true].map(|ascii| page(&lines, &series, ascii));
    TrendPicture { unicode, ascii }
}

/// When the interface has gone, nobody waits for this.
fn tell(sender: &UnboundedSender<Msg>, msg: Msg) {
    let _ = sender.send(msg);
}

fn words(error: StoreError) -> String {
    error.to_string()
}

fn row(summary: ScreenSummary) -> ScreenRow {
    let (running, told) = match summary.ending {
        ScreenEnding::Running(process) => (true, format!("running, process {}", process.pid)),
        ScreenEnding::Interrupted => (false, "its process is gone; --resume goes on".to_owned()),
        ScreenEnding::Stopped(reason) => (false, format!("stopped: {reason}")),
        ScreenEnding::Ended(told) => (false, told),
    };
    ScreenRow {
        id: summary.id,
        purpose: summary.purpose,
        improvements: summary.factors.into_iter().map(|factor| factor.improvement).collect(),
        at: summary.at,
        running,
        told,
    }
}

/// What a screen's rows say so far.
pub(super) fn worked_out(screen: Screen) -> ScreenFacts {
    let (plan, names) = (&screen.plan, screen.plan.names());
    let Some(layout) = &screen.layout else {
        return ScreenFacts { names, found: None, builds: Vec::new(), pairs: (screen.pairs.len(), 0) };
    };
    let effects = effects(layout, &screen.losses, &screen.pairs);
    let found = Findings::of(Measured {
        screen: screen.summary.id,
        plan,
        layout,
        losses: &screen.losses,
        conflicts: &screen.conflicts,
        pairs: &screen.pairs,
        effects: &effects,
    });
    let builds: Vec<BuildRow> = layout.rows().map(|levels| build(&screen, &levels)).collect();
    let wanted = builds.len() * usize::try_from(plan.blocks).unwrap_or(usize::MAX);
    ScreenFacts { names, found: Some((found, effects)), builds, pairs: (screen.pairs.len(), wanted) }
}

fn build(screen: &Screen, levels: &Levels) -> BuildRow {
    let features = screen.plan.features(levels);
    let lost = screen.losses.iter().find(|loss| loss.levels == *levels);
    let there = screen.builds.iter().find(|build| build.features == features);
    let state = match (lost, there) {
        (Some(loss), _) => BuildState::Lost(loss.reason.lines().next().unwrap_or_default().to_owned()),
        (None, Some(there)) => BuildState::Ready { cached: there.cached },
        (None, None) => BuildState::Waits,
    };
    let features = if features.is_empty() { "nothing on".to_owned() } else { features.join(" ") };
    BuildRow { features, state }
}

fn by_workload(facts: &[CalibrationFact]) -> Vec<NoiseSeries> {
    let mut by_name: BTreeMap<&str, Vec<&CalibrationFact>> = BTreeMap::new();
    for fact in facts {
        by_name.entry(&fact.calibration.name).or_default().push(fact);
    }
    by_name.into_iter().filter_map(|(name, facts)| of_workload(name, &facts)).collect()
}

fn of_workload(name: &str, facts: &[&CalibrationFact]) -> Option<NoiseSeries> {
    let last = facts.last()?.calibration.main();
    let frozen = facts.iter().rev().nth(1).map_or(last.scale, |before| before.calibration.main().scale);
    Some(NoiseSeries {
        name: name.to_owned(),
        metric: last.metric.clone(),
        in_control: is_in_control(frozen, last.scale) && !last.is_biased(),
        points: facts.iter().map(|fact| Point::of(fact)).collect(),
    })
}
