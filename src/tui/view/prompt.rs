//! A question whose answer is typed.

use ratatui::Frame;
use ratatui::text::Line;

use super::paint;
use crate::tui::model::{Model, Prompt};

/// Columns of the question where the terminal has them.
const WIDTH: u16 = 76;

/// Draws the question over the screen.
pub(super) fn draw(model: &Model, frame: &mut Frame, prompt: &Prompt) {
    let look = &model.look;
    let width = WIDTH.min(frame.area().width.saturating_sub(4));
    let inner = paint::overlay(frame, look, &prompt.title, width, 5);
    let mut line = Line::default();
    line.spans.extend(paint::field_being_typed(look, &prompt.input));
    paint::line(frame, inner, 1, &line);
}
