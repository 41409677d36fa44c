//! The same three pictures as SVG, on a white sheet, so that they can be read on a dark page too.

use super::bars::Scale;
use super::half_normal::{Plot, size};
use super::shown::{Glyphs, Shown, word};
use crate::lab::screen::{Estimate, Standing, Term};
use crate::profiles::svg::{Font, Svg};

const WIDTH: f64 = 860.0;
const MARGIN: f64 = 16.0;
const ROW: f64 = 21.0;

const TITLE: Font = Font { size: 16.0, color: "#111827", bold: true };
const TEXT: Font = Font { size: 12.0, color: "#374151", bold: false };
const STRONG: Font = Font { size: 12.0, color: "#111827", bold: true };
const QUIET: Font = Font { size: 12.0, color: "#6b7280", bold: false };

/// Blue for better and red for worse, told apart by people who do not tell red from green, as in the profiles.
const BETTER: &str = "#2673b0";
const WORSE: &str = "#c8402a";
const GREY: &str = "#9ca3af";
const RULE: &str = "#d1d5db";

/// Each feature's effect with its interval, the largest first.
pub fn bars(shown: &Shown<'_>, title: &str) -> String {
    const NAME: f64 = 150.0;
    const CHANGE: f64 = 235.0;
    const WORD: f64 = 70.0;
    let effects = shown.largest_first();
    let scale = Scale::of(&effects);
    let (left, width) = (CHANGE + 16.0, WIDTH - CHANGE - 16.0 - WORD - MARGIN);
    let x = |effect: f64| left + scale.share(effect) * width;
    let mut page = Page::titled(title);
    let top = page.y + 8.0;
    let bottom = top + ROW * effects.len() as f64;
    page.svg.line([x(0.0), top, x(0.0), bottom + 4.0], GREY, 1.0, false);
    for (at, estimate) in effects.iter().enumerate() {
        let y = top + ROW * (at as f64 + 0.5);
        let color = color(estimate);
        let font = if estimate.standing == Standing::Quiet { QUIET } else { STRONG };
        page.svg.text_before(NAME, y + 4.0, font, &shown.name(&estimate.term));
        page.svg.text_before(CHANGE, y + 4.0, font, &shown.change(estimate.effect));
        let interval = estimate.interval;
        if interval.low.is_finite() && interval.high.is_finite() {
            page.svg.line([x(interval.low), y, x(interval.high), y], color, 2.0, false);
            for end in [interval.low, interval.high] {
                page.svg.line([x(end), y - 4.0, x(end), y + 4.0], color, 2.0, false);
            }
        }
        page.spot([x(estimate.effect.0), y], Some(estimate.standing), color, &shown.told(estimate));
        page.svg.text(WIDTH - WORD - MARGIN + 12.0, y + 4.0, font, word(estimate.standing));
    }
    page.svg.text_before(x(0.0) - 10.0, bottom + 18.0, QUIET, "← worse");
    page.svg.text(x(0.0) + 10.0, bottom + 18.0, QUIET, "better →");
    page.svg.finish(WIDTH, bottom + 18.0 + MARGIN)
}

/// Which contrasts rise off the line that noise lies on.
pub fn half_normal(shown: &Shown<'_>, title: &str) -> String {
    const LEFT: f64 = 90.0;
    const HEIGHT: f64 = 400.0;
    let plot = Plot::of(shown);
    let mut page = Page::titled(title);
    let (top, width) = (page.y + 12.0, WIDTH - LEFT - MARGIN);
    let x = |quantile: f64| LEFT + quantile / plot.quantile_max * width;
    let y = |size: f64| top + HEIGHT - size / plot.size_max * HEIGHT;
    page.svg.line([LEFT, top, LEFT, top + HEIGHT], GREY, 1.0, false);
    page.svg.line([LEFT, top + HEIGHT, LEFT + width, top + HEIGHT], GREY, 1.0, false);
    page.svg.text_before(LEFT - 8.0, top + HEIGHT + 4.0, QUIET, "0");
    page.svg.text_before(LEFT - 8.0, top + 4.0, QUIET, &size(plot.size_max));
    for (name, margin) in plot.margins() {
        page.svg.line([LEFT, y(margin), LEFT + width, y(margin)], RULE, 1.5, true);
        page.svg.text(LEFT + 6.0, y(margin) - 4.0, QUIET, &format!("{name}: {}", size(margin)));
    }
    if let Some(lenth) = plot.lenth {
        // To the edge that the line meets first.
        let end = plot.quantile_max.min(plot.size_max / lenth.pse.0);
        page.svg.line([x(0.0), y(0.0), x(end), y(end * lenth.pse.0)], GREY, 1.5, false);
    }
    for spot in &plot.spots {
        let at = [x(spot.quantile), y(spot.size)];
        let estimate = shown.effects.estimates.iter().find(|estimate| shown.name(&estimate.term) == spot.name);
        let color = estimate.map_or(GREY, color);
        let tooltip = estimate.map_or_else(|| spot.name.clone(), |estimate| shown.told(estimate));
        page.spot(at, spot.standing, color, &tooltip);
        if spot.standing.is_some_and(|standing| standing != Standing::Quiet) {
            page.svg.text_before(at[0] - 10.0, at[1] + 4.0, STRONG, &spot.name);
        }
    }
    let axis =
        "size of the contrast, against the quantile that noise of its rank would have; the line is noise (Lenth)";
    page.svg.text(LEFT, top + HEIGHT + 22.0, QUIET, axis);
    page.svg.finish(WIDTH, top + HEIGHT + 22.0 + MARGIN)
}

