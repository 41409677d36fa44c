//! A list of a screen: headings, and the rows in sight with the cursor at one of them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::grid::{Cell, Column, Grid};
use super::paint;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::state::ListState;

/// What is listed.
pub(super) struct Listing<'a> {
    /// The columns it would like to have.
    pub(super) columns: &'a [Column],
    /// Where it is scrolled to, and which row is selected.
    pub(super) list: &'a ListState,
    /// How many rows there are.
    pub(super) count: usize,
}

/// Draws the rows that are in sight; only they are asked for.
pub(super) fn draw<T>(
    model: &Model,
    frame: &mut Frame,
    inner: Rect,
    listing: &Listing<'_>,
    item: impl Fn(usize) -> Option<T>,
    cell: impl Fn(&T, usize) -> Cell,
) {
    let look = &model.look;
    let Listing { columns, list, count } = listing;
    let grid = Grid::fit(columns, inner.width.saturating_sub(2));
    let mut head = grid.header(look, None);
    head.spans.insert(0, Span::raw("  "));
    paint::line(frame, inner, 0, &head);
    let rows = layout::list_rows(model);
    let window = list.window(*count, usize::from(rows.height));
    for (row, place) in (0..rows.height).zip(window) {
        let Some(item) = item(place) else { continue };
        let selected = place == list.selected;
        let mut line = grid.row(look, |column| cell(&item, column));
        let cursor = if selected { format!("{} ", look.glyphs.cursor) } else { "  ".to_owned() };
        line.spans.insert(0, Span::styled(cursor, look.theme.accent));
        paint::line(frame, rows, row, &line);
        if selected {
            paint::highlight(frame, rows, row, look.theme.selected);
        }
    }
}
