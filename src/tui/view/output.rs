//! The output of an attempt, followed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::paint;
use crate::agents::Stage;
use crate::agents::supervisor::{LADDER, Stream, rung};
use crate::tui::facts::Work;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::state::OutputState;
use crate::tui::text;

/// Draws it over the whole screen.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect, output: &OutputState) {
    let look = &model.look;
    let assignment = &output.key.assignment;
    let title = format!("Agent {} on {}, attempt {}", assignment.agent, assignment.improvement, output.key.attempt);
    let follows = if output.follows() { "follows the end" } else { "stands still, G follows" };
    let inner = paint::pane(frame, area, look, &title, follows);
    paint::line(frame, inner, 0, &head(model, output, inner.width));
    let rows = layout::list_rows(model);
    if output.is_empty() || output.lines.is_empty() {
        let sentence = match &output.trouble {
            Some(trouble) => format!("It cannot be read: {trouble}"),
            None if output.reading => "Reading…".to_owned(),
            None => "Nothing was said yet.".to_owned(),
        };
        return paint::empty(frame, rows, look, &[sentence]);
    }
    let window = output.list.window(output.len(), usize::from(rows.height));
    for (row, place) in (0..rows.height).zip(window) {
        let Some((line, part, is_first)) = output.row(place) else { continue };
        let selected = place == output.list.selected;
        let (mark, style) = stream(model, line.stream);
        let cursor = if selected { look.glyphs.cursor } else { " " };
        let mut spans = vec![
            Span::styled(format!("{cursor} "), look.theme.accent),
            Span::styled(format!("{} ", if is_first { mark } else { " " }), style),
        ];
        if output.times {
            let time = if is_first { line.at.strftime("%H:%M:%S").to_string() } else { String::new() };
            spans.push(Span::styled(format!("{time:<8} "), look.theme.faint));
        }
        let style = if output.is_found(part) { look.theme.fills.found } else { style };
        let room = usize::from(layout::output_text(model));
        spans.push(Span::styled(text::fit(part, room, look.glyphs.ellipsis).into_owned(), style));
        paint::line(frame, rows, row, &Line::from(spans));
        if selected {
            paint::highlight(frame, rows, row, look.theme.selected);
        }
    }
}

/// The search, or how the attempt stands.
fn head(model: &Model, output: &OutputState, width: u16) -> Line<'static> {
    let look = &model.look;
    if let Some(input) = &output.editing {
        let mut line = Line::styled(" /", look.theme.accent);
        line.spans.extend(paint::field_being_typed(look, input));
        return line;
    }
    let work = model.facts.work_of(output.key.assignment.id);
    let mut left = vec![Span::raw(" ")];
    left.extend(work.map_or_else(Vec::new, |work| standing(model, work)));
    left.extend(work.and_then(|work| ladder(model, work)).into_iter().flatten());
    let cut = if output.cut { "the beginning is left out  " } else { "" };
    let search = if output.query.is_empty() { String::new() } else { format!("/{}  ", output.query) };
    let keys = format!("{cut}{search}");
    paint::spread(left, vec![Span::styled(keys, look.theme.dim)], width)
}

/// `● working for 3 min`, or how it ended.
pub(super) fn standing(model: &Model, work: &Work) -> Vec<Span<'static>> {
    let look = &model.look;
    let (glyph, style) = super::review::stage(look, work.stage);
    let attempt = work.life.last_attempt();
    let mut spans = vec![Span::styled(format!("{glyph} {}", work.stage), style.add_modifier(Modifier::BOLD))];
    match attempt.and_then(|attempt| attempt.ended.as_ref()) {
        Some(ended) => spans.push(Span::styled(format!("  {}", ended.reason), look.theme.dim)),
        None => {
            if let Some(attempt) = attempt {
                let elapsed = text::span(model.now.duration_since(attempt.at).as_secs_f64());
                spans.push(Span::styled(format!(" for {elapsed}"), look.theme.text));
            }
        }
    }
    spans
}

/// `stopping: ✗ INT → ● TERM → · KILL`, while an attempt is made to end.
pub(super) fn ladder(model: &Model, work: &Work) -> Option<Vec<Span<'static>>> {
    let look = &model.look;
    let agent = model.facts.agents.iter().find(|agent| agent.number == work.life.assignment.agent);
    let sent = rung(&agent?.last.as_ref()?.what).filter(|_| work.stage == Stage::Working)?;
    let mut spans = vec![Span::styled("  stopping:", look.theme.warn)];
    for (place, name) in LADDER.into_iter().enumerate() {
        let (mark, style) = match place.cmp(&sent) {
            std::cmp::Ordering::Less => (look.glyphs.failed, look.theme.dim),
            std::cmp::Ordering::Equal => (look.glyphs.running, look.theme.warn),
            std::cmp::Ordering::Greater => (look.glyphs.pending, look.theme.faint),
        };
        let arrow = if place == 0 { String::new() } else { format!(" {}", look.glyphs.arrow) };
        spans.push(Span::styled(format!("{arrow} {mark} {name}"), style));
    }
    Some(spans)
}

/// Where it was said; the sign tells it without colour.
fn stream(model: &Model, stream: Stream) -> (&'static str, Style) {
    let look = &model.look;
    match stream {
        Stream::Stdout => (" ", look.theme.text),
        Stream::Stderr => ("!", look.theme.warn),
        Stream::Workbench => ("#", look.theme.accent),
    }
}
