//! One improvement: claim beside measurement, variants, workloads with their intervals, history.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::paint::{self, field, heading};
use crate::improvements::Direction;
use crate::lab::experiment::Verdict;
use crate::tui::facts::{Load, PastVerdict, Row, Work, WorkloadRow};
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::yank;

/// Draws the detail of the selected improvement.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let Some(row) = model.selected_row() else {
        paint::pane(frame, area, look, "Improvement", "");
        return;
    };
    let inner = paint::pane(frame, area, look, &row.entry.id.0, &row.entry.title);
    let lines = lines(model, row, inner.width);
    paint::scrolled(frame, area, look, &lines, model.register.detail_offset);
}

/// The detail as lines of that width.
pub(super) fn lines(model: &Model, row: &Row, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let mut lines = summary(model, row, width);
    if let Some(reason) = &row.progress.reason {
        let name = if row.progress.forced { "forced" } else { "because" };
        lines.extend(field(
            look,
            name,
            reason,
            if row.progress.forced { look.theme.bad } else { look.theme.text },
            width,
        ));
    }
    let open = |work: &&Work| work.life.assignment.improvement == row.entry.id && work.stage.is_open();
    if let Some(work) = model.facts.work.iter().rfind(open) {
        let words = format!("agent {}, {}", work.life.assignment.agent, work.stage);
        lines.extend(field(look, "in hand", &words, look.theme.text, width));
    }
    lines.push(Line::default());
    lines.extend(claim_beside_measurement(model, row, width));
    lines.push(Line::default());
    lines.extend(variants(model, row, width));
    if !row.progress.workloads.is_empty() {
        lines.push(heading(look, "Workloads, decision run"));
        lines.extend(row.progress.workloads.iter().flat_map(|workload| workload_lines(model, workload, width)));
        lines.push(Line::default());
    }
    lines.push(heading(look, "History"));
    lines.extend(history(model, row, width));
    lines.push(Line::default());
    lines.extend(notes(model, row, width));
    lines.push(heading(look, "Where"));
    lines.extend(field(look, "modules", &row.entry.modules.join(", "), look.theme.text, width));
    lines.extend(field(look, "feature", &row.entry.feature, look.theme.text, width));
    if !row.entry.needs.is_empty() {
        let needs: Vec<&str> = row.entry.needs.iter().map(|id| id.0.as_str()).collect();
        lines.extend(field(look, "needs", &needs.join(", "), look.theme.text, width));
    }
    if let Some(variants) = &row.entry.variants {
        let rests_on = variants.references.iter().enumerate();
        for (index, reference) in rests_on {
            lines.extend(field(look, if index == 0 { "rests on" } else { "" }, reference, look.theme.dim, width));
        }
    }
    lines
}

/// What people have noted, the newest first; nothing where nobody has.
fn notes(model: &Model, row: &Row, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    if row.progress.notes.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![heading(look, "Notes")];
    for note in row.progress.notes.iter().rev() {
        let who = vec![Span::styled(note.author.clone(), look.theme.dim)];
        let when = vec![Span::styled(format!(" {} ago ", text::age(note.at, model.now)), look.theme.dim)];
        lines.push(paint::spread(who, when, width));
        lines.extend(
            text::wrap(&note.text, usize::from(width).saturating_sub(2))
                .into_iter()
                .map(|part| format!("  {part}").into()),
        );
    }
    lines.push(Line::default());
    lines
}

/// `● Complete · Transaction · critical · phase 1 · agent 1`, on more lines where there is little room.
fn summary(model: &Model, row: &Row, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let (glyph, style) = look.status(row.progress.status);
    let dot = look.glyphs.dot;
    let entry = &row.entry;
    let place =
        format!("{} {dot} {} {dot} phase {} {dot} agent {}", entry.category, entry.priority, entry.phase, row.agents());
    let status = Span::styled(format!("{glyph} {}", row.progress.status), style.add_modifier(Modifier::BOLD));
    if status.width() + 3 + text::width(&place) <= usize::from(width) {
        return vec![Line::from(vec![status, Span::styled(format!(" {dot} {place}"), look.theme.dim)])];
    }
    let place = text::wrap(&place, width.into()).into_iter().map(|part| Line::styled(part, look.theme.dim));
    std::iter::once(Line::from(status)).chain(place).collect()
}

