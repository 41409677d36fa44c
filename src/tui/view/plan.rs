//! The Plan: phases with their criteria judged from evidence, and what stands around them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::grid::{Cell, Column};
use super::rows::{self, Listing};
use super::{paint, plan_detail};
use crate::report::State;
use crate::report::document::RiskState;
use crate::tui::facts::PlanFacts;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::state::Part;

const COLUMNS: [Column; 4] = [
    Column { title: "Part", min: 16, max: 44, right: false, rank: 0 },
    Column { title: "Progress", min: 10, max: 10, right: false, rank: 3 },
    Column { title: "Done", min: 7, max: 8, right: true, rank: 1 },
    Column { title: "Criteria", min: 9, max: 10, right: true, rank: 2 },
];

/// Steps of a progress bar.
const BAR_STEPS: usize = 10;

/// Draws list and detail.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let Some(Ok(plan)) = &model.facts.plan else { return nothing(model, frame, area) };
    let panes = layout::panes(area, model.screen, model.zoom);
    if panes.list.area() > 0 {
        list(model, plan, frame, panes.list);
    }
    let title = model.shown_part().map_or_else(String::new, |part| title(plan, part));
    let inner = paint::pane(frame, panes.detail, &model.look, &title, "");
    let lines = plan_detail::lines(model, plan, inner.width);
    paint::scrolled(frame, panes.detail, &model.look, &lines, model.plan.detail_offset);
}

fn nothing(model: &Model, frame: &mut Frame, area: Rect) {
    let inner = paint::pane(frame, area, &model.look, "Plan", "");
    let sentences = match &model.facts.plan {
        Some(Err(trouble)) => vec![
            format!("The plan cannot be read: {trouble}"),
            "`workbench list` names every mistake with its place.".to_owned(),
        ],
        Some(Ok(_)) | None => vec!["Judging the plan from the evidence…".to_owned()],
    };
    paint::empty(frame, inner, &model.look, &sentences);
}

fn list(model: &Model, plan: &PlanFacts, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let inner = paint::pane(frame, area, look, "Plan", &plan.status);
    let parts: Vec<Part> = Part::all(plan.phases.len()).collect();
    let listing = Listing { columns: &COLUMNS, list: &model.plan.list, count: parts.len() };
    rows::draw(
        model,
        frame,
        inner,
        &listing,
        |place| parts.get(place).copied(),
        |part, column| cell(model, plan, *part, column),
    );
}

/// What a part is called.
fn title(plan: &PlanFacts, part: Part) -> String {
    match part {
        Part::Phase(place) => {
            plan.phases.get(place).map_or_else(String::new, |phase| format!("Phase {}: {}", phase.number, phase.name))
        }
        Part::Metrics => "Success metrics".to_owned(),
        Part::Risks => "Risks".to_owned(),
        Part::Parity => format!("Parity with {}", plan.parity.model),
        Part::Standup => "Stand-up".to_owned(),
    }
}

/// How far a part is: done and all, met and all.
fn figures(plan: &PlanFacts, part: Part) -> [Option<(usize, usize)>; 2] {
    let met = |states: Vec<State>| (states.iter().filter(|state| **state == State::Met).count(), states.len());
    match part {
        Part::Phase(place) => match plan.phases.get(place) {
            Some(phase) => {
                let criteria = phase.criteria.iter().map(|criterion| criterion.judgement.state).collect();
                [Some((phase.complete, phase.members.len())), Some(met(criteria))]
            }
            None => [None, None],
        },
        Part::Metrics => {
            let metrics = plan.metrics.iter().flat_map(|group| &group.metrics);
            [None, Some(met(metrics.map(|metric| metric.judgement.state).collect()))]
        }
        // The boxes are the source's: they are no progress that was measured.
        Part::Parity | Part::Risks | Part::Standup => [None, None],
    }
}

fn cell(model: &Model, plan: &PlanFacts, part: Part, column: usize) -> Cell {
    let look = &model.look;
    let theme = &look.theme;
    let [done, criteria] = figures(plan, part);
    let share = |(some, all): (usize, usize)| format!("{some}/{all}");
    match (column, part) {
        (0, Part::Phase(_)) => (title(plan, part), theme.text.add_modifier(Modifier::BOLD)),
        (0, _) => (title(plan, part), theme.text),
        (1, _) => match done.filter(|(_, all)| *all > 0) {
            Some((some, all)) => {
                let filled = some * BAR_STEPS / all;
                let [full, hollow] = look.glyphs.bar;
                (format!("{}{}", full.repeat(filled), hollow.repeat(BAR_STEPS - filled)), theme.good)
            }
            None => (String::new(), theme.faint),
        },
        (2, Part::Risks) => {
            let raised = plan.risks.iter().filter(|line| line.state == RiskState::Raised).count();
            (format!("{raised} open"), if raised > 0 { theme.bad } else { theme.dim })
        }
        (2, Part::Standup) => (format!("{} told", plan.standup.subjects.len()), theme.dim),
        (2, Part::Parity) => (share((plan.parity.ticked, plan.parity.items)), theme.dim),
        (2, _) => done.map_or_else(|| (String::new(), theme.faint), |done| (share(done), theme.text)),
        (3, Part::Parity) => ("claimed".to_owned(), theme.dim),
        (3, _) => match criteria {
            Some((met, all)) if met == all => (format!("{} {met}/{all}", look.glyphs.done), theme.good),
            Some(criteria) => (share(criteria), theme.text),
            None => (String::new(), theme.faint),
        },
        _ => (String::new(), theme.faint),
    }
}
