//! The Log: follows the newest line until a person moves away from the end.

use super::ListState;

/// State of the Log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogState {
    /// Selection and window on the lines.
    pub list: ListState,
}
