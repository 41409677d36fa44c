//! The help of this place: every action with its keys, searchable, read from the table.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::paint;
use crate::tui::actions::{self, Action, Context};
use crate::tui::model::{HelpState, Model};
use crate::tui::text;

/// Columns of the keys.
const KEYS_WIDTH: usize = 15;

/// Draws the help over the screen.
pub(super) fn draw(model: &Model, frame: &mut Frame, state: &HelpState) {
    let look = &model.look;
    let area = frame.area();
    let title = format!("Help: {}", model.screen.name());
    let inner = paint::overlay(frame, look, &title, area.width.min(92), area.height.saturating_sub(2));
    let hint = if state.query.text().is_empty() { "type to search" } else { "" };
    let mut search = Line::from(Span::styled("search ", look.theme.dim));
    search.spans.extend(paint::field_being_typed(look, &state.query));
    search.spans.push(Span::styled(hint, look.theme.dim));
    paint::line(frame, inner, 0, &search);
    let rest = Rect { y: inner.y.saturating_add(2), height: inner.height.saturating_sub(2), ..inner };
    let lines = lines(model, &state.query.text(), rest.width);
    let most = lines.len().saturating_sub(usize::from(rest.height));
    paint::lines(frame, rest, &lines, state.offset.min(most));
}

fn lines(model: &Model, query: &str, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let query = query.to_lowercase();
    let places = [
        (Context::On(model.screen), model.screen.name()),
        (if model.hears_graph() { Context::Graph } else { Context::List }, "Moving"),
        (Context::Everywhere, "Everywhere"),
    ];
    let mut lines = Vec::new();
    for (context, title) in places {
        let found: Vec<&Action> =
            actions::ACTIONS.iter().filter(|action| action.context == context && matches(action, &query)).collect();
        if found.is_empty() {
            continue;
        }
        lines.push(paint::heading(look, title));
        for action in found {
            lines.extend(entry(model, action, width));
        }
        lines.push(Line::default());
    }
    if lines.is_empty() {
        lines.push(Line::styled(format!("nothing here speaks of {query}"), look.theme.dim));
    }
    lines
}

fn matches(action: &Action, query: &str) -> bool {
    let keys = action.keys.iter().any(|key| key.shown(true).to_lowercase() == query);
    keys || action.help.to_lowercase().contains(query) || action.command.contains(query)
}

fn entry(model: &Model, action: &Action, width: u16) -> Vec<Line<'static>> {
    let theme = &model.look.theme;
    let keys: Vec<String> = action.keys.iter().map(|key| key.shown(model.look.glyphs.ascii)).collect();
    let keys = keys.join(" ");
    let room = usize::from(width).saturating_sub(KEYS_WIDTH + 1);
    let mut sentence = action.help.to_owned();
    if let Err(reason) = actions::enabled(model, action) {
        sentence.push_str(&format!(" (Not now: {reason}.)"));
    }
    text::wrap(&sentence, room)
        .into_iter()
        .enumerate()
        .map(|(index, part)| {
            let keys = if index == 0 { keys.as_str() } else { "" };
            let blanks = " ".repeat((KEYS_WIDTH + 1).saturating_sub(text::width(keys)));
            Line::from(vec![Span::styled(format!("{keys}{blanks}"), theme.accent), Span::styled(part, theme.text)])
        })
        .collect()
}
