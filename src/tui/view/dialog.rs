//! A question with its answers; the safe one is chosen at first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::paint;
use crate::tui::model::{Dialog, Model};
use crate::tui::text;

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
    let height = u16::try_from(body.len()).unwrap_or(u16::MAX).saturating_add(5);
    let inner = paint::overlay(frame, look, &dialog.title, width, height);
    let below = Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(1), ..inner };
    let body_height = below.height.saturating_sub(2);
    paint::lines(frame, Rect { height: body_height, ..below }, &body, 0);
    let mut choices = Vec::new();
    for (place, choice) in dialog.choices.iter().enumerate() {
        let chosen = place == dialog.selected;
        let marks = if chosen { ["[ ", " ]"] } else { ["  ", "  "] };
        let style = if chosen { look.theme.selected } else { look.theme.text };
        choices.push(Span::styled(marks[0], style));
        choices.push(Span::styled(
            choice.key.to_string(),
            look.theme.accent.patch(if chosen { style } else { look.theme.text }),
        ));
        choices.push(Span::styled(format!(" {}{}", choice.label, marks[1]), style));
        choices.push(Span::raw("  "));
    }
    paint::line(frame, below, below.height.saturating_sub(1), &Line::from(choices));
}
