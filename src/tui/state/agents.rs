//! The Agents: which one is selected, and the output that is followed.

use super::{ListState, OutputState};

/// State of the Agents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentsState {
    /// Selection and window on the roster.
    pub list: ListState,
    /// Lines of the detail scrolled away.
    pub detail_offset: usize,
    /// The output that is followed, over the roster.
    pub output: Option<OutputState>,
}
