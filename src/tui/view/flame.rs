//! One tree of a flame graph. What is selected is reversed, what is found has a colour of its own; with both arms shown, a
//! frame's colour and symbol say what became of it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::paint;
use crate::profiles::Kind;
use crate::tui::facts::ProfileFacts;
use crate::tui::flame::{Frame as Piece, SpotId, What};
use crate::tui::state::{Arms, ProfileState};
use crate::tui::text;
use crate::tui::theme::Look;

/// Cells from which a frame with a change says how large it is.
const CHANGE_WIDTH_MIN: usize = 28;

/// Draws the tree of one arm (0 for A, 1 for B).
pub(super) fn draw(frame: &mut Frame, area: Rect, look: &Look, state: &ProfileState, facts: &ProfileFacts, arm: usize) {
    let depths = state.top..state.top.saturating_add(area.height);
    for piece in facts.flame.frames(arm, state.window(facts, area.width), depths) {
        let row = piece.depth - state.top;
        let row = if state.upright { area.height.saturating_sub(1 + row) } else { row };
        let place = Rect { x: area.x.saturating_add(piece.x), width: piece.width, ..area };
        let line = match piece.what {
            What::Spot(id) => spot(look, state, facts, piece, id),
            What::Smaller(count) => smaller(look, piece, count),
        };
        paint::line(frame, place, row, &line);
    }
}

fn spot(look: &Look, state: &ProfileState, facts: &ProfileFacts, piece: Piece, id: SpotId) -> Line<'static> {
    let (mark, style) = fill(look, state, facts, id);
    let room = usize::from(piece.width).saturating_sub(1);
    let (name, mark) = (facts.flame.name(id), if mark.is_empty() { String::new() } else { format!("{mark} ") });
    let mark = if room > text::width(&mark) { mark } else { mark.trim_end().to_owned() };
    let mark = if room >= text::width(&mark) { mark } else { String::new() };
    let change = said(state, facts, id, room);
    let label = text::tail_of_path(name, room.saturating_sub(text::width(&mark) + text::width(&change)), "");
    // A letter or two of what was cut tell nothing.
    let label = if label.len() < name.len() && text::width(&label) < 3 { "".into() } else { label };
    let used = text::width(&mark) + text::width(&label) + text::width(&change);
    let blanks = " ".repeat(room.saturating_sub(used));
    Line::from(vec![
        Span::styled(look.glyphs.edge, style),
        Span::styled(format!("{mark}{label}{blanks}{change}"), style),
    ])
}

/// How much cheaper or dearer it became, at the end of a wide frame.
fn said(state: &ProfileState, facts: &ProfileFacts, id: SpotId, room: usize) -> String {
    let changed = |spot: &&crate::tui::flame::Spot| spot.change != crate::profiles::Change::Same;
    match facts.flame.spot(id).filter(changed) {
        Some(spot) if state.arms == Arms::Both && room >= CHANGE_WIDTH_MIN => {
            format!(" {} ", facts.key.kind.change(spot.delta()))
        }
        Some(_) | None => String::new(),
    }
}

/// Symbol and style of a frame.
fn fill(look: &Look, state: &ProfileState, facts: &ProfileFacts, id: SpotId) -> (&'static str, Style) {
    let fills = &look.theme.fills;
    let (mark, plain) = match (state.arms, facts.flame.spot(id)) {
        (Arms::Both, Some(spot)) => look.change(spot.change),
        (Arms::A | Arms::B, Some(spot)) => {
            // Neighbours and generations differ, and a function has its colour wherever it is called.
            let shade = (spot.name.wrapping_mul(0x9e37_79b9) >> 16) as usize % fills.plain.len();
            ("", fills.plain[shade])
        }
        (_, None) => ("", fills.same),
    };
    let style = match (facts.flame.is_found(id, &state.found), state.found.is_empty()) {
        (true, _) => fills.found,
        // What was not found steps back.
        (false, false) => fills.same,
        (false, true) => plain,
    };
    let is_selected = id == state.cursor && !state.in_table;
    (mark, if is_selected { style.patch(fills.cursor) } else { style })
}

fn smaller(look: &Look, piece: Piece, count: u32) -> Line<'static> {
    let width = usize::from(piece.width);
    let label = format!(" {count} smaller ");
    let label = if text::width(&label) + 2 <= width { label } else { String::new() };
    let left = (width - text::width(&label)) / 2;
    let right = width - left - text::width(&label);
    let dots = |count| look.glyphs.smaller.repeat(count);
    Line::styled(format!("{}{label}{}", dots(left), dots(right)), look.theme.faint)
}

/// An amount in both arms: `2.40 µs → 0.20 µs`.
pub(super) fn both(look: &Look, kind: Kind, [a, b]: [f64; 2]) -> String {
    format!("{} {} {}", kind.amount(a), look.glyphs.arrow, kind.amount(b))
}
