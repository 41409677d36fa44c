//! Figures over time as intervals on one scale.

use std::fmt::Write;

use super::{Change, Line};
use crate::units::Interval;

/// Columns of the scale.
const WIDTH: usize = 48;

struct Glyphs {
    bar: char,
    low: char,
    high: char,
    open_low: char,
    open_high: char,
    dot: char,
    zero: char,
}

const UNICODE: Glyphs =
    Glyphs { bar: '─', low: '├', high: '┤', open_low: '◂', open_high: '▸', dot: '●', zero: '┊' };
const ASCII: Glyphs = Glyphs { bar: '-', low: '[', high: ']', open_low: '<', open_high: '>', dot: 'o', zero: ':' };

/// One row for each line, the log scale from left (worse) to right (better), the zero marked.
pub(super) fn draw(lines: &[&Line], changes: &[Change], ascii: bool) -> String {
    let glyphs = if ascii { ASCII } else { UNICODE };
    let known = lines.iter().filter_map(|line| line.standing);
    let ends: Vec<f64> = known
        .flat_map(|standing| [standing.bounds.low, standing.bounds.high, standing.estimate.0])
        .filter(|end| end.is_finite())
        .chain([0.0])
        .collect();
    let (low, high) = (ends.iter().copied().fold(0.0, f64::min), ends.iter().copied().fold(0.0, f64::max));
    let scale = Scale { low, span: (high - low).max(1e-9) };
    let mut text = String::new();
    for line in lines {
        if let Some(change) = changes.iter().find(|change| change.experiment == line.experiment) {
            let arrow = if ascii { "->" } else { "→" };
            let _ = writeln!(text, " changed here: {} {arrow} {} (p = {:.3})", change.before, change.after, change.p);
        }
        let Some(standing) = line.standing else { continue };
        let row = scale.row(standing.bounds, standing.estimate.0, &glyphs);
        let told = standing.effect(line.better).estimate.to_string();
        let day = line.at.strftime("%Y-%m-%d");
        let _ = writeln!(text, " {day} {row} {}", if ascii { told.replace('−', "-") } else { told });
    }
    if ascii { text.replace('−', "-") } else { text }
}

struct Scale {
    low: f64,
    span: f64,
}

impl Scale {
    fn column(&self, value: f64) -> usize {
        let share = ((value - self.low) / self.span).clamp(0.0, 1.0);
        (share * (WIDTH - 1) as f64).round() as usize
    }

    fn row(&self, bounds: Interval, estimate: f64, glyphs: &Glyphs) -> String {
        let mut cells = vec![' '; WIDTH];
        cells[self.column(0.0)] = glyphs.zero;
        let end = |end: f64, open: usize| if end.is_finite() { self.column(end) } else { open };
        let (from, to) = (end(bounds.low, 0), end(bounds.high, WIDTH - 1));
        cells[from..=to].fill(glyphs.bar);
        cells[from] = if bounds.low.is_finite() { glyphs.low } else { glyphs.open_low };
        cells[to] = if bounds.high.is_finite() { glyphs.high } else { glyphs.open_high };
        cells[self.column(estimate)] = glyphs.dot;
        cells.into_iter().collect()
    }
}
