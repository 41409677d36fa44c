//! How things look: roles to styles, glyphs to symbols. Views name roles, never colours.
//!
//! Colours come from the 256-colour cube, so that a theme looks alike in every terminal. `Mono` holds no colour at all:
//! under `NO_COLOR` a colour that is asked for and then suppressed takes bold and reverse with it, and the selection
//! would vanish.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

use crate::improvements::Status;
use crate::lab::experiment::Verdict;
use crate::profiles::Change;

/// Everything a view needs to know of looks.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Styles by role.
    pub theme: Theme,
    /// Symbols by role.
    pub glyphs: &'static Glyphs,
}

/// The themes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThemeName {
    /// For dark terminals.
    Dark,
    /// For light terminals.
    Light,
    /// Dark, told apart by blue and orange only.
    ColourBlind,
    /// No colour at all.
    Mono,
}

/// Styles by role.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    /// Which one.
    pub name: ThemeName,
    /// Plain text.
    pub text: Style,
    /// Less important text.
    pub dim: Style,
    /// Borders and rules.
    pub faint: Style,
    /// Headings and what is open.
    pub title: Style,
    /// Keys in footer and help, links, the cursor of a list.
    pub accent: Style,
    /// Proven, done, holds.
    pub good: Style,
    /// Under way, undecided, beware.
    pub warn: Style,
    /// Rejected, blocked, broken.
    pub bad: Style,
    /// Arm A, the stack as it is.
    pub arm_a: Style,
    /// Arm B, with the improvement.
    pub arm_b: Style,
    /// The selected row, laid over what it holds.
    pub selected: Style,
    /// The status bar and the footer.
    pub bar: Style,
    /// The frames of a flame graph.
    pub fills: Fills,
}

/// Backgrounds of a flame graph's frames, with what is written on them.
#[derive(Debug, Clone, Copy)]
pub struct Fills {
    /// Neighbours of one arm, told apart.
    pub plain: [Style; 4],
    /// No change that counts.
    pub same: Style,
    /// Costs less in B.
    pub cheaper: Style,
    /// Costs more in B.
    pub dearer: Style,
    /// Only in A.
    pub gone: Style,
    /// Only in B.
    pub new: Style,
    /// Found by a search.
    pub found: Style,
    /// The selected one, laid over what it is.
    pub cursor: Style,
}

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

impl Look {
    /// A theme with Unicode or ASCII symbols.
    pub fn new(theme: ThemeName, ascii: bool) -> Self {
        Self { theme: Theme::named(theme), glyphs: if ascii { &ASCII } else { &UNICODE } }
    }

    /// Symbol and style of a status; the word stands beside it always.
    pub fn status(&self, status: Status) -> (&'static str, Style) {
        let ascii = self.glyphs.ascii;
        let (symbol, plain, style) = match status {
            Status::Planned => ("○", ".", self.theme.dim),
            Status::InProgress => ("◐", "~", self.theme.warn),
            Status::Complete => ("●", "+", self.theme.good),
            Status::Blocked => ("■", "#", self.theme.bad),
            Status::Cancelled => ("✗", "x", self.theme.dim),
        };
        (if ascii { plain } else { symbol }, style)
    }

    /// Symbol and fill of what became of a place; where there is room, the word stands beside it.
    pub fn change(&self, change: Change) -> (&'static str, Style) {
        let [new, gone, dearer, cheaper] = self.glyphs.changes;
        let fills = &self.theme.fills;
        match change {
            Change::New => (new, fills.new),
            Change::Vanished => (gone, fills.gone),
            Change::Dearer => (dearer, fills.dearer),
            Change::Cheaper => (cheaper, fills.cheaper),
            Change::Same => ("", fills.same),
        }
    }

    /// The style of a change among text: what is no change that counts is quiet.
    pub fn change_text(&self, change: Change) -> Style {
        match change {
            Change::New | Change::Dearer => self.theme.bad,
            Change::Vanished | Change::Cheaper => self.theme.good,
            Change::Same => self.theme.dim,
        }
    }

    /// Symbol and style of a verdict; the word stands beside it always.
    pub fn verdict(&self, verdict: Verdict) -> (&'static str, Style) {
        match verdict {
            Verdict::Proven => (self.glyphs.done, self.theme.good.add_modifier(Modifier::BOLD)),
            Verdict::Accepted => (self.glyphs.done, self.theme.good),
            Verdict::Rejected => (self.glyphs.failed, self.theme.bad),
            Verdict::Better => (self.glyphs.done, self.theme.good),
            Verdict::Worse => (self.glyphs.failed, self.theme.bad),
            Verdict::Same => (self.glyphs.done, self.theme.dim),
            Verdict::Inconclusive => ("?", self.theme.warn),
            Verdict::Broken => ("!", self.theme.bad.add_modifier(Modifier::BOLD)),
        }
    }
}

