//! The inbox: what waits for a person, why, and what to run next.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::paint;
use crate::tui::inbox::{Cause, Waiting};
use crate::tui::model::Model;
use crate::tui::text;

/// Rows of an entry: what, what to run, a blank one.
const ROWS: u16 = 3;
/// Columns of the word.
const WORD_WIDTH: usize = 11;

/// Draws the inbox over the screen.
pub(super) fn draw(model: &Model, frame: &mut Frame, selected: usize) {
    let look = &model.look;
    let all = &model.facts.waiting;
    let area = frame.area();
    let height = u16::try_from(all.len()).unwrap_or(u16::MAX).saturating_mul(ROWS).saturating_add(2).max(6);
    let title = format!("Inbox {}", all.len());
    let inner = paint::overlay(frame, look, &title, area.width.min(110), height.min(area.height.saturating_sub(2)));
    if all.is_empty() {
        let sentence = "Nothing waits for you.".to_owned();
        return paint::empty(
            frame,
            Rect { height: inner.height.saturating_mul(2), ..inner }.intersection(area),
            look,
            &[sentence],
        );
    }
    let shown = usize::from((inner.height / ROWS).max(1));
    let first = (selected + 1).saturating_sub(shown);
    for (place, waiting) in all.iter().enumerate().skip(first).take(shown) {
        let row = u16::try_from(place - first).unwrap_or(u16::MAX).saturating_mul(ROWS);
        let [what, command] = lines(model, waiting, inner.width);
        paint::line(frame, inner, row, &what);
        if row + 1 < inner.height {
            paint::line(frame, inner, row + 1, &command);
        }
        if place == selected {
            paint::highlight(frame, inner, row, look.theme.selected);
        }
    }
}

fn lines(model: &Model, waiting: &Waiting, width: u16) -> [Line<'static>; 2] {
    let look = &model.look;
    let (mark, style) = mark(model, waiting.cause);
    let age = waiting.since.map_or_else(String::new, |since| format!("  {}", text::age(since, model.now)));
    let lead = format!("{mark} {:<WORD_WIDTH$}{:<9} ", waiting.cause.word(), waiting.subject);
    let room = usize::from(width).saturating_sub(text::width(&lead) + text::width(&age));
    let reason = text::fit(&waiting.reason, room, look.glyphs.ellipsis).into_owned();
    let (word, subject) = lead.split_at(mark.len() + 1 + WORD_WIDTH);
    let what = paint::spread(
        vec![
            Span::styled(word.to_owned(), style),
            Span::styled(subject.to_owned(), look.theme.text.add_modifier(Modifier::BOLD)),
            Span::styled(reason, look.theme.text),
        ],
        vec![Span::styled(age, look.theme.dim)],
        width,
    );
    let indent = " ".repeat(WORD_WIDTH + 2);
    let room = usize::from(width).saturating_sub(indent.len() + 2);
    let command = text::fit(&waiting.command, room, look.glyphs.ellipsis).into_owned();
    [what, Line::styled(format!("{indent}$ {command}"), look.theme.accent)]
}

fn mark(model: &Model, cause: Cause) -> (&'static str, Style) {
    let (glyphs, theme) = (model.look.glyphs, &model.look.theme);
    match cause {
        Cause::Unreadable | Cause::Broken => ("!", theme.bad),
        Cause::Forced | Cause::Rejected | Cause::Refused | Cause::Lost => (glyphs.failed, theme.bad),
        Cause::Asked | Cause::Review | Cause::Ended | Cause::Stopped | Cause::Stale | Cause::Undecided => {
            ("?", theme.warn)
        }
        Cause::Unblocked | Cause::Approved => (glyphs.done, theme.good),
    }
}
