//! Small strokes: clipped lines, panes, overlays. Nothing here can draw outside the buffer.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use crate::tui::input::Input;
use crate::tui::layout;
use crate::tui::text;
use crate::tui::theme::Look;

/// Draws one line in a row of the area, counted from 0; rows below the area are not drawn.
pub(super) fn line(frame: &mut Frame, area: Rect, row: u16, line: &Line) {
    let area = area.intersection(frame.area());
    if row < area.height && area.width > 0 {
        frame.buffer_mut().set_line(area.x, area.y + row, line, area.width);
    }
}

/// Draws lines from the `offset`-th on, as many as fit.
pub(super) fn lines(frame: &mut Frame, area: Rect, lines: &[Line], offset: usize) {
    for (row, text) in (0..area.height).zip(lines.iter().skip(offset)) {
        line(frame, area, row, text);
    }
}

/// Draws lines inside a pane, scrolled, and on its lower border how many there are below.
pub(super) fn scrolled(frame: &mut Frame, pane: Rect, look: &Look, text: &[Line], offset: usize) {
    let inner = layout::inside(pane.intersection(frame.area()));
    let most = text.len().saturating_sub(usize::from(inner.height));
    let offset = offset.min(most);
    lines(frame, inner, text, offset);
    let hidden = most - offset;
    if hidden > 0 && pane.height > 2 {
        let note = format!(" {hidden} more, J ");
        let width = u16::try_from(note.len()).unwrap_or(0);
        let at = Rect { x: pane.right().saturating_sub(width + 2), y: pane.bottom() - 1, width, height: 1 };
        line(frame, at, 0, &Line::styled(note, look.theme.dim));
    }
}

/// Lays a style over a row of the area.
pub(super) fn highlight(frame: &mut Frame, area: Rect, row: u16, style: Style) {
    if row < area.height {
        let row = Rect { y: area.y.saturating_add(row), height: 1, ..area }.intersection(frame.area());
        frame.buffer_mut().set_style(row, style);
    }
}

/// Draws a border with a title and returns its inside.
pub(super) fn pane(frame: &mut Frame, area: Rect, look: &Look, title: &str, note: &str) -> Rect {
    let area = area.intersection(frame.area());
    if area.width < 4 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    let room = usize::from(area.width.saturating_sub(4));
    let title = text::fit(title, room, look.glyphs.ellipsis);
    let mut head = vec![Span::styled(format!(" {title} "), look.theme.title)];
    let left = room.saturating_sub(text::width(&title) + 2);
    if !note.is_empty() && left > 4 {
        head.push(Span::styled(format!("{} ", text::fit(note, left, look.glyphs.ellipsis)), look.theme.dim));
    }
    let block =
        Block::bordered().border_set(look.glyphs.border).border_style(look.theme.faint).title_top(Line::from(head));
    frame.render_widget(block, area);
    layout::inside(area)
}

/// Clears a rectangle in the middle and draws a border with a title around it; returns its inside.
pub(super) fn overlay(frame: &mut Frame, look: &Look, title: &str, width: u16, height: u16) -> Rect {
    let area = layout::centred(frame.area(), width, height);
    frame.render_widget(Clear, area);
    if area.width < 4 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    let room = usize::from(area.width.saturating_sub(4));
    let title = text::fit(title, room, look.glyphs.ellipsis);
    let block = Block::bordered()
        .border_set(look.glyphs.border)
        .border_style(look.theme.accent)
        .title_top(Line::styled(format!(" {title} "), look.theme.title));
    frame.render_widget(block, area);
    let inner = layout::inside(area);
    Rect { x: inner.x.saturating_add(1), width: inner.width.saturating_sub(2), ..inner }
}

/// A line with one part at the left and one at the right end; the left one gives way.
pub(super) fn spread(mut left: Vec<Span<'static>>, right: Vec<Span<'static>>, width: u16) -> Line<'static> {
    let width = usize::from(width);
    let right_width: usize = right.iter().map(Span::width).sum();
    let room = width.saturating_sub(right_width);
    clip(&mut left, room);
    let used: usize = left.iter().map(Span::width).sum();
    left.push(Span::raw(" ".repeat(room.saturating_sub(used))));
    left.extend(right);
    Line::from(left)
}

/// Drops and shortens spans so that they fit, without a mark: for bars, whose parts are separate facts.
fn clip(spans: &mut Vec<Span<'static>>, room: usize) {
    let mut used = 0;
    spans.retain_mut(|span| {
        let left = room.saturating_sub(used);
        if span.width() > left {
            span.content = text::fit(&span.content, left, "").into_owned().into();
        }
        used += span.width();
        span.width() > 0
    });
}

/// A heading inside a detail.
pub(super) fn heading(look: &Look, title: &str) -> Line<'static> {
    Line::styled(title.to_owned(), look.theme.accent.add_modifier(Modifier::BOLD))
}

/// A name and its value, the value wrapped under itself.
pub(super) fn field(look: &Look, name: &str, value: &str, style: Style, width: u16) -> Vec<Line<'static>> {
    const NAME_WIDTH: usize = 10;
    let room = usize::from(width).saturating_sub(NAME_WIDTH);
    let lines = text::wrap(value, room);
    lines
        .into_iter()
        .enumerate()
        .map(|(index, part)| {
            let shown = if index == 0 { name } else { "" };
            Line::from(vec![Span::styled(format!("{shown:<NAME_WIDTH$}"), look.theme.dim), Span::styled(part, style)])
        })
        .collect()
}

/// A text field: what is typed, with the cursor.
pub(super) fn field_being_typed(look: &Look, input: &Input) -> [Span<'static>; 3] {
    let (before, after) = input.halves();
    let cursor = look.theme.selected.add_modifier(Modifier::REVERSED);
    [Span::raw(before), Span::styled(" ", cursor), Span::raw(after)]
}

/// A sentence for a place that has nothing to show, in its upper middle.
pub(super) fn empty(frame: &mut Frame, area: Rect, look: &Look, sentences: &[String]) {
    let wide = area.width.saturating_sub(4).min(64);
    let lines: Vec<Line> = sentences
        .iter()
        .flat_map(|sentence| text::wrap(sentence, usize::from(wide)))
        .map(|part| Line::styled(part, look.theme.dim))
        .collect();
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let place = layout::centred(Rect { height: area.height / 2, ..area }, wide, height);
    let place = if place.height < height { Rect { height: area.height, y: area.y, ..place } } else { place };
    self::lines(frame, place, &lines, 0);
}