impl ThemeName {
    /// By the name a person gives it on the command line.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "dark" => Some(Self::Dark),
            "light" => Some(Self::Light),
            "cb" => Some(Self::ColourBlind),
            "mono" => Some(Self::Mono),
            _ => None,
        }
    }

    /// As [`ThemeName::parse`] reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::ColourBlind => "cb",
            Self::Mono => "mono",
        }
    }

    /// The next one, for the key that goes round.
    pub fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::ColourBlind,
            Self::ColourBlind => Self::Mono,
            Self::Mono => Self::Dark,
        }
    }
}

impl Theme {
    /// The theme of that name.
    pub fn named(name: ThemeName) -> Self {
        match name {
            ThemeName::Dark => Self::coloured(
                name,
                Palette {
                    dim: 246,
                    faint: 239,
                    accent: 75,
                    good: 114,
                    warn: 221,
                    bad: 203,
                    a: 180,
                    b: 117,
                    lit: 237,
                    bar: 235,
                    on_bar: 252,
                    fills: [
                        (173, 16),
                        (179, 16),
                        (137, 16),
                        (180, 16),
                        (240, 252),
                        (67, 231),
                        (167, 231),
                        (97, 231),
                        (178, 16),
                        (213, 16),
                    ],
                },
            ),
            ThemeName::Light => Self::coloured(
                name,
                Palette {
                    dim: 242,
                    faint: 250,
                    accent: 25,
                    good: 28,
                    warn: 130,
                    bad: 160,
                    a: 94,
                    b: 26,
                    lit: 254,
                    bar: 255,
                    on_bar: 235,
                    fills: [
                        (216, 16),
                        (222, 16),
                        (223, 16),
                        (180, 16),
                        (253, 238),
                        (153, 16),
                        (217, 16),
                        (183, 16),
                        (222, 16),
                        (162, 231),
                    ],
                },
            ),
            // Blue, orange and yellow: distinct under every common deficiency.
            ThemeName::ColourBlind => Self::coloured(
                name,
                Palette {
                    dim: 246,
                    faint: 239,
                    accent: 117,
                    good: 39,
                    warn: 227,
                    bad: 208,
                    a: 215,
                    b: 75,
                    lit: 237,
                    bar: 235,
                    on_bar: 252,
                    fills: [
                        (179, 16),
                        (180, 16),
                        (137, 16),
                        (144, 16),
                        (240, 252),
                        (25, 231),
                        (208, 16),
                        (110, 16),
                        (227, 16),
                        (231, 16),
                    ],
                },
            ),
            ThemeName::Mono => {
                let plain = Style::new();
                let dim = plain.add_modifier(Modifier::DIM);
                let bold = plain.add_modifier(Modifier::BOLD);
                Self {
                    name,
                    text: plain,
                    dim,
                    faint: dim,
                    title: bold.remove_modifier(Modifier::DIM),
                    accent: bold,
                    good: plain,
                    warn: plain,
                    bad: bold,
                    arm_a: plain,
                    arm_b: bold,
                    selected: plain.add_modifier(Modifier::REVERSED),
                    bar: plain,
                    fills: Fills {
                        plain: [plain; 4],
                        same: dim,
                        cheaper: plain,
                        dearer: bold,
                        gone: plain,
                        new: bold,
                        found: bold.add_modifier(Modifier::UNDERLINED),
                        cursor: plain.add_modifier(Modifier::REVERSED),
                    },
                }
            }
        }
    }

    fn coloured(name: ThemeName, palette: Palette) -> Self {
        let [plain @ .., same, cheaper, dearer, gone, new, found] =
            palette.fills.map(|(fill, ink)| Style::new().fg(Color::Indexed(ink)).bg(Color::Indexed(fill)));
        let cursor = Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD);
        let ink = |index: u8| Style::new().fg(Color::Indexed(index));
        Self {
            name,
            text: Style::new(),
            dim: ink(palette.dim),
            faint: ink(palette.faint),
            title: Style::new().fg(Color::Reset).add_modifier(Modifier::BOLD),
            accent: ink(palette.accent),
            good: ink(palette.good),
            warn: ink(palette.warn),
            bad: ink(palette.bad),
            arm_a: ink(palette.a),
            arm_b: ink(palette.b),
            selected: Style::new().bg(Color::Indexed(palette.lit)).add_modifier(Modifier::BOLD),
            bar: Style::new().fg(Color::Indexed(palette.on_bar)).bg(Color::Indexed(palette.bar)),
            fills: Fills { plain, same, cheaper, dearer, gone, new, found, cursor },
        }
    }
}

/// Indices into the 256-colour cube.
struct Palette {
    dim: u8,
    faint: u8,
    accent: u8,
    good: u8,
    warn: u8,
    bad: u8,
    a: u8,
    b: u8,
    lit: u8,
    bar: u8,
    on_bar: u8,
    /// Fill and ink of frames: four neighbours, then same, cheaper, dearer, gone, new, found.
    fills: [(u8, u8); 10],
}
