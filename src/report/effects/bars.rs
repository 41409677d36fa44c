//! Each feature's effect with its interval, the largest first.
//!
//! ```text
//!  T003  +28.4 %          │            ├──●──┤   active
//!  B002  −5.10 %       ├──○──┤                   likely
//!  I001  +0.31 %        ├─·─┤                    quiet
//!                 worse ◀ 0 ▶ better
//! ```

use super::canvas::{Canvas, cell};
use super::shown::{Glyphs, Shown, word};
use crate::lab::screen::Estimate;

/// A plot narrower than this says nothing.
const PLOT_MIN: usize = 20;

/// Columns for the change: `+28.4 %`.
const CHANGE: usize = 9;

/// Columns for the last word.
const WORD: usize = 8;

/// The bar chart, no wider than `columns` where that is possible, ending with a newline; empty where there is no effect.
pub fn bars(shown: &Shown<'_>, glyphs: Glyphs, columns: usize) -> String {
    let effects = shown.largest_first();
    if effects.is_empty() {
        return String::new();
    }
    let names = effects.iter().map(|estimate| shown.name(&estimate.term).chars().count()).max().unwrap_or_default();
    let plot = columns.saturating_sub(names + CHANGE + WORD + 4).max(PLOT_MIN);
    let scale = Scale::of(&effects);
    let line = |estimate: &&Estimate| {
        let name = shown.name(&estimate.term);
        let change = glyphs.plain(&shown.change(estimate.effect));
        let bar = bar(estimate, &scale, glyphs, plot);
        format!(" {name:names$} {change:>CHANGE$} {bar} {}\n", word(estimate.standing))
    };
    let mut text: String = effects.iter().map(line).collect();
    let (left, right) = glyphs.pick(("worse ◀ ", " ▶ better"), ("worse < ", " > better"));
    let zero = cell(scale.share(0.0), plot);
    let indent = (names + CHANGE + 3 + zero).saturating_sub(left.chars().count());
    text += &format!("{:indent$}{left}0{right}\n", "");
    text
}

fn bar(estimate: &Estimate, scale: &Scale, glyphs: Glyphs, columns: usize) -> String {
    let mut canvas = Canvas::new(columns, 1);
    let at = |effect: f64| cell(scale.share(effect), columns);
    canvas.put(at(0.0), 0, glyphs.pick('│', '|'));
    let interval = estimate.interval;
    if interval.low.is_finite() && interval.high.is_finite() {
        let (low, high) = (at(interval.low), at(interval.high));
        (low..=high).for_each(|column| canvas.put(column, 0, glyphs.pick('─', '-')));
        if (low..high).contains(&at(0.0)) {
            canvas.put(at(0.0), 0, glyphs.pick('┼', '+'));
        }
        canvas.put(low, 0, glyphs.pick('├', '['));
        canvas.put(high, 0, glyphs.pick('┤', ']'));
    }
    canvas.put(at(estimate.effect.0), 0, glyphs.mark(estimate.standing));
    let line = canvas.lines().next().unwrap_or_default();
    format!("{line:columns$}")
}

/// From the least to the greatest of all intervals and zero.
pub(super) struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    pub(super) fn of(effects: &[&Estimate]) -> Self {
        let ends =
            effects.iter().flat_map(|estimate| [estimate.interval.low, estimate.interval.high, estimate.effect.0]);
        let (low, high) = ends
            .filter(|end| end.is_finite())
            .fold((0.0_f64, 0.0_f64), |(low, high), end| (low.min(end), high.max(end)));
        let margin = 0.02 * (high - low).max(1e-9);
        Self { low: low - margin, high: high + margin }
    }

    /// How far from the left, 0 to 1.
    pub(super) fn share(&self, effect: f64) -> f64 {
        (effect - self.low) / (self.high - self.low)
    }
}
