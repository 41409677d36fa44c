//! The palette: commands of this place, and improvements by id.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::paint;
use crate::tui::commands;
use crate::tui::model::{Model, PaletteState};
use crate::tui::text;

/// Columns of the names.
const NAME_WIDTH: usize = 22;

/// Draws the palette over the screen.
pub(super) fn draw(model: &Model, frame: &mut Frame, state: &PaletteState) {
    let look = &model.look;
    let area = frame.area();
    let inner = paint::overlay(frame, look, "Command", area.width.min(84), area.height.saturating_sub(2).min(20));
    let mut prompt = Line::styled(":", look.theme.accent);
    prompt.spans.extend(paint::field_being_typed(look, &state.input));
    paint::line(frame, inner, 0, &prompt);
    let rest = Rect { y: inner.y.saturating_add(2), height: inner.height.saturating_sub(2), ..inner };
    let entries = commands::entries(model, &state.input.text());
    if entries.is_empty() {
        paint::line(frame, rest, 0, &Line::styled("no such command", look.theme.dim));
    }
    let first = (state.selected + 1).saturating_sub(usize::from(rest.height.max(1)));
    for (row, (place, entry)) in (0..rest.height).zip(entries.iter().enumerate().skip(first)) {
        let note = entry.refused.as_ref().map_or_else(|| entry.help.clone(), |reason| format!("not now: {reason}"));
        let style = if entry.refused.is_some() { look.theme.dim } else { look.theme.text };
        let name = text::fit(&entry.name, NAME_WIDTH - 1, look.glyphs.ellipsis).into_owned();
        let room = usize::from(rest.width).saturating_sub(NAME_WIDTH);
        let line = Line::from(vec![
            Span::styled(
                format!("{name:<NAME_WIDTH$}"),
                if entry.refused.is_some() { style } else { look.theme.accent },
            ),
            Span::styled(text::fit(&note, room, look.glyphs.ellipsis).into_owned(), style),
        ]);
        paint::line(frame, rest, row, &line);
        if place == state.selected {
            paint::highlight(frame, rest, row, look.theme.selected);
        }
    }
}
