//! The Review: what was handed in, the merge train, and of the selected submission gates or diff.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::grid::{Cell, Column};
use super::rows::{self, Listing};
use super::{diff, paint, review_detail};
use crate::agents::Stage;
use crate::agents::facts::{Gate, Passed, Submission};
use crate::repository::Foresight;
use crate::tui::facts::{Load, Work};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::state::ReviewPane;
use crate::tui::text;
use crate::tui::theme::Look;

const COLUMNS: [Column; 7] = [
    Column { title: "ID", min: 5, max: 6, right: false, rank: 0 },
    Column { title: "Agent", min: 5, max: 5, right: true, rank: 5 },
    Column { title: "Stage", min: 14, max: 16, right: false, rank: 1 },
    Column { title: "Train", min: 11, max: 16, right: false, rank: 2 },
    Column { title: "Gates", min: 5, max: 6, right: true, rank: 4 },
    Column { title: "Lines", min: 9, max: 12, right: true, rank: 3 },
    Column { title: "Ago", min: 6, max: 7, right: true, rank: 6 },
];

/// Draws list and detail, or the diff alone.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    if model.hears_diff() {
        return diff::draw(model, frame, area);
    }
    let panes = layout::panes(area, model.screen, model.zoom);
    if panes.list.area() > 0 {
        list(model, frame, panes.list);
    }
    let Some((work, submission)) = model.shown_submission() else {
        paint::pane(frame, panes.detail, &model.look, "Submission", "");
        return;
    };
    let id = &work.life.assignment.improvement;
    let title = model.facts.rows.iter().find(|row| row.entry.id == *id).map_or("", |row| row.entry.title.as_str());
    let inner = paint::pane(frame, panes.detail, &model.look, &id.0, title);
    match model.review.pane {
        ReviewPane::Gates => {
            let lines = review_detail::lines(model, work, submission, inner.width);
            paint::scrolled(frame, panes.detail, &model.look, &lines, model.review.detail_offset);
        }
        ReviewPane::Diff => diff::lines(model, frame, inner, model.review.detail_offset, None),
    }
}

/// Lines of the detail: how far it can be scrolled.
pub(super) fn detail_len(model: &Model, width: u16) -> usize {
    match (model.review.pane, model.shown_submission()) {
        (ReviewPane::Gates, Some((work, submission))) => review_detail::lines(model, work, submission, width).len(),
        (ReviewPane::Diff, Some(_)) => model.facts.patch().map_or(0, |patch| patch.lines.len()),
        (_, None) => 0,
    }
}

fn list(model: &Model, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let count = model.review.order.len();
    let waits = model.facts.work.iter().filter(|work| work.stage == Stage::Review).count();
    let note = if count == 0 { String::new() } else { format!("{count}, {waits} for you") };
    let inner = paint::pane(frame, area, look, "Submissions", &note);
    if count == 0 {
        let sentences = match &model.facts.store {
            Load::Reading => vec!["Reading the store…".to_owned()],
            Load::Failed(trouble) => vec![format!("The store cannot be read: {trouble}")],
            Load::Ready => vec![
                "Nothing is handed in.".to_owned(),
                "A on an improvement of the Register gives it to an agent; what it hands in goes through the gates and comes here."
                    .to_owned(),
            ],
        };
        return paint::empty(frame, inner, look, &sentences);
    }
    let listing = Listing { columns: &COLUMNS, list: &model.review.list, count };
    rows::draw(
        model,
        frame,
        inner,
        &listing,
        |place| {
            model
                .review
                .order
                .get(place)
                .and_then(|place| model.facts.work.get(*place))
                .and_then(|work| Some((work, work.life.submission()?)))
        },
        |(work, submission), column| cell(model, work, submission, column),
    );
}

fn cell(model: &Model, work: &Work, submission: &Submission, column: usize) -> Cell {
    let look = &model.look;
    let theme = &look.theme;
    match column {
        0 => (work.life.assignment.improvement.0.clone(), theme.text.add_modifier(Modifier::BOLD)),
        1 => (work.life.assignment.agent.to_string(), theme.text),
        2 => {
            let (glyph, style) = stage(look, work.stage);
            (format!("{glyph} {}", work.stage), style)
        }
        3 => match model.facts.foresight(&submission.commit) {
            Some((place, foresight)) => {
                let (word, style) = foreseen(look, foresight);
                (format!("{}. {word}", place + 1), style)
            }
            None => (look.glyphs.none.to_owned(), theme.faint),
        },
        4 => {
            let passed = submission.gates().filter(|(_, found)| found.is_some_and(|found| found.outcome != Passed::No));
            let count = passed.count();
            let style = if count == Gate::ALL.len() { theme.good } else { theme.text };
            (format!("{count}/{}", Gate::ALL.len()), style)
        }
        5 => match work.size {
            Some((added, removed)) => (format!("+{added} −{removed}"), theme.text),
            None => (look.glyphs.none.to_owned(), theme.faint),
        },
        _ => (text::age(submission.at, model.now), theme.dim),
    }
}

/// Symbol and style of a stage; the word stands beside it always.
pub(super) fn stage(look: &Look, stage: Stage) -> (&'static str, Style) {
    let (glyphs, theme) = (look.glyphs, &look.theme);
    match stage {
        Stage::Assigned => (glyphs.pending, theme.text),
        Stage::Working => (glyphs.running, theme.good),
        Stage::Gates => (glyphs.running, theme.warn),
        Stage::Review => ("?", theme.warn),
        Stage::Approved | Stage::Merged => (glyphs.done, theme.good),
        Stage::Refused => (glyphs.failed, theme.bad),
        Stage::Lost => ("!", theme.bad),
        Stage::SentBack => (if glyphs.ascii { "<" } else { "↩" }, theme.dim),
        Stage::Ended => (glyphs.none, theme.warn),
        Stage::Withdrawn => (glyphs.failed, theme.dim),
    }
}

/// What would become of it on the train, in a word.
pub(super) fn foreseen(look: &Look, foresight: &Foresight) -> (&'static str, Style) {
    match foresight {
        Foresight::AsItIs => ("lands", look.theme.good),
        Foresight::Anew => ("retested", look.theme.text),
        Foresight::Nothing => ("is there", look.theme.dim),
        Foresight::Conflicts(_) => ("conflicts", look.theme.bad),
    }
}
