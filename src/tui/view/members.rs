//! Improvements as a list inside a detail: id, title, status.

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::paint;
use crate::improvements::{ImprovementId, Status};
use crate::tui::text;
use crate::tui::theme::Look;

/// So many are listed; a detail is built anew for every frame, and a register may hold ten thousand.
const LISTED_MAX: usize = 200;

/// Columns beside the title: the id, the status with its symbol, two blanks.
const OTHERS_WIDTH: usize = 22;

/// One line for each, and how many more there are.
pub(super) fn lines<'m>(
    look: &Look,
    members: impl ExactSizeIterator<Item = (&'m ImprovementId, &'m str, Status)>,
    width: u16,
) -> Vec<Line<'static>> {
    let more = members.len().saturating_sub(LISTED_MAX);
    let mut lines: Vec<Line> = members.take(LISTED_MAX).map(|member| line(look, member, width)).collect();
    if more > 0 {
        lines.push(Line::styled(format!("and {more} more: the Register (1) has all of them"), look.theme.dim));
    }
    lines
}

fn line(look: &Look, (id, title, status): (&ImprovementId, &str, Status), width: u16) -> Line<'static> {
    let (glyph, style) = look.status(status);
    let room = usize::from(width).saturating_sub(OTHERS_WIDTH);
    let title = text::fit(title, room, look.glyphs.ellipsis).into_owned();
    paint::spread(
        vec![
            Span::styled(format!("{:<6}", id.0), look.theme.text.add_modifier(Modifier::BOLD)),
            Span::styled(title, look.theme.text),
        ],
        vec![Span::styled(format!(" {glyph} {:<11}", status.to_string()), style)],
        width,
    )
}
