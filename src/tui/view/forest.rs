//! The plot of pairs: one row a pair, the newest at the bottom, on a log-ratio axis.
//!
//! ```text
//!   9         │ ┊     ├──────●───┤      +398 %
//!  10         │ ┊      ├─────●─┤        +405 %      ● the pair   ├─┤ what is known after it
//!  11         │ ┊       ├───●──┤        +390 %      │ no change  ┊ what is required
//!     ────────┴─┴───────────────────
//!             0 +10 %       +400 %
//! ```
//! Read from top to bottom, the interval closes in: left of `┊` it is undecided or lost, right of it proven.
//! Right is always better: where less is better, the axis falls towards the right, and the figures are negative there.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::paint;
use crate::lab::experiment::Run;
use crate::tui::experiment::{PairDot, TrialRun};
use crate::tui::theme::Look;
use crate::units::{Change, Direction, Interval, LogRatio};

/// Columns of the pair's number and of its change.
const NUMBER_WIDTH: u16 = 5;
const CHANGE_WIDTH: u16 = 9;

/// Changes the axis may name, in percent.
const TICKS: [f64; 17] =
    [-90.0, -75.0, -50.0, -20.0, -10.0, -5.0, -2.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 400.0, 900.0, 1900.0];

/// Draws the pairs of one workload. `margins` are the lines beyond which something is decided, `tone` the style of the
/// newest interval.
pub(super) fn draw(
    frame: &mut Frame,
    area: Rect,
    look: &Look,
    trial: &TrialRun,
    better: Direction,
    margins: &[LogRatio],
    tone: Style,
) {
    let plot_width = area.width.saturating_sub(NUMBER_WIDTH + CHANGE_WIDTH);
    // A low picture spends its rows on pairs and leaves the rule out.
    let rule_rows = u16::from(area.height > 8);
    let rows = area.height.saturating_sub(1 + rule_rows);
    if plot_width < 8 || rows == 0 {
        return;
    }
    let shown = &trial.pairs[trial.pairs.len().saturating_sub(usize::from(rows))..];
    let scale = Scale::around(shown, margins, plot_width);
    for row in 0..rows {
        let pair = shown.get(usize::from(row));
        let newest = usize::from(row) + 1 == shown.len();
        let cells = cells(look, &scale, pair, margins, newest.then_some(tone));
        let (number, change) = labels(look, pair, better, newest);
        let line: Vec<Span> = std::iter::once(number).chain(cells).chain(std::iter::once(change)).collect();
        paint::line(frame, area, row, &Line::from(line));
    }
    let (rule, names) = axis(look, &scale, better, margins);
    if rule_rows > 0 {
        paint::line(frame, area, rows, &rule);
    }
    paint::line(frame, area, rows + rule_rows, &names);
}

/// From log-ratios to columns.
struct Scale {
    low: f64,
    high: f64,
    width: u16,
}

impl Scale {
    /// A scale that holds zero, the margins, every pair, and the newest interval as far as it is not much wider.
    fn around(pairs: &[PairDot], margins: &[LogRatio], width: u16) -> Self {
        let fixed = margins.iter().map(|margin| margin.0).chain([0.0]);
        let values = fixed.chain(pairs.iter().map(|pair| pair.d.0)).filter(|value| value.is_finite());
        let (low, high) = values.fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        let reach = (high - low).max(0.02);
        let newest = pairs.iter().rev().find_map(|pair| pair.bounds).unwrap_or(Interval::UNBOUNDED);
        let wider = |end: f64, limit: f64| if end.is_finite() { end.clamp(low - limit, high + limit) } else { 0.0 };
        let (low, high) = (low.min(wider(newest.low, reach * 2.0)), high.max(wider(newest.high, reach * 2.0)));
        let pad = (high - low).max(0.02) * 0.06;
        Self { low: low - pad, high: high + pad, width }
    }

    /// The columns of an interval; `None` when no part of it is in the picture.
    fn ends(&self, bounds: Interval) -> Option<Ends> {
        if bounds.high < self.low || bounds.low > self.high {
            return None;
        }
        let last = self.width.saturating_sub(1);
        let (low, high) = (self.column(bounds.low), self.column(bounds.high));
        Some(Ends {
            low: low.unwrap_or(0),
            high: high.unwrap_or(last),
            open_low: low.is_none(),
            open_high: high.is_none(),
        })
    }

    /// The column of a value; `None` when it lies outside.
    fn column(&self, value: f64) -> Option<u16> {
        let share = (value - self.low) / (self.high - self.low);
        (0.0..=1.0).contains(&share).then(|| ((share * f64::from(self.width - 1)).round() as u16).min(self.width - 1))
    }
}

/// Where an interval is drawn, and which of its ends lie beyond the picture.
struct Ends {
    low: u16,
    high: u16,
    open_low: bool,
    open_high: bool,
}

