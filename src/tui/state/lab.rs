//! The Lab: the running experiment, or the list of past ones.

use super::ListState;

/// State of the Lab.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabState {
    /// Selection and window on the past experiments.
    pub list: ListState,
    /// The past ones are shown although one runs.
    pub past: bool,
    /// The workload a person chose; the one being measured otherwise.
    pub workload: Option<usize>,
    /// Lines of the detail scrolled away.
    pub detail_offset: usize,
}