/// Two columns that are never mixed: what was promised, what was measured.
fn claim_beside_measurement(model: &Model, row: &Row, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let theme = &look.theme;
    let left_width = usize::from(width / 5 * 2).clamp(12, 30);
    let right_width = usize::from(width).saturating_sub(left_width + 1);
    let part = |text: &str, room: usize, style: Style| -> Vec<(String, Style)> {
        text::wrap(text, room).into_iter().map(|line| (line, style)).collect()
    };
    let mut left = vec![("Claim".to_owned(), theme.accent.add_modifier(Modifier::BOLD))];
    left.extend(part(&row.entry.claim.text, left_width, theme.text));
    left.extend(part("a promise", left_width, theme.dim));
    let mut right = vec![("Measured".to_owned(), theme.accent.add_modifier(Modifier::BOLD))];
    match (&row.progress.measured, &row.entry.variants) {
        (Some(measured), _) => {
            let style =
                row.verdict().map_or(theme.text, |verdict| look.verdict(verdict).1).add_modifier(Modifier::BOLD);
            let effect = measured.standing.effect(measured.better);
            let figure = format!("{} {}", effect.estimate, text::bounds(&effect));
            right.extend(part(&figure, right_width, style));
            right.extend(part(
                &format!("{}, {} pairs", measured.workload, measured.standing.pairs),
                right_width,
                theme.dim,
            ));
            if let Some(against) = row.entry.claim.against(measured.standing.bounds, measured.better) {
                right.extend(part(&against.to_string(), right_width, theme.dim));
            }
            if measured.stale {
                right.extend(part("stale: the base moved since", right_width, theme.warn));
            }
        }
        (None, Some(_)) => right.extend(part("nothing yet; a measures it", right_width, theme.dim)),
        (None, None) => right.extend(part("nothing: no optimized variant exists yet", right_width, theme.dim)),
    }
    if let Some(verdict) = row.progress.verdicts.first() {
        right.push(verdict_words(model, verdict.verdict));
    }
    let rows = left.len().max(right.len());
    let blank = (String::new(), theme.text);
    (0..rows)
        .map(|at| {
            let (claim, claim_style) = left.get(at).unwrap_or(&blank).clone();
            let (figure, figure_style) = right.get(at).unwrap_or(&blank).clone();
            let gap = " ".repeat((left_width + 1).saturating_sub(text::width(&claim)));
            Line::from(vec![Span::styled(claim, claim_style), Span::raw(gap), Span::styled(figure, figure_style)])
        })
        .collect()
}

fn verdict_words(model: &Model, verdict: Verdict) -> (String, Style) {
    let (glyph, style) = model.look.verdict(verdict);
    (format!("{glyph} {verdict}"), style)
}

fn variants(model: &Model, row: &Row, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let mut lines = vec![heading(look, "Variants")];
    match &row.entry.variants {
        Some(variants) => {
            lines.extend(field(look, "off", &variants.baseline, look.theme.text, width));
            lines.extend(field(look, "on", &variants.optimized, look.theme.text, width));
            lines.extend(field(look, "seam", &variants.seam, look.theme.dim, width));
            lines.extend(field(look, "judged on", &yank::judged_by(&variants.workload), look.theme.dim, width));
            let proof =
                variants.mechanism.as_ref().map_or("none: the target counts nothing", |mechanism| &mechanism.figure);
            lines.extend(field(look, "proof", proof, look.theme.dim, width));
        }
        None => {
            let sentence = "No optimized variant exists yet: there is nothing to switch on and nothing to measure.";
            lines.extend(
                text::wrap(sentence, usize::from(width)).into_iter().map(|part| Line::styled(part, look.theme.dim)),
            );
        }
    }
    lines.push(Line::default());
    lines
}

/// What it is for and how it came out; the means and the interval.
fn workload_lines(model: &Model, workload: &WorkloadRow, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let theme = &look.theme;
    let effect = workload.standing.effect(workload.better);
    let change = effect.estimate.to_string();
    let label =
        text::fit(&workload.label, usize::from(width).saturating_sub(11 + text::width(&change)), look.glyphs.ellipsis)
            .into_owned();
    // Where a minus is good news the metric has a line to say so.
    let (beside, below) = match workload.better {
        Direction::Higher => (format!(" {}", workload.metric), None),
        Direction::Lower => (String::new(), Some(workload.better.beside(&workload.metric))),
    };
    let means = match workload.means {
        Some((a, b)) => format!("{} {} {}{beside}", text::quantity(a), look.glyphs.arrow, text::quantity(b)),
        None => beside.trim_start().to_owned(),
    };
    let mut lines = vec![
        paint::spread(
            vec![Span::styled(format!("{:<10}", workload.role), theme.dim), Span::styled(label, theme.text)],
            vec![Span::styled(change, theme.text.add_modifier(Modifier::BOLD))],
            width,
        ),
        paint::spread(
            vec![Span::raw(" ".repeat(10)), Span::styled(means, theme.dim)],
            vec![Span::styled(format!(" {}", text::bounds(&effect)), theme.dim)],
            width,
        ),
    ];
    lines.extend(below.map(|metric| Line::styled(format!("{}{metric}", " ".repeat(10)), theme.dim)));
    lines
}

fn history(model: &Model, row: &Row, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    if row.progress.verdicts.is_empty() {
        let sentence = match &model.facts.store {
            Load::Reading => "reading the store…",
            Load::Ready => "never measured",
            Load::Failed(_) => "the store cannot be read",
        };
        return vec![Line::styled(sentence, look.theme.dim)];
    }
    row.progress.verdicts.iter().flat_map(|past| past_lines(model, past, width)).collect()
}

fn past_lines(model: &Model, past: &PastVerdict, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let (words, style) = verdict_words(model, past.verdict);
    let figure =
        past.standing.map(|standing| format!("  {}", standing.estimate.change(past.better))).unwrap_or_default();
    let mut lines = vec![paint::spread(
        vec![Span::styled(words, style), Span::styled(figure, look.theme.text)],
        vec![Span::styled(format!("{} ago  #{}", text::age(past.at, model.now), past.experiment.0), look.theme.dim)],
        width,
    )];
    let reason = text::wrap(&past.reason, usize::from(width).saturating_sub(2));
    lines.extend(reason.into_iter().map(|part| Line::styled(format!("  {part}"), look.theme.dim)));
    lines
}