/// One row of the plot, cell by cell.
fn cells(
    look: &Look,
    scale: &Scale,
    pair: Option<&PairDot>,
    margins: &[LogRatio],
    newest: Option<Style>,
) -> Vec<Span<'static>> {
    let glyphs = &look.glyphs.plot;
    let blank = ("\u{20}", Style::new());
    let mut cells = vec![blank; usize::from(scale.width)];
    let mut put = |column: Option<u16>, symbol: &'static str, style: Style| {
        if let Some(cell) = column.and_then(|column| cells.get_mut(usize::from(column))) {
            *cell = (symbol, style);
        }
    };
    let ends = pair.and_then(|pair| pair.bounds).and_then(|bounds| scale.ends(bounds));
    let style = newest.unwrap_or(look.theme.faint);
    if let Some(ends) = &ends {
        // Open at both ends it says nothing yet: no line.
        let line = if ends.open_low && ends.open_high { 0..0 } else { ends.low..ends.high + 1 };
        line.for_each(|column| put(Some(column), glyphs.span, style));
    }
    // The lines go through the intervals: what matters is where they cross.
    let zero = scale.column(0.0);
    let closed = ends.as_ref().filter(|ends| !(ends.open_low && ends.open_high));
    let crossed = closed.is_some_and(|ends| zero.is_some_and(|zero| (ends.low..=ends.high).contains(&zero)));
    put(zero, if crossed { glyphs.crossed } else { glyphs.zero }, if crossed { style } else { look.theme.faint });
    for margin in margins {
        put(scale.column(margin.0), glyphs.margin, look.theme.warn);
    }
    if let Some(ends) = &ends {
        put(Some(ends.low), if ends.open_low { glyphs.open[0] } else { glyphs.ends[0] }, style);
        put(Some(ends.high), if ends.open_high { glyphs.open[1] } else { glyphs.ends[1] }, style);
    }
    if let Some(pair) = pair {
        let symbol = if pair.counts { glyphs.pair } else { glyphs.dropped };
        let style = if pair.counts { look.theme.arm_b } else { look.theme.dim };
        let style = if newest.is_some() { style.add_modifier(Modifier::BOLD) } else { style };
        put(scale.column(pair.d.0), symbol, style);
    }
    cells.into_iter().map(|(symbol, style)| Span::styled(symbol, style)).collect()
}

/// Number and change of a row.
fn labels(look: &Look, pair: Option<&PairDot>, better: Direction, newest: bool) -> (Span<'static>, Span<'static>) {
    let Some(pair) = pair else {
        return (Span::raw(" ".repeat(usize::from(NUMBER_WIDTH))), Span::raw(""));
    };
    let run = match pair.run {
        Run::Calibration => "a",
        Run::Decision => "",
        Run::Confirmation => "c",
    };
    let style = if newest { look.theme.text } else { look.theme.dim };
    let number = format!("{:>4} ", format!("{run}{}", u64::from(pair.index) + 1));
    let change = if pair.counts { pair.d.change(better).to_string() } else { "dropped".to_owned() };
    (Span::styled(number, style), Span::styled(format!("{change:>9}"), style))
}

/// Which part of a name stands under its value.
#[derive(Clone, Copy)]
enum Anchor {
    Start,
    Middle,
    End,
}

/// The rule under the plot and the names on it: zero, the margins, then round changes where there is room.
fn axis(look: &Look, scale: &Scale, better: Direction, margins: &[LogRatio]) -> (Line<'static>, Line<'static>) {
    let width = usize::from(scale.width);
    let mut names: Vec<(usize, String)> = Vec::new();
    let mut place = |log: f64, name: String, anchor: Anchor| {
        let (Some(column), size) = (scale.column(log).map(usize::from), name.chars().count()) else { return };
        let start = match anchor {
            Anchor::Start => column,
            Anchor::Middle => column.saturating_sub(size / 2),
            Anchor::End => (column + 1).saturating_sub(size),
        };
        let end = start + size;
        let free = names.iter().all(|(at, other)| end < *at || at + other.chars().count() < start);
        if free && end <= width + usize::from(CHANGE_WIDTH) {
            names.push((start, name));
        }
    };
    // Away from zero, so that both find room.
    for margin in margins {
        place(margin.0, round(margin.change(better)), if margin.0 < 0.0 { Anchor::End } else { Anchor::Start });
    }
    place(0.0, "0".to_owned(), Anchor::Middle);
    for percent in TICKS {
        let change = Change(percent / 100.0);
        place(LogRatio::from_change(change, better).0, round(change), Anchor::Middle);
    }
    names.sort();
    let indent = " ".repeat(usize::from(NUMBER_WIDTH));
    let mut text = indent.clone();
    for (start, name) in names {
        let used = text.chars().count() - usize::from(NUMBER_WIDTH);
        text.push_str(&" ".repeat(start.saturating_sub(used)));
        text.push_str(&name);
    }
    let rule = format!("{indent}{}", look.glyphs.plot.axis.repeat(width));
    (Line::styled(rule, look.theme.faint), Line::styled(text, look.theme.dim))
}

/// A change in whole percent, as an axis names it.
fn round(change: Change) -> String {
    let percent = change.0 * 100.0;
    let sign = if percent < 0.0 { "−" } else { "+" };
    let size = percent.abs();
    if (size - size.round()).abs() < 0.05 { format!("{sign}{size:.0} %") } else { format!("{sign}{size:.1} %") }
}
