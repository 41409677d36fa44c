//! The Log: every change as it is recorded, the newest at the bottom.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::grid::{Cell, Column, Grid};
use super::paint;
use crate::tui::facts::{Load, LogLine};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;

const COLUMNS: [Column; 5] = [
    Column { title: "No.", min: 6, max: 7, right: true, rank: 4 },
    Column { title: "Ago", min: 7, max: 7, right: true, rank: 1 },
    Column { title: "Kind", min: 10, max: 12, right: false, rank: 3 },
    Column { title: "About", min: 8, max: 15, right: false, rank: 2 },
    Column { title: "What", min: 20, max: 200, right: false, rank: 0 },
];

/// Draws the tail.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let log = &model.facts.log;
    let inner = paint::pane(frame, area, look, "Log", "");
    if log.is_empty() {
        let sentence = match &model.facts.store {
            Load::Reading => "Reading the store…".to_owned(),
            Load::Ready => "Nothing is recorded yet.".to_owned(),
            Load::Failed(trouble) => format!("The store cannot be read: {trouble}"),
        };
        return paint::empty(frame, inner, look, &[sentence]);
    }
    let grid = Grid::fit(&COLUMNS, inner.width.saturating_sub(2));
    let mut head = grid.header(look, None);
    head.spans.insert(0, Span::raw("  "));
    paint::line(frame, inner, 0, &head);
    let rows = layout::list_rows(model);
    let window = model.log.list.window(log.len(), usize::from(rows.height));
    for (row, place) in (0..rows.height).zip(window) {
        let Some(entry) = log.get(place) else { continue };
        let selected = place == model.log.list.selected;
        let mut line = grid.row(look, |column| cell(model, entry, column));
        let cursor = if selected { format!("{} ", look.glyphs.cursor) } else { "  ".to_owned() };
        line.spans.insert(0, Span::styled(cursor, look.theme.accent));
        paint::line(frame, rows, row, &line);
        if selected {
            paint::highlight(frame, rows, row, look.theme.selected);
        }
    }
}

fn cell(model: &Model, line: &LogLine, column: usize) -> Cell {
    let theme = &model.look.theme;
    match column {
        0 => (line.seq.to_string(), theme.faint),
        1 => (text::age(line.at, model.now), theme.dim),
        2 => (line.kind.clone(), theme.accent),
        3 => (line.subject.clone(), theme.text),
        _ => (line.text.clone(), theme.text),
    }
}
