//! The Lab: the running experiment, past ones, screens, the machine's noise.

use super::ListState;
use crate::improvements::ImprovementId;
use crate::lab::experiment::ExperimentId;
use crate::lab::screen::facts::ScreenId;

/// State of the Lab.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabState {
    /// What is looked at.
    pub view: LabView,
    /// Selection and window on the past experiments.
    pub list: ListState,
    /// Selection and window on the screens.
    pub screens: ListState,
    /// Selection and window on the workloads whose noise is known.
    pub noise: ListState,
    /// The workload a person chose; the one being measured otherwise.
    pub workload: Option<usize>,
    /// The detail of a past experiment is its improvement's trend.
    pub trend: bool,
    /// What was asked for last, and has not moved since.
    pub asked: LabAsked,
    /// Lines of the detail scrolled away.
    pub detail_offset: usize,
}

/// What was asked for last, and has not moved since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabAsked {
    /// A past experiment.
    pub experiment: Option<ExperimentId>,
    /// Which screens there are.
    pub screens: bool,
    /// A screen.
    pub screen: Option<ScreenId>,
    /// The noise.
    pub noise: bool,
    /// A trend.
    pub trend: Option<ImprovementId>,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LabView {
    /// The experiment that runs; past ones while none does.
    #[default]
    Live,
    /// Past experiments.
    Past,
    /// Many improvements at once: effects and how they go together.
    Screens,
    /// Calibrations of this machine.
    Noise,
}

impl LabView {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Live, Self::Past, Self::Screens, Self::Noise];

    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "running",
            Self::Past => "past",
            Self::Screens => "screens",
            Self::Noise => "noise",
        }
    }
}
