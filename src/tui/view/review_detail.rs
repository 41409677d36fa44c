//! One submission: what was said of it, the gates as a checklist, its place in the train, its files, comments.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::paint::{self, field, heading};
use super::review::{foreseen, stage};
use crate::agents::facts::{Checked, Decision, Gate, Passed, Submission};
use crate::repository::{Fate, Foresight};
use crate::tui::facts::Work;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Look;

/// Columns before a gate's reason.
const GATE_WIDTH: usize = 17;

/// The submission as lines of that width.
pub(super) fn lines(model: &Model, work: &Work, submission: &Submission, width: u16) -> Vec<Line<'static>> {
    let mut lines = head(model, work, submission, width);
    lines.push(Line::default());
    lines.extend(gates(model, submission, width));
    lines.push(Line::default());
    lines.extend(train(model, submission, width));
    lines.push(Line::default());
    lines.extend(files(model, work, width));
    lines.push(Line::default());
    lines.extend(comments(model, submission, width));
    lines
}

fn head(model: &Model, work: &Work, submission: &Submission, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let (glyph, style) = stage(look, work.stage);
    let whose = format!(
        " {dot} agent {} {dot} attempt {} {dot} {:.12} {dot} {} ago",
        work.life.assignment.agent,
        work.life.attempts.len(),
        submission.commit,
        text::age(submission.at, model.now),
        dot = look.glyphs.dot,
    );
    let state = format!("{glyph} {}", work.stage);
    let room = usize::from(width).saturating_sub(text::width(&state));
    let whose = text::fit(&whose, room, look.glyphs.ellipsis).into_owned();
    let mut lines = vec![Line::from(vec![
        Span::styled(state, style.add_modifier(Modifier::BOLD)),
        Span::styled(whose, look.theme.dim),
    ])];
    if !submission.note.is_empty() {
        lines.extend(field(look, "claims", &submission.note, look.theme.text, width));
    }
    lines
}

/// Every gate, with what it found or that it has yet to say something.
fn gates(model: &Model, submission: &Submission, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let passed = submission.gates().filter(|(_, found)| found.is_some_and(|found| found.outcome != Passed::No)).count();
    let mut lines = vec![heading(look, &format!("Gates {passed}/{}", Gate::ALL.len()))];
    for (gate, found) in submission.gates() {
        let (glyph, style) = outcome(look, found);
        let reason = match found {
            Some(found) => told(found),
            None if submission.refused().is_some() => "not asked".to_owned(),
            None => "has yet to say something".to_owned(),
        };
        let room = usize::from(width).saturating_sub(GATE_WIDTH + 2);
        for (row, part) in text::wrap(&reason, room).into_iter().enumerate() {
            let name = if row == 0 { gate.to_string() } else { String::new() };
            let mark = if row == 0 { glyph } else { " " };
            lines.push(Line::from(vec![
                Span::styled(format!("{mark} "), style),
                Span::styled(format!("{name:<GATE_WIDTH$}"), look.theme.text),
                Span::styled(part, if found.is_some() { style_of_reason(look, found) } else { look.theme.faint }),
            ]));
        }
    }
    lines
}

fn told(found: &Checked) -> String {
    let reason = found.reason.lines().next().unwrap_or_default();
    match found.experiment {
        Some(experiment) => format!("{reason} (experiment {experiment})"),
        None => reason.to_owned(),
    }
}

fn outcome(look: &Look, found: Option<&Checked>) -> (&'static str, Style) {
    match found.map(|found| found.outcome) {
        Some(Passed::Yes) => (look.glyphs.done, look.theme.good),
        Some(Passed::No) => (look.glyphs.failed, look.theme.bad),
        Some(Passed::NothingToCheck) => (look.glyphs.none, look.theme.dim),
        None => (look.glyphs.pending, look.theme.faint),
    }
}

fn style_of_reason(look: &Look, found: Option<&Checked>) -> Style {
    if found.is_some_and(|found| found.outcome == Passed::No) { look.theme.bad } else { look.theme.dim }
}

