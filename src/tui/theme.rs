//! How things look: roles to styles, glyphs to symbols. Views name roles, never colours.
//!
//! Colours come from the 256-colour cube, so that a theme looks alike in every terminal. `Mono` holds no colour at all:
//! under `NO_COLOR` a colour that is asked for and then suppressed takes bold and reverse with it, and the selection
//! would vanish.

mod glyphs;
mod palettes;

pub use glyphs::{ASCII, Glyphs, PlotGlyphs, UNICODE};
use ratatui::style::{Modifier, Style};

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
