//! The Register: every improvement, its claim beside its measurement.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::grid::{Cell, Column, Grid};
use super::{paint, register_detail};
use crate::lab::experiment::Verdict;
use crate::tui::facts::{Load, Row};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;

/// Columns before the table, for cursor and mark.
const GUTTER: u16 = 2;

const COLUMNS: [Column; 8] = [
    Column { title: "ID", min: 5, max: 6, right: false, rank: 0 },
    Column { title: "Improvement", min: 14, max: 50, right: false, rank: 1 },
    Column { title: "Category", min: 11, max: 15, right: false, rank: 7 },
    Column { title: "Status", min: 13, max: 13, right: false, rank: 2 },
    Column { title: "Agent", min: 5, max: 7, right: false, rank: 6 },
    Column { title: "Claim", min: 7, max: 9, right: true, rank: 5 },
    Column { title: "Measured", min: 8, max: 9, right: true, rank: 3 },
    Column { title: "Verdict", min: 11, max: 14, right: false, rank: 4 },
];
const VERDICT: usize = 7;

/// Draws list and detail.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let panes = layout::panes(area, model.screen, model.zoom);
    if panes.list.area() > 0 {
        list(model, frame, panes.list);
    }
    register_detail::draw(model, frame, panes.detail);
}

fn list(model: &Model, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let (shown, all) = (model.register.visible.len(), model.facts.rows.len());
    let mut note = if shown == all { all.to_string() } else { format!("{shown} of {all}") };
    if !model.register.marks.is_empty() {
        note.push_str(&format!(" {} {} marked", look.glyphs.dot, model.register.marks.len()));
    }
    let inner = paint::pane(frame, area, look, "Register", &note);
    if model.register.shows_filter_line() {
        paint::line(frame, inner, 0, &filter_line(model));
    }
    let rows = layout::list_rows(model);
    if let Some(sentences) = nothing_to_show(model) {
        return paint::empty(
            frame,
            Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner },
            look,
            &sentences,
        );
    }
    let grid = Grid::fit(&COLUMNS, inner.width.saturating_sub(GUTTER));
    let sorted = Some((model.register.sort.name(), model.register.descending));
    let mut head = grid.header(look, sorted);
    head.spans.insert(0, Span::raw("  "));
    let heading = Rect { y: rows.y.saturating_sub(1), height: 1, ..inner };
    paint::line(frame, heading, 0, &head);
    let window = model.register.list.window(shown, usize::from(rows.height));
    for (row, place) in (0..rows.height).zip(window) {
        let Some(entry) = model.register.visible.get(place).and_then(|index| model.facts.rows.get(*index)) else {
            continue;
        };
        let selected = place == model.register.list.selected;
        let mut line = grid.row(look, |column| cell(model, entry, column, &grid));
        line.spans.insert(0, gutter(model, entry, selected));
        paint::line(frame, rows, row, &line);
        if selected {
            paint::highlight(frame, rows, row, look.theme.selected);
        }
    }
}

/// Cursor and mark.
fn gutter(model: &Model, row: &Row, selected: bool) -> Span<'static> {
    let glyphs = model.look.glyphs;
    if model.register.marks.contains(&row.entry.id) {
        Span::styled(format!("{} ", glyphs.mark), model.look.theme.warn)
    } else if selected {
        Span::styled(format!("{} ", glyphs.cursor), model.look.theme.accent)
    } else {
        Span::raw("  ")
    }
}

fn cell(model: &Model, row: &Row, column: usize, grid: &Grid) -> Cell {
    let look = &model.look;
    let theme = &look.theme;
    let none = || (look.glyphs.none.to_owned(), theme.faint);
    match column {
        0 => (row.entry.id.0.clone(), theme.text.add_modifier(Modifier::BOLD)),
        1 => (row.entry.title.clone(), theme.text),
        2 => (row.entry.category.0.clone(), theme.dim),
        3 => {
            let (glyph, style) = look.status(row.progress.status);
            let forced = if row.progress.forced { "!" } else { "" };
            (format!("{glyph} {}{forced}", row.progress.status), style)
        }
        4 => (row.agents(), theme.dim),
        5 => row.claimed().map_or_else(none, |claim| (claim.to_owned(), theme.dim)),
        6 => match &row.progress.measured {
            Some(measured) => {
                let change = measured.standing.estimate.change(measured.better);
                let style = match row.verdict() {
                    Some(verdict) => look.verdict(verdict).1,
                    None => theme.text,
                };
                (change.to_string(), style)
            }
            None => none(),
        },
        VERDICT => verdict_cell(model, row, grid),
        _ => none(),
    }
}

/// The verdict; while it is being measured, that; where nothing can be measured yet, that.
fn verdict_cell(model: &Model, row: &Row, grid: &Grid) -> Cell {
    let look = &model.look;
    let measuring =
        model.facts.running.as_ref().is_some_and(|running| running.plan.question.improvement() == Some(&row.entry.id));
    if measuring {
        return (format!("{} measuring", look.glyphs.running), look.theme.warn);
    }
    match row.verdict() {
        Some(verdict) => {
            let (glyph, style) = look.verdict(verdict);
            let room = grid.width(VERDICT).unwrap_or(0);
            let word = match verdict {
                Verdict::Inconclusive if room < 14 => "INCONCL.".to_owned(),
                _ => verdict.to_string(),
            };
            (format!("{glyph} {word}"), style)
        }
        None if row.entry.variants.is_none() => ("no variant".to_owned(), look.theme.faint),
        None => (look.glyphs.none.to_owned(), look.theme.faint),
    }
}

fn filter_line(model: &Model) -> Line<'static> {
    let theme = &model.look.theme;
    let mut spans = vec![Span::styled("/", theme.accent)];
    match &model.register.editing {
        Some(input) => spans.extend(paint::field_being_typed(&model.look, input)),
        None => spans.push(Span::styled(model.register.filter_text.clone(), theme.text)),
    }
    if let Some(trouble) = &model.register.filter.trouble {
        spans.push(Span::styled(format!("  {trouble}"), theme.bad));
    } else if model.register.filter.is_empty() {
        spans.push(Span::styled(" status:blocked agent:1 gain>10 words", theme.faint));
    }
    Line::from(spans)
}

/// Why the table is empty, and what to do.
fn nothing_to_show(model: &Model) -> Option<Vec<String>> {
    if !model.register.visible.is_empty() {
        return None;
    }
    Some(match &model.facts.register {
        Load::Reading => vec!["Reading the register…".to_owned()],
        Load::Failed(trouble) => {
            let lines = trouble.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned);
            std::iter::once("The register cannot be read:".to_owned()).chain(lines).collect()
        }
        Load::Ready if model.facts.rows.is_empty() => {
            vec!["The register is empty: improvements/*.yaml holds no entry.".to_owned()]
        }
        Load::Ready => {
            let filter = text::fit(&model.register.filter_text, 40, model.look.glyphs.ellipsis).into_owned();
            vec![format!("Nothing passes the filter {filter}."), "Esc drops it.".to_owned()]
        }
    })
}
