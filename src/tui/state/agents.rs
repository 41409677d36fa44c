//! The Agents: which one is selected.

use super::ListState;

/// State of the Agents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentsState {
    /// Selection and window on the roster.
    pub list: ListState,
    /// Lines of the detail scrolled away.
    pub detail_offset: usize,
}
