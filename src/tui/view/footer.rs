//! The footer: the keys of this place from the action table, or the notice while there is one.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::paint;
use crate::tui::actions::{self, Action, Context};
use crate::tui::model::{Model, Screen};
use crate::tui::text;

/// Keys that stay whatever the width.
const KEPT: usize = 2;

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
    let mut keys: Vec<(Vec<Span>, usize)> = shown(model).map(|action| key(model, action)).collect();
    let room = usize::from(area.width.saturating_sub(1));
    // The last two are how to learn more and how to leave: they stay.
    while keys.iter().map(|(_, width)| width).sum::<usize>() > room && keys.len() > KEPT {
        keys.remove(keys.len() - KEPT - 1);
    }
    let spans = std::iter::once(Span::raw(" ")).chain(keys.into_iter().flat_map(|(spans, _)| spans));
    paint::line(frame, area, 0, &spans.collect());
}

/// A key with its word, and the columns they take; faint when it would be refused.
fn key(model: &Model, action: &Action) -> (Vec<Span<'static>>, usize) {
    let theme = &model.look.theme;
    let refused = actions::enabled(model, action).is_err();
    let key = action.keys.first().map(|key| key.shown(model.look.glyphs.ascii)).unwrap_or_default();
    let label = format!(" {}  ", action.footer);
    let width = text::width(&key) + text::width(&label);
    let styles = if refused { [theme.faint; 2] } else { [theme.accent, theme.text] };
    (vec![Span::styled(key, styles[0]), Span::styled(label, styles[1])], width)
}

/// Actions with a word for the footer, in the order of the table.
fn shown(model: &Model) -> impl Iterator<Item = &'static Action> + '_ {
    let contexts = actions::contexts(model);
    // The roster and the output that is followed are one place with two sets of keys.
    let of_this =
        |action: &&Action| action.context != Context::On(Screen::Agents) || actions::enabled(model, action).is_ok();
    let shown = move |action: &&Action| !action.footer.is_empty() && contexts.contains(&action.context);
    actions::ACTIONS.iter().filter(shown).filter(of_this)
}
