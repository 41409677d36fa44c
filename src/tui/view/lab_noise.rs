//! The noise of this machine: each workload's calibrations as a control chart.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;

use super::grid::{Cell, Column};
use super::paint::{self, field, heading};
use super::rows::{self, Listing};
use crate::lab::calibration::SCALE_FACTOR;
use crate::report::control_chart::control_chart;
use crate::tui::facts::NoiseSeries;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;

const COLUMNS: [Column; 4] = [
    Column { title: "Workload", min: 14, max: 60, right: false, rank: 0 },
    Column { title: "Noise", min: 8, max: 9, right: true, rank: 1 },
    Column { title: "Times", min: 5, max: 5, right: true, rank: 3 },
    Column { title: "Control", min: 10, max: 12, right: false, rank: 2 },
];

/// Columns of a line's time, and of its time with its noise.
const WHEN_WIDTH: usize = 17;
const NOISE_WIDTH: usize = 54;

/// Draws list and chart.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let panes = layout::panes(area, model.screen, model.zoom);
    if panes.list.area() > 0 {
        list(model, frame, panes.list);
    }
    let title = model.noise().get(model.lab.noise.selected).map_or("Control chart", |series| series.name.as_str());
    let inner = paint::pane(frame, panes.detail, look, title, "");
    paint::scrolled(frame, panes.detail, look, &lines(model, inner.width), model.lab.detail_offset);
}

fn list(model: &Model, frame: &mut Frame, area: Rect) {
    let look = &model.look;
    let all = model.noise();
    let inner = paint::pane(frame, area, look, "Noise of this machine", "v: experiments");
    if all.is_empty() {
        let sentence = match &model.facts.lab.noise {
            None => "Reading the calibrations…".to_owned(),
            Some(Ok(_)) => "Nothing is calibrated on this machine yet: `workbench calibrate`.".to_owned(),
            Some(Err(trouble)) => format!("The calibrations cannot be read: {trouble}"),
        };
        return paint::empty(frame, inner, look, &[sentence]);
    }
    let listing = Listing { columns: &COLUMNS, list: &model.lab.noise, count: all.len() };
    rows::draw(model, frame, inner, &listing, |place| all.get(place), |series, column| cell(model, series, column));
}

fn cell(model: &Model, series: &NoiseSeries, column: usize) -> Cell {
    let (glyphs, theme) = (model.look.glyphs, &model.look.theme);
    match column {
        0 => (series.name.clone(), theme.text.add_modifier(Modifier::BOLD)),
        1 => {
            let last = series.points.last().map(|point| point.scale.gain().0 * 100.0);
            (last.map_or(glyphs.none.to_owned(), |noise| format!("{noise:.2} %")), theme.text)
        }
        2 => (series.points.len().to_string(), theme.dim),
        _ if series.in_control => (format!("{} holds", glyphs.done), theme.good),
        _ => (format!("{} moved", glyphs.failed), theme.bad),
    }
}

/// The selected workload as lines of that width.
pub(super) fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let Some(series) = model.noise().get(model.lab.noise.selected) else { return Vec::new() };
    let mut lines = vec![heading(look, &format!("Noise of {}, and the arm against itself", series.metric))];
    let says = if series.in_control {
        format!(
            "The last scale is within a factor of {SCALE_FACTOR} of the one before it, and an arm does not differ from itself."
        )
    } else {
        format!(
            "The last scale left the factor of {SCALE_FACTOR} around the one before it, or an arm differs from itself: calibrate again before a verdict is trusted."
        )
    };
    let style = if series.in_control { look.theme.dim } else { look.theme.bad };
    lines.extend(text::wrap(&says, width.into()).into_iter().map(|part| Line::styled(part, style)));
    lines.push(Line::default());
    lines.extend(chart(model, series, width));
    lines.push(Line::default());
    let facts = &model.facts.machine;
    let told = |value: Option<f64>| value.map_or("not told here".to_owned(), |value| format!("{value:.1} %"));
    let lease = facts.lease.as_ref().map_or("free".to_owned(), |lease| lease.purpose.clone());
    let load = facts.load.map_or("not told here".to_owned(), |load| format!("{load:.2} on {} cores", facts.cores));
    lines.push(heading(look, "Machine now"));
    lines.extend(field(look, "lease", &lease, look.theme.text, width));
    lines.extend(field(look, "load", &load, look.theme.text, width));
    let pressure = format!("CPU {}, I/O {}", told(facts.cpu_pressure), told(facts.io_pressure));
    lines.extend(field(look, "pressure", &pressure, look.theme.text, width));
    lines
}

/// The control chart; where there is no room for both of its strips side by side, one below the other.
fn chart(model: &Model, series: &NoiseSeries, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let text = control_chart(&series.points, SCALE_FACTOR);
    let parts: Vec<[String; 2]> = text
        .lines()
        .map(|line| {
            let (noise, drift) = (line.chars().take(NOISE_WIDTH).collect(), line.chars().skip(NOISE_WIDTH).collect());
            [noise, drift]
        })
        .collect();
    let style = |place: usize| match series.points.get(place) {
        Some(point) if point.biased => look.theme.bad,
        Some(_) | None => look.theme.text,
    };
    let beside = parts.iter().all(|[noise, drift]| text::width(noise) + text::width(drift) <= usize::from(width));
    let mut lines = vec![Line::styled(" when                 noise        s/1.5   s   s*1.5", look.theme.dim)];
    for (place, [noise, drift]) in parts.iter().enumerate() {
        let drift = if beside { drift.as_str() } else { "" };
        lines.push(Line::styled(format!("{noise}{drift}"), style(place)));
    }
    if !beside {
        lines.push(Line::styled(" when                 an arm against itself", look.theme.dim));
        for (place, [noise, drift]) in parts.iter().enumerate() {
            let when: String = noise.chars().take(WHEN_WIDTH).collect();
            lines.push(Line::styled(format!("{when}{drift}"), style(place)));
        }
    }
    lines
}
