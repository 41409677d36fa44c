//! A question with its answers; the safe one is chosen at first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::paint;
use crate::tui::model::{Dialog, Model};
use crate::tui::text;
use crate::tui::theme::Look;

/// Columns of a question where the terminal has them.
const WIDTH: u16 = 72;

/// Draws the question over the screen.
pub(super) fn draw(model: &Model, frame: &mut Frame, dialog: &Dialog) {
    let look = &model.look;
    let width = WIDTH.min(frame.area().width.saturating_sub(4));
    let room = usize::from(width.saturating_sub(4));
    let mut body = Vec::new();
    for sentence in &dialog.body {
        if sentence.starts_with("$ ") {
            body.push(Line::styled(text::fit(sentence, room, look.glyphs.ellipsis).into_owned(), look.theme.accent));
        } else if sentence.contains("  ") || text::width(sentence) <= room {
            // Columns stay columns.
            body.push(Line::raw(text::fit(sentence, room, look.glyphs.ellipsis).into_owned()));
        } else {
            body.extend(text::wrap(sentence, room).into_iter().map(Line::raw));
        }
    }
    let choices = choices(look, dialog, room);
    let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let height = rows(body.len() + choices.len()).saturating_add(4);
    let inner = paint::overlay(frame, look, &dialog.title, width, height);
    let below = Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(1), ..inner };
    // The answers stay, whatever the height.
    let body_height = below.height.saturating_sub(rows(choices.len()) + 1);
    paint::lines(frame, Rect { height: body_height, ..below }, &body, 0);
    let last = below.height.saturating_sub(rows(choices.len()));
    for (row, line) in (last..).zip(&choices) {
        paint::line(frame, below, row, line);
    }
}

/// The answers, on as many lines as they take.
fn choices(look: &Look, dialog: &Dialog, room: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    for (place, choice) in dialog.choices.iter().enumerate() {
        let chosen = place == dialog.selected;
        let marks = if chosen { ["[ ", " ]"] } else { ["  ", "  "] };
        let style = if chosen { look.theme.selected } else { look.theme.text };
        let key = look.theme.accent.patch(if chosen { style } else { look.theme.text });
        let spans = [
            Span::styled(marks[0], style),
            Span::styled(choice.key.to_string(), key),
            Span::styled(format!(" {}{}", choice.label, marks[1]), style),
            Span::raw("  "),
        ];
        let width: usize = spans.iter().map(Span::width).sum();
        if lines.last().is_some_and(|line| line.width() > 0 && line.width() + width > room + 2) {
            lines.push(Line::default());
        }
        if let Some(line) = lines.last_mut() {
            line.spans.extend(spans);
        }
    }
    lines
}
