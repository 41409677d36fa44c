//! The Plan: which part of it is selected, and whether it has been read since something changed.

use super::ListState;

/// State of the Plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanState {
    /// Selection and window on the parts.
    pub list: ListState,
    /// Lines of the detail scrolled away.
    pub detail_offset: usize,
    /// It is being read.
    pub reading: bool,
    /// It was read, and nothing that it rests on has changed since.
    pub fresh: bool,
    /// The line of the change log that the stand-up begins after; by the protocol's hours otherwise.
    pub since: Option<i64>,
}

/// A part of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A phase, by its place.
    Phase(usize),
    /// What the whole is judged by.
    Metrics,
    /// What may go wrong.
    Risks,
    /// Features of the model product.
    Parity,
    /// What was done since the last stand-up.
    Standup,
}

impl Part {
    /// The parts in order, where there are so many phases.
    pub fn all(phases: usize) -> impl Iterator<Item = Self> {
        (0..phases).map(Self::Phase).chain([Self::Metrics, Self::Risks, Self::Parity, Self::Standup])
    }
}
