//! The mouse: a click selects a row or a screen, the wheel scrolls what is under it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::model::{Model, Screen};
use super::view::tabs;
use super::{act, layout};

/// Rows that one turn of the wheel scrolls.
const WHEEL_ROWS: isize = 3;

/// Takes in what the mouse did. Moves and drags change nothing; what lies over the screen is worked by keys.
pub(super) fn happened(model: &mut Model, event: MouseEvent) {
    if model.overlay.is_some() {
        return;
    }
    let at = Position { x: event.column, y: event.row };
    let rows = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => return click(model, at),
        MouseEventKind::ScrollDown => WHEEL_ROWS,
        MouseEventKind::ScrollUp => -WHEEL_ROWS,
        MouseEventKind::Down(_)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => return,
    };
    model.dirty = true;
    if model.screen == Screen::Profile {
        let is_in_graph = layout::profile(model).graph.contains(at);
        let rows = rows.signum();
        return if is_in_graph { act::profile::scroll(model, rows) } else { act::step(model, rows * WHEEL_ROWS) };
    }
    let has_detail = model.screen != Screen::Log && !model.hears_diff() && model.agents.output.is_none();
    if has_detail && layout::panes(layout::parts(model.size).body, model.screen, model.zoom).detail.contains(at) {
        act::scroll_detail(model, rows);
        return;
    }
    act::step(model, rows);
}

fn click(model: &mut Model, at: Position) {
    model.dirty = true;
    if layout::parts(model.size).tabs.contains(at) {
        if let Some(screen) = tabs::at(at.x, model.size.width) {
            act::go(model, screen);
        }
        return;
    }
    if model.screen == Screen::Profile && layout::profile(model).graph.contains(at) {
        return act::profile::click(model, at.x, at.y);
    }
    let rows = layout::list_rows(model);
    if !rows.contains(at) {
        return;
    }
    let len = model.list_len();
    let place = model.list_mut().offset.saturating_add(usize::from(at.y - rows.y));
    if place < len {
        let here = model.list_mut().selected;
        act::step(model, place as isize - here as isize);
        model.profile.in_table = true;
    }
}
