//! Tables: columns that give way in order of rank when there is little room, and grow when there is much.
//! Only the rows in the window are ever built.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::tui::text;
use crate::tui::theme::Look;

/// A column as it would like to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its heading.
    pub(super) title: &'static str,
    /// Narrowest width at which it is shown.
    pub(super) min: u16,
    /// Width beyond which it gains nothing.
    pub(super) max: u16,
    /// Aligned to the right.
    pub(super) right: bool,
    /// Columns of the highest rank go first when there is no room.
    pub(super) rank: u8,
}

/// A cell's text and style.
pub(super) type Cell = (String, Style);

/// Columns fitted to a width.
#[derive(Debug)]
pub(super) struct Grid<'c> {
    columns: &'c [Column],
    /// Index and width of the columns that are shown.
    shown: Vec<(usize, u16)>,
}

impl<'c> Grid<'c> {
    /// Chooses columns and widths.
    pub(super) fn fit(columns: &'c [Column], width: u16) -> Self {
        let mut shown: Vec<(usize, u16)> = columns.iter().enumerate().map(|(at, column)| (at, column.min)).collect();
        let needed = |shown: &[(usize, u16)]| {
            let gaps = shown.len().saturating_sub(1);
            shown.iter().map(|(_, width)| usize::from(*width)).sum::<usize>() + gaps
        };
        while shown.len() > 1 && needed(&shown) > usize::from(width) {
            let Some(worst) = (0..shown.len()).max_by_key(|at| columns[shown[*at].0].rank) else { break };
            shown.remove(worst);
        }
        for _ in needed(&shown)..usize::from(width) {
            let wants = |(at, width): &(usize, u16)| columns[*at].max.saturating_sub(*width);
            let Some(most) = (0..shown.len()).max_by_key(|at| wants(&shown[*at])) else { break };
            if wants(&shown[most]) == 0 {
                break;
            }
            shown[most].1 += 1;
        }
        Self { columns, shown }
    }

    /// Width a column got, by its index; `None` when it is not shown.
    pub(super) fn width(&self, column: usize) -> Option<u16> {
        self.shown.iter().find(|(at, _)| *at == column).map(|(_, width)| *width)
    }

    /// The headings; the sorted column carries its direction.
    pub(super) fn header(&self, look: &Look, sorted: Option<(&str, bool)>) -> Line<'static> {
        let cell = |column: &Column| match sorted {
            Some((title, descending)) if title == column.title => {
                (format!("{}{}", column.title, look.glyphs.sorted[usize::from(descending)]), look.theme.accent)
            }
            _ => (column.title.to_owned(), look.theme.dim),
        };
        self.row(look, |at| cell(&self.columns[at]))
    }

    /// A row; `cell` is asked for the columns that are shown.
    pub(super) fn row(&self, look: &Look, cell: impl Fn(usize) -> Cell) -> Line<'static> {
        let mut spans = Vec::with_capacity(self.shown.len() * 2);
        for (place, (at, width)) in self.shown.iter().enumerate() {
            let (content, style) = cell(*at);
            let width = usize::from(*width);
            let content = text::fit(&content, width, look.glyphs.ellipsis);
            let blanks = " ".repeat(width.saturating_sub(text::width(&content)));
            let gap = if place == 0 { "" } else { " " };
            let (before, after) =
                if self.columns[*at].right { (blanks, String::new()) } else { (String::new(), blanks) };
            spans.push(Span::raw(format!("{gap}{before}")));
            spans.push(Span::styled(content.into_owned(), style));
            spans.push(Span::raw(after));
        }
        Line::from(spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::ThemeName;

    const COLUMNS: [Column; 3] = [
        Column { title: "ID", min: 4, max: 5, right: false, rank: 0 },
        Column { title: "Title", min: 8, max: 40, right: false, rank: 1 },
        Column { title: "Gain", min: 6, max: 8, right: true, rank: 2 },
    ];

    #[test]
    fn columns_grow_evenly_and_leave_by_rank() {
        let look = Look::new(ThemeName::Mono, false);
        let row = |width| {
            let grid = Grid::fit(&COLUMNS, width);
            let texts = ["T003", "WAL group commit", "+412 %"];
            grid.row(&look, |at| (texts[at].to_owned(), Style::new())).to_string()
        };
        assert_eq!(row(20), "T003 WAL gro… +412 %");
        assert_eq!(row(30), "T003 WAL group commit   +412 %");
        assert_eq!(row(14), "T003 WAL grou…");
        assert_eq!(row(4), "T003");
        assert_eq!(row(0), "T003", "the last column stays; the painter clips it");
    }
}