/// Its place in the train, and what would become of it there.
fn train(model: &Model, submission: &Submission, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let mut lines = vec![heading(look, "Merge train")];
    let (words, style) = match (&model.facts.train, model.facts.foresight(&submission.commit)) {
        (Some(Err(trouble)), _) => (format!("nobody can tell: {trouble}"), look.theme.warn),
        (None, _) => ("trying the merge in memory…".to_owned(), look.theme.dim),
        (Some(Ok(_)), None) => ("it is not on it".to_owned(), look.theme.dim),
        (Some(Ok(train)), Some((place, foresight))) => {
            let (_, style) = foreseen(look, foresight);
            let branch = &train.branch;
            let what = match foresight {
                Foresight::AsItIs => format!("onto {branch} as the gates have seen it"),
                Foresight::Anew => format!("onto {branch}, tested and measured again beside what lands before it"),
                Foresight::Nothing => format!("all of it is on {branch} already"),
                Foresight::Conflicts(files) => format!("it would conflict with {branch} in {}", files.join(", ")),
            };
            (format!("{}. of {}: {what}", place + 1, train.stops.len()), style)
        }
    };
    lines.extend(text::wrap(&words, width.into()).into_iter().map(|part| Line::styled(part, style)));
    lines
}

fn files(model: &Model, work: &Work, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let Some((key, read)) = &model.facts.patch else {
        return vec![heading(look, "Files"), Line::styled("reading the diff…", look.theme.dim)];
    };
    if key.base != work.life.assignment.base {
        return vec![heading(look, "Files")];
    }
    match read {
        Err(trouble) => vec![heading(look, "Files"), Line::styled(trouble.clone(), look.theme.bad)],
        Ok(patch) => {
            let (added, removed) = patch.size();
            let title = format!("Files {}, +{added} −{removed}; Enter reads them", patch.files.len());
            let file = |file: &crate::repository::FilePatch| {
                let (glyph, style) = fate(look, file.fate);
                let size = format!(" +{} −{}", file.added, file.removed);
                let room = usize::from(width).saturating_sub(text::width(&size) + 2);
                let path = text::fit(&file.path, room, look.glyphs.ellipsis).into_owned();
                let left = vec![Span::styled(format!("{glyph} "), style), Span::styled(path, look.theme.text)];
                paint::spread(left, vec![Span::styled(size, look.theme.dim)], width)
            };
            std::iter::once(heading(look, &title)).chain(patch.files.iter().map(file)).collect()
        }
    }
}

/// Symbol and style of what became of a file.
pub(super) fn fate(look: &Look, fate: Fate) -> (&'static str, Style) {
    match fate {
        Fate::Added => ("+", look.theme.good),
        Fate::Changed => ("~", look.theme.warn),
        Fate::Deleted => ("-", look.theme.bad),
    }
}

/// What reviewers said, and what is kept to be sent back.
fn comments(model: &Model, submission: &Submission, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let mut lines = Vec::new();
    for review in &submission.reviews {
        let (glyph, style, what) = match review.decision {
            Decision::Approved => (look.glyphs.done, look.theme.good, "approved"),
            Decision::SentBack => (look.glyphs.failed, look.theme.warn, "sent back"),
        };
        let age = text::age(review.at, model.now);
        lines.push(Line::styled(format!("{glyph} {what} by {}, {age} ago", review.author), style));
        for part in review.comment.lines().flat_map(|line| text::wrap(line, usize::from(width).saturating_sub(2))) {
            lines.push(Line::styled(format!("  {part}"), look.theme.text));
        }
    }
    let unsent = model.wanted_patch().map_or_else(Vec::new, |patch| model.review.comments_on(&patch));
    for comment in &unsent {
        lines.extend(field(look, "", &format!("{}: {}", comment.place, comment.text), look.theme.accent, width));
    }
    if !unsent.is_empty() {
        lines.push(Line::styled("not sent yet: s sends it back with them", look.theme.warn));
    }
    if lines.is_empty() {
        lines.push(Line::styled("none yet; c on a line of the diff", look.theme.dim));
    }
    lines.insert(0, heading(look, "Comments"));
    lines
}
