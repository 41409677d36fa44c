//! The screens' names, by the numbers people press.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::paint;
use crate::tui::model::{Model, Screen};

/// Draws the line of names.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let theme = &model.look.theme;
    let mut spans = Vec::new();
    for screen in Screen::ALL {
        let style = if screen == model.screen { theme.selected } else { theme.dim };
        spans.push(Span::styled(label(screen, area.width), style));
    }
    paint::line(frame, area, 0, &Line::from(spans));
}

/// The screen whose name stands at a column.
pub fn at(column: u16, width: u16) -> Option<Screen> {
    let mut end = 0;
    Screen::ALL.into_iter().find(|screen| {
        end += label(*screen, width).len();
        usize::from(column) < end
    })
}

/// Without its last blank where there is no room for all.
fn label(screen: Screen, width: u16) -> String {
    let all: usize = Screen::ALL.iter().map(|screen| screen.name().len() + 4).sum();
    let end = if all > usize::from(width) { "" } else { " " };
    format!(" {} {}{end}", screen.number(), screen.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_finds_the_name_under_it() {
        assert_eq!(at(0, 80), Some(Screen::Register));
        assert_eq!(at(12, 80), Some(Screen::Lab));
        assert_eq!(at(11, 60), Some(Screen::Lab));
        assert_eq!(at(57, 60), Some(Screen::Log));
        assert_eq!(at(500, 80), None);
    }
}
