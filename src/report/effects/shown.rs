//! What the pictures are of, and the words and marks that they share.

use crate::improvements::Direction;
use crate::lab::screen::{Effects, Estimate, Standing, Term};
use crate::units::LogRatio;

/// Effects, with what people call them.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The effects.
    pub effects: &'a Effects,
    /// The factors' names, in the design's order: `T003`.
    pub names: &'a [String],
    /// Which way the metric improves.
    pub better: Direction,
}

/// With what a terminal draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Glyphs {
    /// Box-drawing characters and geometric shapes.
    #[default]
    Unicode,
    /// The 95 characters that every terminal has.
    Ascii,
}

impl Shown<'_> {
    /// The effects of single features, the largest first.
    pub(super) fn largest_first(&self) -> Vec<&Estimate> {
        let mut mains: Vec<&Estimate> =
            self.effects.estimates.iter().filter(|estimate| estimate.term.order() == 1).collect();
        mains.sort_by(|a, b| b.effect.0.abs().total_cmp(&a.effect.0.abs()));
        mains
    }

    /// A term's name.
    pub(super) fn name(&self, term: &Term) -> String {
        term.name(self.names)
    }

    /// An effect as the metric's change.
    pub(super) fn change(&self, effect: LogRatio) -> String {
        effect.change(self.better).to_string()
    }

    /// An effect with its interval and what it is taken for, in a line.
    pub(super) fn told(&self, estimate: &Estimate) -> String {
        let effect = estimate.interval.effect(estimate.effect, self.better);
        format!("{}: {effect}, {}", self.name(&estimate.term), word(estimate.standing))
    }

    /// The factors of the matrix, in the design's order.
    pub(super) fn factors(&self) -> Vec<usize> {
        (0..self.names.len()).filter(|&factor| self.effects.of(&Term::main(factor)).is_some()).collect()
    }
}

/// What an effect is taken for.
pub(super) fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "active",
        Standing::Likely => "likely",
        Standing::Quiet => "quiet",
    }
}

impl Glyphs {
    /// The mark of an effect.
    pub(super) fn mark(self, standing: Standing) -> char {
        match (self, standing) {
            (Self::Unicode, Standing::Active) => '●',
            (Self::Unicode, Standing::Likely) => '○',
            (Self::Unicode, Standing::Quiet) => '·',
            (Self::Ascii, Standing::Active) => '#',
            (Self::Ascii, Standing::Likely) => 'o',
            (Self::Ascii, Standing::Quiet) => ':',
        }
    }

    /// The mark of an interaction: two arrows or signs for one that is active, one for one that is likely.
    pub(super) fn together(self, estimate: &Estimate) -> &'static str {
        let is_synergy = estimate.effect.0 > 0.0;
        match (self, estimate.standing, is_synergy) {
            (_, Standing::Quiet, _) => "",
            (Self::Unicode, Standing::Active, true) => "▲",
            (Self::Unicode, Standing::Active, false) => "▼",
            (Self::Unicode, Standing::Likely, true) => "△",
            (Self::Unicode, Standing::Likely, false) => "▽",
            (Self::Ascii, Standing::Active, true) => "++",
            (Self::Ascii, Standing::Active, false) => "--",
            (Self::Ascii, Standing::Likely, true) => "+?",
            (Self::Ascii, Standing::Likely, false) => "-?",
        }
    }

    /// A text in these characters: a true minus becomes a hyphen, a times sign an x.
    pub(super) fn plain(self, text: &str) -> String {
        match self {
            Self::Unicode => text.to_owned(),
            Self::Ascii => text.replace('−', "-").replace('×', "x").replace('…', "...").replace('\u{202f}', " "),
        }
    }

    /// This or that.
    pub(super) fn pick<T>(self, unicode: T, ascii: T) -> T {
        match self {
            Self::Unicode => unicode,
            Self::Ascii => ascii,
        }
    }
}