/// What two features do together beyond the sum of what each does; on the diagonal, what each does.
pub fn matrix(shown: &Shown<'_>, title: &str) -> String {
    const LEFT: f64 = 110.0;
    const CELL: f64 = 118.0;
    const HEIGHT: f64 = 38.0;
    let factors = shown.factors();
    let mut page = Page::titled(title);
    let top = page.y + 26.0;
    for (column, &factor) in factors.iter().enumerate() {
        page.svg.text(LEFT + CELL * column as f64 + 8.0, top - 8.0, STRONG, &shown.names[factor]);
    }
    for (row, &one) in factors.iter().enumerate() {
        let y = top + HEIGHT * row as f64;
        page.svg.text_before(LEFT - 10.0, y + 23.0, STRONG, &shown.names[one]);
        for (column, &other) in factors.iter().enumerate() {
            let term = if one == other { Term::main(one) } else { Term::pair(one, other) };
            let place = [LEFT + CELL * column as f64, y, CELL - 3.0, HEIGHT - 3.0];
            let Some(estimate) = shown.effects.of(&term) else {
                page.svg.labelled(place, "#f3f4f6", "not known", TEXT, "–");
                continue;
            };
            let change = shown.change(estimate.effect);
            let (fill, label) = if one == other {
                ("#ffffff".to_owned(), change)
            } else {
                (pale(estimate), format!("{} {change}", Glyphs::Unicode.together(estimate)).trim().to_owned())
            };
            page.svg.labelled(place, &fill, &shown.told(estimate), TEXT, &label);
        }
    }
    let bottom = top + HEIGHT * factors.len() as f64 + 18.0;
    page.svg.text(LEFT, bottom, QUIET, "diagonal: on against off; ▲ synergy ▼ conflict △ ▽ likely");
    page.svg.finish((LEFT + CELL * factors.len() as f64 + MARGIN).max(640.0), bottom + MARGIN)
}

struct Page {
    svg: Svg,
    y: f64,
}

impl Page {
    fn titled(title: &str) -> Self {
        let mut svg = Svg::default();
        let y = MARGIN + TITLE.size;
        svg.text(MARGIN, y, TITLE, title);
        Self { svg, y }
    }

    /// Filled, hollow or small: active, likely or quiet. A spare column is a small square.
    fn spot(&mut self, [x, y]: [f64; 2], standing: Option<Standing>, color: &str, tooltip: &str) {
        match standing {
            Some(Standing::Active) => self.svg.disc([x, y, 5.5], color, false, tooltip),
            Some(Standing::Likely) => self.svg.disc([x, y, 5.5], color, true, tooltip),
            Some(Standing::Quiet) => self.svg.disc([x, y, 2.5], color, false, tooltip),
            None => self.svg.rect([x - 3.0, y - 3.0, 6.0, 6.0], color),
        }
    }
}

fn color(estimate: &Estimate) -> &'static str {
    match estimate.standing {
        Standing::Quiet => GREY,
        Standing::Active | Standing::Likely if estimate.effect.0 < 0.0 => WORSE,
        Standing::Active | Standing::Likely => BETTER,
    }
}

/// A cell's ground: strong where the interaction is active, faint where it is likely.
fn pale(estimate: &Estimate) -> String {
    let is_synergy = estimate.effect.0 > 0.0;
    match (estimate.standing, is_synergy) {
        (Standing::Quiet, _) => "#f3f4f6",
        (Standing::Likely, true) => "#dbeafa",
        (Standing::Likely, false) => "#fbe3dc",
        (Standing::Active, true) => "#9cc7ea",
        (Standing::Active, false) => "#f0a896",
    }
    .to_owned()
}
