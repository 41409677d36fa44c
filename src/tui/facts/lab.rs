//! What the Lab shows besides experiments: screens, the noise of the machine, how figures moved over time.

use jiff::Timestamp;

use crate::improvements::ImprovementId;
use crate::lab::screen::Effects;
use crate::lab::screen::facts::{Purpose, ScreenId};
use crate::report::control_chart::Point;
use crate::report::screen::Findings;

/// Everything of it, each part as fresh as its last reading.
#[derive(Debug, Clone, Default)]
pub struct LabFacts {
    /// Screens, the newest first; or why they cannot be read.
    pub screens: Option<Result<Vec<ScreenRow>, String>>,
    /// The screen that was opened last, or why it cannot be read.
    pub screen: Option<(ScreenId, Result<Box<ScreenFacts>, String>)>,
    /// The noise of each workload; or why it cannot be read.
    pub noise: Option<Result<Vec<NoiseSeries>, String>>,
    /// The figures of an improvement over time, drawn; or why there are none.
    pub trend: Option<(ImprovementId, Result<TrendPicture, String>)>,
}

/// A screen in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenRow {
    /// Which.
    pub id: ScreenId,
    /// What is asked.
    pub purpose: Purpose,
    /// Of which improvements.
    pub improvements: Vec<ImprovementId>,
    /// When it was opened.
    pub at: Timestamp,
    /// A process works on it.
    pub running: bool,
    /// How it ended, or how it stands.
    pub told: String,
}

/// A screen with what its rows say so far.
#[derive(Debug, Clone, PartialEq)]
pub struct ScreenFacts {
    /// What the effects are called, in the design's order.
    pub names: Vec<String>,
    /// What the rows say; absent while nothing was laid out.
    pub found: Option<(Findings, Effects)>,
    /// What is to be built, and what of it is there.
    pub builds: Vec<BuildRow>,
    /// Pairs recorded, and pairs there will be.
    pub pairs: (usize, usize),
}

/// A build of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRow {
    /// Its features.
    pub features: String,
    /// How far it is.
    pub state: BuildState,
}

/// How far a build is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildState {
    /// It waits for its turn, or is being built.
    Waits,
    /// It is there.
    Ready {
        /// It was there before.
        cached: bool,
    },
    /// It is lost, and why.
    Lost(String),
}

/// Calibrations of one workload over time.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseSeries {
    /// The workload.
    pub name: String,
    /// Its deciding metric.
    pub metric: String,
    /// Each calibration, the oldest first.
    pub points: Vec<Point>,
    /// The last one is within the limits around the one before it, and zero is in its interval.
    pub in_control: bool,
}

/// The figures of an improvement over time, drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrendPicture {
    /// With everything that a terminal can draw.
    pub unicode: String,
    /// With ASCII only.
    pub ascii: String,
}
