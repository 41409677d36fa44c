//! The Log: every change as it is recorded, the newest at the bottom.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::grid::{Cell, Column};
use super::paint;
use super::rows::{self, Listing};
use crate::tui::facts::{Load, LogLine};
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
    let listing = Listing { columns: &COLUMNS, list: &model.log.list, count: log.len() };
    rows::draw(model, frame, inner, &listing, |place| log.get(place), |entry, column| cell(model, entry, column));
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
