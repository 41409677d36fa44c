//! The half-normal plot: noise lies on a line through the origin, what acts rises off it.
//!
//! Sources: Daniel 1959 (the plot); Lenth 1989 (the line's slope and both margins).

use super::canvas::{Canvas, cell};
use super::shown::{Glyphs, Shown};
use crate::lab::screen::{HalfNormal, Lenth, Standing, half_normal as points_of};
use crate::units::{Direction, LogRatio};

/// Columns for the sizes at the left.
const SIZES: usize = 9;

/// A plot smaller than this says nothing.
const COLUMNS_MIN: usize = 24;
const ROWS_MIN: usize = 6;

/// A contrast of the plot: of a term, or of a spare column, which is noise by construction.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) quantile: f64,
    pub(super) size: f64,
    /// `None` for a spare column.
    pub(super) standing: Option<Standing>,
    pub(super) name: String,
}

/// Everything on the plot, and how far its axes go.
#[derive(Debug)]
pub(super) struct Plot {
    pub(super) spots: Vec<Spot>,
    pub(super) lenth: Option<Lenth>,
    pub(super) quantile_max: f64,
    pub(super) size_max: f64,
}

impl Plot {
    pub(super) fn of(shown: &Shown<'_>) -> Self {
        let effects = shown.effects;
        let contrasts: Vec<f64> = effects
            .estimates
            .iter()
            .map(|estimate| estimate.contrast.0)
            .chain(effects.spare.iter().map(|contrast| contrast.0))
            .collect();
        let spot = |point: HalfNormal| {
            let estimate = effects.estimates.get(point.index);
            Spot {
                quantile: point.quantile,
                size: point.size.0,
                standing: estimate.map(|estimate| estimate.standing),
                name: estimate.map_or_else(|| "spare column".to_owned(), |estimate| shown.name(&estimate.term)),
            }
        };
        let spots: Vec<Spot> = points_of(&contrasts).into_iter().map(spot).collect();
        let largest = |of: fn(&Spot) -> f64| spots.iter().map(of).fold(0.0, f64::max);
        let (quantile_max, size_max) = (largest(|spot| spot.quantile), largest(|spot| spot.size));
        let size_max = size_max.max(effects.lenth.map_or(0.0, |lenth| lenth.margin.0));
        Self {
            spots,
            lenth: effects.lenth,
            quantile_max: 1.08 * quantile_max.max(1e-9),
            size_max: 1.08 * size_max.max(1e-9),
        }
    }

    /// The margins that lie on the plot, with their names.
    pub(super) fn margins(&self) -> Vec<(&'static str, f64)> {
        let margins =
            |lenth: Lenth| [("Lenth's margin", lenth.margin.0), ("Lenth's margin of all", lenth.simultaneous.0)];
        let all = self.lenth.map_or_else(Vec::new, |lenth| margins(lenth).to_vec());
        all.into_iter().filter(|(_, size)| *size <= self.size_max).collect()
    }
}

/// A size on the log scale as a change: what a contrast of either sign is at least.
pub(super) fn size(size: f64) -> String {
    LogRatio(size).change(Direction::Higher).to_string().trim_start_matches('+').to_owned()
}

/// The plot in at most `columns` by `rows` characters, ending with a newline; empty where there is no contrast.
pub fn half_normal(shown: &Shown<'_>, glyphs: Glyphs, columns: usize, rows: usize) -> String {
    let plot = Plot::of(shown);
    if plot.spots.is_empty() {
        return String::new();
    }
    let (width, height) = (columns.saturating_sub(SIZES + 3).max(COLUMNS_MIN), rows.saturating_sub(2).max(ROWS_MIN));
    let column = |quantile: f64| cell(quantile / plot.quantile_max, width);
    let row = |size: f64| height - 1 - cell(size / plot.size_max, height);
    let (noise, margin) = (glyphs.pick('⋅', '.'), glyphs.pick('┄', '-'));

    let mut canvas = Canvas::new(width, height);
    let mut sizes = vec![String::new(); height];
    for (_, at) in plot.margins() {
        (0..width).for_each(|column| canvas.put(column, row(at), margin));
        sizes[row(at)] = size(at);
    }
    if let Some(lenth) = plot.lenth {
        let quantiles = (0..width).map(|column| (column as f64 + 0.5) / width as f64 * plot.quantile_max);
        let line = quantiles.enumerate().map(|(column, quantile)| (column, quantile * lenth.pse.0));
        line.filter(|(_, size)| *size < plot.size_max).for_each(|(column, size)| canvas.put(column, row(size), noise));
    }
    for spot in &plot.spots {
        let mark = spot.standing.map_or(glyphs.pick('×', 'x'), |standing| glyphs.mark(standing));
        canvas.put(column(spot.quantile), row(spot.size), mark);
    }
    // The largest first: where two names do not fit, the more important one is written.
    for spot in plot.spots.iter().rev().filter(|spot| spot.standing.is_some_and(|s| s != Standing::Quiet)) {
        let (name, at) = (glyphs.plain(&spot.name), column(spot.quantile));
        let before = at.checked_sub(name.chars().count() + 1);
        let free = |canvas: &mut Canvas, from| canvas.write_if_free(from, row(spot.size), &name, &[noise, margin]);
        let _ = free(&mut canvas, at + 2) || before.is_some_and(|from| free(&mut canvas, from));
    }
    if sizes[0].is_empty() {
        sizes[0] = size(plot.size_max);
    }
    let edge = glyphs.pick('│', '|');
    let mut text: String = canvas
        .lines()
        .zip(&sizes)
        .map(|(line, size)| format!("{size:>SIZES$} {edge}{line}").trim_end().to_owned() + "\n")
        .collect();
    let corner = glyphs.pick('└', '+');
    text += &format!("{:>SIZES$} {corner}{}\n", "0", glyphs.pick('─', '-').to_string().repeat(width));
    text += &format!("{:SIZES$}  {}\n", "", legend(glyphs));
    text
}

fn legend(glyphs: Glyphs) -> String {
    let mark = |standing| glyphs.mark(standing);
    format!(
        "size against half-normal quantile: {} active {} likely {} quiet {} spare column {} noise",
        mark(Standing::Active),
        mark(Standing::Likely),
        mark(Standing::Quiet),
        glyphs.pick('×', 'x'),
        glyphs.pick('⋅', '.')
    )
}
