//! The Lab: the running experiment, or the list of past ones.

use super::ListState;
use crate::lab::experiment::ExperimentId;

/// State of the Lab.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabState {
    /// Selection and window on the past experiments.
    pub list: ListState,
    /// The past ones are shown although one runs.
    pub past: bool,
    /// The workload a person chose; the one being measured otherwise.
    pub workload: Option<usize>,
    /// The experiment that was asked for last.
    pub asked: Option<ExperimentId>,
    /// Lines of the detail scrolled away.
    pub detail_offset: usize,
}
