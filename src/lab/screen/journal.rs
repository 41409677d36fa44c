//! The port through which a screen writes its facts: the sister of [`crate::lab::journal`].
//!
//! Every fact is durable when [`Journal::record`] returns, and [`Journal::open`] gives all of them back, so that a screen
//! killed at any moment has lost at most the pair it was in, and goes on with the same design and coins.

use super::facts::{Conflict, Layout, Loss, RowPair, ScreenId, ScreenPlan};
use crate::lab::experiment::Binary;
use crate::lab::journal::Event as LabEvent;

/// A fact, as it happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// What every work of the lab tells: stages, progress, slices, that it stopped.
    Lab(LabEvent),
    /// The builds are these from now on.
    Laid(Layout),
    /// A build is there.
    Built(Binary),
    /// A build is lost.
    Lost(Loss),
    /// What does not build together, and in words.
    Conflict(Conflict, String),
    /// A pair ended; this is the evidence.
    Pair(Box<RowPair>),
    /// All rows of the layout have their pairs; what they say, in a sentence.
    Ended(String),
}

/// What is recorded of a screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The screen to write to.
    pub id: ScreenId,
    /// Its plan: the given one, or on going on with another, that one's.
    pub plan: ScreenPlan,
    /// The layout in force; none while nothing was laid out.
    pub layout: Option<Layout>,
    /// Builds that are lost.
    pub losses: Vec<Loss>,
    /// What does not build together.
    pub conflicts: Vec<Conflict>,
    /// Pairs, in order.
    pub pairs: Vec<RowPair>,
    /// Whether all rows of the layout had their pairs.
    pub ended: bool,
}

/// How a screen begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// A new one.
    Anew,
    /// The latest one that asks the same and has not ended; a new one when there is none.
    Resume,
    /// The latest one that asks the same, ended or not.
    Extend,
}

/// Where a screen's facts go.
pub trait Journal {
    /// What can go wrong: the store's own error.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Opens a screen; `None` where there is none to extend.
    fn open(
        &mut self,
        plan: &ScreenPlan,
        opening: Opening,
    ) -> impl Future<Output = Result<Option<Opened>, Self::Error>> + Send;

    /// Records one fact. Durable when it returns.
    fn record(&mut self, id: ScreenId, event: &Event) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
