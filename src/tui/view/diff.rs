//! A diff: files, and lines told apart by their sign before their colour.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::paint;
use super::review_detail::fate;
use crate::repository::{LineKind, Patch, PatchLine};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::state::Comment;
use crate::tui::text;
use crate::tui::theme::Look;

/// Columns of a line's number.
const NUMBER_WIDTH: usize = 5;

/// Draws the diff that has the whole screen.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let areas = layout::diff(area);
    let Some(patch) = model.facts.patch() else {
        let inner = paint::pane(frame, area, look, "Diff", "");
        let sentence = match &model.facts.patch {
            Some((_, Err(trouble))) => format!("The diff cannot be read: {trouble}"),
            Some((_, Ok(_))) | None => "Reading the diff…".to_owned(),
        };
        return paint::empty(frame, inner, look, &[sentence]);
    };
    let here = patch.file_of(model.review.diff.selected);
    files(model, frame, areas.files, patch, here);
    let file = here.and_then(|place| patch.files.get(place));
    let title = file.map_or_else(|| "Diff".to_owned(), |file| file.path.clone());
    let place = here.map_or(0, |place| place + 1);
    let note = format!(
        "file {place} of {}, line {} of {}",
        patch.files.len(),
        model.review.diff.selected + 1,
        patch.lines.len()
    );
    let inner = paint::pane(frame, areas.lines, look, &title, &note);
    lines(model, frame, inner, model.review.diff.offset, Some(model.review.diff.selected));
}

fn files(model: &Model, frame: &mut Frame, area: Rect, patch: &Patch, here: Option<usize>) {
    if area.width == 0 {
        return;
    }
    let look = &model.look;
    let (added, removed) = patch.size();
    let inner = paint::pane(frame, area, look, "Files", &format!("{}, +{added} −{removed}", patch.files.len()));
    let first = (here.unwrap_or(0) + 1).saturating_sub(usize::from(inner.height.max(1)));
    for (row, (place, file)) in (0..inner.height).zip(patch.files.iter().enumerate().skip(first)) {
        let (glyph, style) = fate(look, file.fate);
        let size = format!(" +{} −{}", file.added, file.removed);
        let room = usize::from(inner.width).saturating_sub(text::width(&size) + 2);
        let left = vec![Span::styled(format!("{glyph} "), style), Span::raw(end_of(&file.path, room, look))];
        paint::line(frame, inner, row, &paint::spread(left, vec![Span::styled(size, look.theme.dim)], inner.width));
        if Some(place) == here {
            paint::highlight(frame, inner, row, look.theme.selected);
        }
    }
}

/// The end of a path says most.
fn end_of(path: &str, columns: usize, look: &Look) -> String {
    let over = text::width(path).saturating_sub(columns);
    if over == 0 {
        return path.to_owned();
    }
    let kept: String = path.chars().skip(over + 1).collect();
    text::fit(&format!("{}{kept}", look.glyphs.ellipsis), columns, "").into_owned()
}

/// Draws the lines from `offset` on; the selected one is told apart, and comments stand at their lines' ends.
pub(super) fn lines(model: &Model, frame: &mut Frame, area: Rect, offset: usize, selected: Option<usize>) {
    let look = &model.look;
    let Some(patch) = model.facts.patch() else {
        return paint::line(frame, area, 0, &Line::styled("reading the diff…", look.theme.dim));
    };
    let comments = model.wanted_patch().map_or_else(Vec::new, |key| model.review.comments_on(&key));
    for (row, (place, line)) in (0..area.height).zip(patch.lines.iter().enumerate().skip(offset)) {
        let said: Vec<&&Comment> = comments.iter().filter(|comment| comment.line == place).collect();
        paint::line(frame, area, row, &drawn(look, line, &said, area.width));
        if Some(place) == selected {
            paint::highlight(frame, area, row, look.theme.selected);
        }
    }
    let end = patch.lines.len().saturating_sub(offset);
    if let (Ok(row), true) = (u16::try_from(end), patch.left_out > 0) {
        let note = format!("{} more lines; git shows them", patch.left_out);
        paint::line(frame, area, row, &Line::styled(note, look.theme.warn));
    }
}

fn drawn(look: &Look, line: &PatchLine, comments: &[&&Comment], width: u16) -> Line<'static> {
    let theme = &look.theme;
    let width = usize::from(width);
    let said = match comments {
        [] => String::new(),
        [one] => format!("  {} {}", look.glyphs.cursor, one.text),
        [first, ..] => format!("  {} {} (+{})", look.glyphs.cursor, first.text, comments.len() - 1),
    };
    let said = text::fit(&said, width / 2, look.glyphs.ellipsis).into_owned();
    let comment = Span::styled(said, theme.accent.add_modifier(Modifier::BOLD));
    let room = width.saturating_sub(comment.width());
    let fitted = |text: &str, room: usize| text::fit(text, room, look.glyphs.ellipsis).into_owned();
    let plain = |text: String, style: Style| vec![Span::styled(text, style)];
    let mut spans = match line.kind {
        LineKind::File => plain(fitted(&line.text, room), theme.title),
        LineKind::Hunk => plain(fitted(&line.text, room), theme.arm_b),
        LineKind::Note => plain(fitted(&line.text, room), theme.dim),
        LineKind::Same | LineKind::Added | LineKind::Removed => {
            let (sign, style) = match line.kind {
                LineKind::Added => ("+", theme.good),
                LineKind::Removed => ("-", theme.bad),
                LineKind::Same | LineKind::File | LineKind::Hunk | LineKind::Note => (" ", theme.text),
            };
            let number = line.numbers[1].or(line.numbers[0]).map_or_else(String::new, |number| number.to_string());
            let room = room.saturating_sub(NUMBER_WIDTH + 3);
            vec![
                Span::styled(format!("{number:>NUMBER_WIDTH$} "), theme.faint),
                Span::styled(format!("{sign} {}", fitted(&line.text, room)), style),
            ]
        }
    };
    spans.push(comment);
    Line::from(spans)
}
