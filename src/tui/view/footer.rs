//! The footer: the keys of this place from the action table, or the notice while there is one.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::paint;
use crate::tui::actions::{self, Action};
use crate::tui::model::Model;
use crate::tui::text;

/// Draws the footer.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let theme = &model.look.theme;
    paint::highlight(frame, area, 0, theme.bar);
    if let Some(notice) = &model.notice {
        let style = if notice.is_error { theme.bad } else { theme.good };
        let glyphs = model.look.glyphs;
        let mark = if notice.is_error { "!" } else { glyphs.done };
        let room = usize::from(area.width.saturating_sub(4));
        let sentence = text::fit(&notice.text, room, glyphs.ellipsis).into_owned();
        return paint::line(
            frame,
            area,
            0,
            &Line::from(vec![Span::styled(format!(" {mark} "), style), Span::raw(sentence)]),
        );
    }
    let mut spans = vec![Span::raw(" ")];
    let mut room = usize::from(area.width.saturating_sub(1));
    for action in shown(model) {
        let refused = actions::enabled(model, action).is_err();
        let key = action.keys.first().map(|key| key.shown(model.look.glyphs.ascii)).unwrap_or_default();
        let label = format!(" {}  ", action.footer);
        let width = text::width(&key) + text::width(&label);
        if width > room {
            break;
        }
        room -= width;
        spans.push(Span::styled(key, if refused { theme.faint } else { theme.accent }));
        spans.push(Span::styled(label, if refused { theme.faint } else { theme.text }));
    }
    paint::line(frame, area, 0, &Line::from(spans));
}

/// Actions with a word for the footer, in the order of the table.
fn shown(model: &Model) -> impl Iterator<Item = &'static Action> {
    let contexts = actions::contexts(model);
    actions::ACTIONS.iter().filter(move |action| !action.footer.is_empty() && contexts.contains(&action.context))
}
