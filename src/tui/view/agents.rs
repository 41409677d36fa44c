//! The Agents: who owns what, and what they did last.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::grid::{Cell, Column, Grid};
use super::paint::{self, field, heading};
use crate::tui::facts::{AgentRow, Load, Row};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;

const COLUMNS: [Column; 6] = [
    Column { title: "Agent", min: 9, max: 14, right: false, rank: 0 },
    Column { title: "Specialization", min: 16, max: 30, right: false, rank: 1 },
    Column { title: "Modules", min: 12, max: 34, right: false, rank: 5 },
    Column { title: "Status", min: 9, max: 12, right: false, rank: 2 },
    Column { title: "Owns", min: 4, max: 4, right: true, rank: 4 },
    Column { title: "Last", min: 7, max: 8, right: true, rank: 3 },
];

/// Draws list and detail.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let panes = layout::panes(area, model.screen, model.zoom);
    if panes.list.area() > 0 {
        list(model, frame, panes.list);
    }
    let title = selected(model).map_or("Agent", |agent| agent.name.as_str());
    let inner = paint::pane(frame, panes.detail, &model.look, title, "");
    let lines = detail(model, inner.width);
    paint::scrolled(frame, panes.detail, &model.look, &lines, model.agents.detail_offset);
}

fn list(model: &Model, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let agents = &model.facts.agents;
    let inner = paint::pane(frame, area, look, "Agents", &agents.len().to_string());
    if agents.is_empty() {
        let sentence = match model.facts.register {
            Load::Reading => "Reading the roster…",
            Load::Ready | Load::Failed(_) => "The roster is empty: agents/*.yaml holds no agent.",
        };
        return paint::empty(frame, inner, look, &[sentence.to_owned()]);
    }
    let grid = Grid::fit(&COLUMNS, inner.width.saturating_sub(2));
    let mut head = grid.header(look, None);
    head.spans.insert(0, Span::raw("  "));
    paint::line(frame, inner, 0, &head);
    let rows = layout::list_rows(model);
    let window = model.agents.list.window(agents.len(), usize::from(rows.height));
    for (row, place) in (0..rows.height).zip(window) {
        let Some(agent) = agents.get(place) else { continue };
        let selected = place == model.agents.list.selected;
        let mut line = grid.row(look, |column| cell(model, agent, column));
        let cursor = if selected { format!("{} ", look.glyphs.cursor) } else { "  ".to_owned() };
        line.spans.insert(0, Span::styled(cursor, look.theme.accent));
        paint::line(frame, rows, row, &line);
        if selected {
            paint::highlight(frame, rows, row, look.theme.selected);
        }
    }
}

fn cell(model: &Model, agent: &AgentRow, column: usize) -> Cell {
    let look = &model.look;
    let theme = &look.theme;
    match column {
        0 => (agent.name.clone(), theme.text.add_modifier(Modifier::BOLD)),
        1 => (agent.specialization.clone(), theme.text),
        2 => (agent.modules.join(", "), theme.dim),
        3 => {
            let (glyph, style) = if agent.active { (look.glyphs.running, theme.good) } else { ("○", theme.dim) };
            let glyph = if look.glyphs.ascii && !agent.active { "." } else { glyph };
            (format!("{glyph} {}", agent.status), style)
        }
        4 => (owned(model, agent).count().to_string(), theme.text),
        _ => match &agent.last {
            Some(activity) => (text::age(activity.at, model.now), theme.text),
            None => (look.glyphs.none.to_owned(), theme.faint),
        },
    }
}

/// The selected agent as lines of that width.
pub(super) fn detail(model: &Model, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let Some(agent) = selected(model) else { return Vec::new() };
    let mut lines = field(look, "expert in", &agent.specialization, look.theme.text, width);
    lines.extend(field(look, "modules", &agent.modules.join(", "), look.theme.text, width));
    lines.extend(field(
        look,
        "status",
        &agent.status,
        if agent.active { look.theme.good } else { look.theme.text },
        width,
    ));
    match &agent.last {
        Some(last) => {
            let age = text::age(last.at, model.now);
            let age = if age == "now" { age } else { format!("{age} ago") };
            let words = format!("{} ({age}, from {})", last.what, last.source);
            lines.extend(field(look, "last", &words, look.theme.text, width));
        }
        None => lines.extend(field(look, "last", "nothing recorded", look.theme.dim, width)),
    }
    lines.push(Line::default());
    let owned: Vec<&Row> = owned(model, agent).collect();
    lines.push(heading(look, &format!("Improvements ({})", owned.len())));
    for row in owned {
        let (glyph, style) = look.status(row.progress.status);
        let room = usize::from(width).saturating_sub(21);
        let title = text::fit(&row.entry.title, room, look.glyphs.ellipsis).into_owned();
        lines.push(paint::spread(
            vec![
                Span::styled(format!("{:<6}", row.entry.id.0), look.theme.text.add_modifier(Modifier::BOLD)),
                Span::styled(title, look.theme.text),
            ],
            vec![Span::styled(format!(" {glyph} {:<11}", row.progress.status.to_string()), style)],
            width,
        ));
    }
    lines
}

fn selected(model: &Model) -> Option<&AgentRow> {
    model.facts.agents.get(model.agents.list.selected)
}

fn owned<'m>(model: &'m Model, agent: &AgentRow) -> impl Iterator<Item = &'m Row> {
    let number = agent.number;
    model.facts.rows.iter().filter(move |row| row.entry.agents.contains(&number))
}
