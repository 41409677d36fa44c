//! The Agents: who works on what, and when each was last heard of.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::grid::{Cell, Column};
use super::rows::{self, Listing};
use super::{agents_detail, paint, review};
use crate::agents::Stage;
use crate::tui::facts::{AgentRow, Load, Row};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;

const COLUMNS: [Column; 9] = [
    Column { title: "Agent", min: 8, max: 12, right: false, rank: 0 },
    Column { title: "Status", min: 13, max: 14, right: false, rank: 2 },
    Column { title: "Work", min: 4, max: 5, right: false, rank: 1 },
    Column { title: "Stage", min: 12, max: 14, right: false, rank: 4 },
    Column { title: "For", min: 6, max: 7, right: true, rank: 6 },
    Column { title: "Lines", min: 8, max: 11, right: true, rank: 7 },
    Column { title: "Heard", min: 6, max: 6, right: true, rank: 3 },
    Column { title: "Says", min: 10, max: 44, right: false, rank: 5 },
    Column { title: "Specialization", min: 16, max: 30, right: false, rank: 8 },
];

/// Draws list and detail.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let panes = layout::panes(area, model.screen, model.zoom);
    if panes.list.area() > 0 {
        list(model, frame, panes.list);
    }
    let title = model.selected_agent().map_or("Agent", |agent| agent.name.as_str());
    let inner = paint::pane(frame, panes.detail, &model.look, title, "");
    let lines = agents_detail::lines(model, inner.width);
    paint::scrolled(frame, panes.detail, &model.look, &lines, model.agents.detail_offset);
}

fn list(model: &Model, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let agents = &model.facts.agents;
    let inner = paint::pane(frame, area, look, "Agents", &agents.len().to_string());
    if agents.is_empty() {
        let sentence = match model.facts.register {
            Load::Reading => "Reading the roster…",
            Load::Ready => "The roster is empty: agents/*.yaml holds no agent.",
            Load::Failed(_) => "The roster cannot be read: the Register (1) says which file, and where in it.",
        };
        return paint::empty(frame, inner, look, &[sentence.to_owned()]);
    }
    let listing = Listing { columns: &COLUMNS, list: &model.agents.list, count: agents.len() };
    rows::draw(model, frame, inner, &listing, |place| agents.get(place), |agent, column| cell(model, agent, column));
}

fn cell(model: &Model, agent: &AgentRow, column: usize) -> Cell {
    let look = &model.look;
    let theme = &look.theme;
    let work = model.facts.in_hand(agent.number);
    let none = || (look.glyphs.none.to_owned(), theme.faint);
    match column {
        0 => (agent.name.clone(), theme.text.add_modifier(Modifier::BOLD)),
        1 => {
            let (glyph, style) = match (agent.active, agent.asks) {
                (_, true) => ("?", theme.warn),
                (true, false) => (look.glyphs.running, theme.good),
                (false, false) => (if look.glyphs.ascii { "." } else { "○" }, theme.dim),
            };
            (format!("{glyph} {}", agent.status), style)
        }
        2 => work.map_or_else(none, |work| (work.life.assignment.improvement.0.clone(), theme.text)),
        3 => work.map_or_else(none, |work| {
            let (glyph, style) = review::stage(look, work.stage);
            (format!("{glyph} {}", work.stage), style)
        }),
        4 => {
            let began = work.filter(|work| work.stage == Stage::Working).and_then(|work| work.life.last_attempt());
            began.map_or_else(none, |attempt| (text::age(attempt.at, model.now), theme.text))
        }
        5 => work
            .and_then(|work| work.size)
            .map_or_else(none, |(added, removed)| (format!("+{added} −{removed}"), theme.text)),
        6 => agent.last.as_ref().map_or_else(none, |last| (text::age(last.at, model.now), theme.text)),
        7 => agent.last.as_ref().map_or_else(none, |last| (last.what.clone(), theme.dim)),
        _ => (agent.specialization.clone(), theme.dim),
    }
}

/// The improvements that are an agent's.
pub(super) fn owned<'m>(model: &'m Model, agent: &AgentRow) -> impl Iterator<Item = &'m Row> {
    let number = agent.number;
    model.facts.rows.iter().filter(move |row| row.entry.agents.contains(&number))
}
