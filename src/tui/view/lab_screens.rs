//! Screens: many improvements at once, their effects, and how they go together.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use super::grid::{Cell, Column};
use super::paint::{self, field, heading};
use super::rows::{self, Listing};
use crate::lab::screen::Effects;
use crate::lab::screen::facts::Purpose;
use crate::report::effects::{Glyphs, Shown, bars, half_normal, matrix};
use crate::report::screen::Findings;
use crate::tui::facts::{BuildState, ScreenFacts, ScreenRow};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;

const COLUMNS: [Column; 5] = [
    Column { title: "No.", min: 3, max: 4, right: true, rank: 3 },
    Column { title: "Asks", min: 8, max: 11, right: false, rank: 1 },
    Column { title: "Ago", min: 6, max: 7, right: true, rank: 2 },
    Column { title: "Of", min: 14, max: 24, right: false, rank: 4 },
    Column { title: "Found", min: 14, max: 80, right: false, rank: 0 },
];

/// The heading of the bars.
const EFFECTS: &str = "Effects, the largest first";

/// Rows of the half-normal plot.
const PLOT_ROWS: usize = 14;

/// Draws list and detail.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let panes = layout::panes(area, model.screen, model.zoom);
    if panes.list.area() > 0 {
        list(model, frame, panes.list);
    }
    let selected = model.screens().get(model.lab.screens.selected);
    let title = selected.map_or_else(|| "Screen".to_owned(), |row| format!("Screen {}", row.id.0));
    let inner = paint::pane(frame, panes.detail, look, &title, "");
    paint::scrolled(frame, panes.detail, look, &lines(model, inner.width), model.lab.detail_offset);
}

fn list(model: &Model, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let all = model.screens();
    let inner = paint::pane(frame, area, look, "Screens", &format!("{}; v: noise", all.len()));
    if all.is_empty() {
        let sentence = match &model.facts.lab.screens {
            None => "Reading the screens…".to_owned(),
            Some(Ok(_)) => {
                "No screen yet. `workbench screen` measures all improvements in few builds; `workbench interact ID ID` every combination of some."
                    .to_owned()
            }
            Some(Err(trouble)) => format!("The screens cannot be read: {trouble}"),
        };
        return paint::empty(frame, inner, look, &[sentence]);
    }
    let listing = Listing { columns: &COLUMNS, list: &model.lab.screens, count: all.len() };
    rows::draw(model, frame, inner, &listing, |place| all.get(place), |screen, column| cell(model, screen, column));
}

fn cell(model: &Model, screen: &ScreenRow, column: usize) -> Cell {
    let (glyphs, theme) = (model.look.glyphs, &model.look.theme);
    match column {
        0 => (screen.id.0.to_string(), theme.dim),
        1 => {
            let asks = match screen.purpose {
                Purpose::Screening => "effects",
                Purpose::Interaction => "together",
            };
            (asks.to_owned(), theme.text.add_modifier(Modifier::BOLD))
        }
        2 => (text::age(screen.at, model.now), theme.dim),
        3 => {
            let ids: Vec<&str> = screen.improvements.iter().map(|id| id.0.as_str()).collect();
            let of = if ids.len() > 4 { format!("{} of them", ids.len()) } else { ids.join(" ") };
            (of, theme.text)
        }
        _ if screen.running => (format!("{} {}", glyphs.running, screen.told), theme.warn),
        _ => (screen.told.clone(), theme.text),
    }
}

/// The selected screen as lines of that width.
pub(super) fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let Some(row) = model.screens().get(model.lab.screens.selected) else { return Vec::new() };
    let facts = match &model.facts.lab.screen {
        Some((id, Ok(facts))) if *id == row.id => facts,
        Some((id, Err(trouble))) if *id == row.id => return vec![Line::styled(trouble.clone(), look.theme.bad)],
        Some(_) | None => return vec![Line::styled("working out what its rows say…", look.theme.dim)],
    };
    let mut lines = builds(model, facts, width);
    match &facts.found {
        Some((found, effects)) => lines.extend(findings(model, facts, found, effects, width)),
        None => lines.push(Line::styled("nothing is laid out yet", look.theme.dim)),
    }
    lines
}

/// The build queue: how much of it is done, what is lost, what comes next.
fn builds(model: &Model, facts: &ScreenFacts, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let ready = facts.builds.iter().filter(|build| matches!(build.state, BuildState::Ready { .. })).count();
    let cached = facts.builds.iter().filter(|build| build.state == BuildState::Ready { cached: true }).count();
    let (pairs, wanted) = facts.pairs;
    let words = format!("{ready}/{} ready, {cached} from the cache; {pairs}/{wanted} pairs", facts.builds.len());
    let mut lines = field(look, "builds", &words, look.theme.text, width);
    if let Some(next) = facts.builds.iter().find(|build| build.state == BuildState::Waits) {
        let waits = facts.builds.iter().filter(|build| build.state == BuildState::Waits).count();
        let words = match waits {
            1 => format!("{}, the last one", next.features),
            _ => format!("{}, then {} more", next.features, waits - 1),
        };
        lines.extend(field(look, "next", &words, look.theme.warn, width));
    }
    for build in &facts.builds {
        if let BuildState::Lost(why) = &build.state {
            lines.extend(field(look, "lost", &format!("{}: {why}", build.features), look.theme.bad, width));
        }
    }
    lines.push(Line::default());
    lines
}

fn findings(model: &Model, facts: &ScreenFacts, found: &Findings, effects: &Effects, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let shown = Shown { effects, names: &facts.names, better: found.better };
    let glyphs = if look.glyphs.ascii { Glyphs::Ascii } else { Glyphs::Unicode };
    let columns = usize::from(width);
    let mut lines: Vec<Line> =
        text::wrap(&found.told, columns).into_iter().map(|part| Line::styled(part, look.theme.title)).collect();
    let pictures = [
        (EFFECTS, bars(&shown, glyphs, columns)),
        ("Together: what two do beyond what each does", matrix(&shown, glyphs)),
        ("Half-normal plot: noise lies on the line", half_normal(&shown, glyphs, columns, PLOT_ROWS)),
    ];
    for (title, picture) in pictures.into_iter().filter(|(_, picture)| !picture.is_empty()) {
        lines.push(Line::default());
        lines.push(heading(look, title));
        let line = |line: &str| {
            let style = if title == EFFECTS { style(model, line) } else { look.theme.text };
            Line::styled(text::fit(line, columns, look.glyphs.ellipsis).into_owned(), style)
        };
        lines.extend(picture.lines().map(line));
    }
    lines.push(Line::default());
    lines.push(heading(look, "Rests on"));
    for (name, words) in found.grounds() {
        let words = format!("{name}: {words}");
        lines.extend(text::wrap(&words, columns).into_iter().map(|part| Line::styled(part, look.theme.dim)));
    }
    if !found.next.is_empty() {
        lines.push(Line::default());
        lines.push(heading(look, "Next: pairs decide"));
        lines.extend(found.next.iter().map(|command| Line::styled(format!("$ {command}"), look.theme.accent)));
    }
    lines
}

/// The word at the end of a bar says how sure it is; the style repeats it.
fn style(model: &Model, line: &str) -> Style {
    let theme = &model.look.theme;
    if line.ends_with(" active") {
        theme.accent.add_modifier(Modifier::BOLD)
    } else if line.ends_with(" likely") {
        theme.warn
    } else if line.ends_with(" quiet") {
        theme.dim
    } else {
        theme.text
    }
}
