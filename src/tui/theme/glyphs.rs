//! Symbols by role, for terminals that know Unicode and for those that do not.

use ratatui::symbols::border;

/// Symbols by role.
#[derive(Debug)]
pub struct Glyphs {
    /// Whether only ASCII may be used.
    pub ascii: bool,
    /// Stands for what was cut.
    pub ellipsis: &'static str,
    /// Before the selected row.
    pub cursor: &'static str,
    /// Before a marked row.
    pub mark: &'static str,
    /// Between a value before and after.
    pub arrow: &'static str,
    /// Between equals.
    pub dot: &'static str,
    /// Nothing known.
    pub none: &'static str,
    /// Runs now.
    pub running: &'static str,
    /// Done, holds.
    pub done: &'static str,
    /// Failed.
    pub failed: &'static str,
    /// Not yet.
    pub pending: &'static str,
    /// Sorted upward and downward.
    pub sorted: [&'static str; 2],
    /// A filled and an empty step of a progress bar.
    pub bar: [&'static str; 2],
    /// Heights of a sparkline, from least to most.
    pub spark: &'static [&'static str],
    /// In the plot: a pair, a dropped pair, an interval, its ends, an end beyond the picture at either side.
    pub plot: PlotGlyphs,
    /// The left edge of a frame.
    pub edge: &'static str,
    /// In a flame graph: new, gone, dearer, cheaper.
    pub changes: [&'static str; 4],
    /// Smaller frames together.
    pub smaller: &'static str,
    /// Lines around panes.
    pub border: border::Set<'static>,
}

/// Symbols of the plot of pairs.
#[derive(Debug)]
pub struct PlotGlyphs {
    /// A pair's log-ratio.
    pub pair: &'static str,
    /// A pair that does not count.
    pub dropped: &'static str,
    /// The inside of an interval.
    pub span: &'static str,
    /// Its ends.
    pub ends: [&'static str; 2],
    /// Its ends beyond the picture.
    pub open: [&'static str; 2],
    /// The line of no change.
    pub zero: &'static str,
    /// The same where an interval crosses it.
    pub crossed: &'static str,
    /// The line of the required gain.
    pub margin: &'static str,
    /// The rule under the plot.
    pub axis: &'static str,
}

/// Symbols for terminals and fonts of this century.
pub static UNICODE: Glyphs = Glyphs {
    ascii: false,
    ellipsis: "…",
    cursor: "▸",
    mark: "◆",
    arrow: "→",
    dot: "·",
    none: "–",
    running: "●",
    done: "✓",
    failed: "✗",
    pending: "·",
    sorted: ["▲", "▼"],
    bar: ["▓", "░"],
    spark: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    plot: PlotGlyphs {
        pair: "●",
        dropped: "○",
        span: "─",
        ends: ["├", "┤"],
        open: ["◂", "▸"],
        zero: "│",
        crossed: "┼",
        margin: "┊",
        axis: "─",
    },
    edge: "▏",
    changes: ["✚", "✗", "▲", "▼"],
    smaller: "┈",
    border: border::PLAIN,
};

/// Symbols for everything else.
pub static ASCII: Glyphs = Glyphs {
    ascii: true,
    ellipsis: "~",
    cursor: ">",
    mark: "*",
    arrow: "->",
    dot: "-",
    none: "-",
    running: "*",
    done: "+",
    failed: "x",
    pending: ".",
    sorted: ["^", "v"],
    bar: ["#", "."],
    spark: &["_", ".", ":", "-", "=", "+", "*", "#"],
    plot: PlotGlyphs {
        pair: "o",
        dropped: ".",
        span: "-",
        ends: ["[", "]"],
        open: ["<", ">"],
        zero: "|",
        crossed: "+",
        margin: "!",
        axis: "-",
    },
    edge: "|",
    changes: ["+", "x", "^", "v"],
    smaller: ".",
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
};
