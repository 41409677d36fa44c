//! The Lab: the running experiment live, and past ones.
//!
//! ```text
//! ┌ header: the question, the answer so far, time ──────────────────┐
//! ┌ throughput of both arms ───────────────┐┌ stages ───────────────┐
//! ├ pairs: the interval closing in ────────┤├ workloads ────────────┤
//! │                                        │├ machine ──────────────┤
//! └────────────────────────────────────────┘└───────────────────────┘
//! ```
//! Below 100 columns the left column stands alone, with stages in the header and workloads under it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;

use super::grid::{Cell, Column};
use super::lab_panels as panels;
use super::rows::{self, Listing};
use super::{lab_noise, lab_screens, paint};
use crate::tui::facts::{Ending, Load, PastExperiment};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::state::LabView;
use crate::tui::text;

const COLUMNS: [Column; 6] = [
    Column { title: "No.", min: 4, max: 5, right: true, rank: 4 },
    Column { title: "ID", min: 5, max: 6, right: false, rank: 0 },
    Column { title: "Ago", min: 6, max: 8, right: true, rank: 3 },
    Column { title: "Pairs", min: 5, max: 5, right: true, rank: 5 },
    Column { title: "Measured", min: 8, max: 9, right: true, rank: 2 },
    Column { title: "End", min: 14, max: 40, right: false, rank: 1 },
];

/// Draws the running experiment, or list and detail of past ones.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    match (model.lab_view(), &model.facts.running) {
        (LabView::Live, Some(running)) => return panels::experiment(model, frame, area, running),
        (LabView::Screens, _) => return lab_screens::draw(model, frame, area),
        (LabView::Noise, _) => return lab_noise::draw(model, frame, area),
        (LabView::Live, None) | (LabView::Past, _) => {}
    }
    let panes = layout::panes(area, model.screen, model.zoom);
    if model.facts.past.is_empty() || (model.starting.is_some() && model.lab.view == LabView::Live) {
        return nothing(model, frame, area);
    }
    if panes.list.area() > 0 {
        past(model, frame, panes.list);
    }
    if let Some(id) = model.wanted_trend() {
        let inner = paint::pane(frame, panes.detail, &model.look, &format!("Trend of {id}"), "t closes");
        let lines = trend(model, inner.width);
        return paint::scrolled(frame, panes.detail, &model.look, &lines, model.lab.detail_offset);
    }
    match model.shown_experiment() {
        Some(experiment) => {
            let title = format!("Experiment {}", experiment.id.0);
            let inner = paint::pane(frame, panes.detail, &model.look, &title, "");
            panels::experiment(model, frame, inner, experiment);
        }
        None => {
            let inner = paint::pane(frame, panes.detail, &model.look, "Experiment", "");
            paint::empty(frame, inner, &model.look, &["Reading the experiment…".to_owned()]);
        }
    }
}

/// Lines of the detail that can be scrolled.
pub(super) fn detail_len(model: &Model, width: u16) -> usize {
    match model.lab_view() {
        LabView::Live => 0,
        LabView::Past if model.lab.trend => trend(model, width).len(),
        LabView::Past => 0,
        LabView::Screens => lab_screens::lines(model, width).len(),
        LabView::Noise => lab_noise::lines(model, width).len(),
    }
}

/// What `workbench history` draws.
fn trend(model: &Model, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let wanted = model.wanted_trend();
    match &model.facts.lab.trend {
        Some((id, Ok(picture))) if Some(id) == wanted => {
            let drawn = if look.glyphs.ascii { &picture.ascii } else { &picture.unicode };
            if drawn.trim().is_empty() {
                return vec![Line::styled(format!("nothing was decided of {id} yet"), look.theme.dim)];
            }
            let style = |line: &str| if line.contains("changed here") { look.theme.warn } else { look.theme.text };
            drawn
                .lines()
                .map(|line| Line::styled(text::fit(line, width.into(), look.glyphs.ellipsis).into_owned(), style(line)))
                .collect()
        }
        Some((id, Err(trouble))) if Some(id) == wanted => vec![Line::styled(trouble.clone(), look.theme.bad)],
        Some(_) | None => vec![Line::styled("reading what was measured…", look.theme.dim)],
    }
}

fn nothing(model: &Model, frame: &mut Frame, area: Rect) {
    let inner = paint::pane(frame, area, &model.look, "Lab", "");
    let sentences = match (&model.facts.store, &model.starting) {
        (Load::Failed(trouble), _) => vec![format!("The store cannot be read: {trouble}")],
        (_, Some(starting)) => vec![
            format!("apply {} is starting.", starting.improvement),
            format!("Its output goes to {}", starting.log.display()),
        ],
        (Load::Reading, None) => vec!["Reading the store…".to_owned()],
        (Load::Ready, None) => vec![
            "Nothing has been measured yet.".to_owned(),
            "Press 1 for the Register and a on an improvement, or run `workbench apply ID`.".to_owned(),
        ],
    };
    paint::empty(frame, inner, &model.look, &sentences);
}

fn past(model: &Model, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let count = model.facts.past.len();
    let inner = paint::pane(frame, area, look, "Experiments", &format!("{count}; v: screens, noise"));
    let listing = Listing { columns: &COLUMNS, list: &model.lab.list, count };
    rows::draw(
        model,
        frame,
        inner,
        &listing,
        |place| model.facts.past.get(place),
        |experiment, column| cell(model, experiment, column),
    );
}

fn cell(model: &Model, past: &PastExperiment, column: usize) -> Cell {
    let look = &model.look;
    let theme = &look.theme;
    match column {
        0 => (past.id.0.to_string(), theme.dim),
        1 => (past.question.subject().to_owned(), theme.text.add_modifier(Modifier::BOLD)),
        2 => (text::age(past.at, model.now), theme.dim),
        3 => (past.pairs.to_string(), theme.text),
        4 => match &past.standing {
            Some(standing) => (standing.estimate.change(past.better).to_string(), theme.text),
            None => (look.glyphs.none.to_owned(), theme.faint),
        },
        _ => match &past.end {
            Ending::Ruled(verdict) => {
                let (glyph, style) = look.verdict(*verdict);
                (format!("{glyph} {verdict}"), style)
            }
            Ending::ProfilesTaken => ("profiles".to_owned(), theme.dim),
            Ending::Stopped(reason) => (reason.clone(), theme.dim),
        },
    }
}
