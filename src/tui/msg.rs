//! What can happen, and what is asked for in return.

use std::path::PathBuf;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;
use ratatui::layout::Size;

use super::experiment::Experiment;
use super::facts::{
    AgentNews, AgentRow, LogLine, MachineFacts, NoiseSeries, OutputKey, OutputNews, PastExperiment, PatchKey, Phase,
    PlanFacts, ProfileFacts, Profiled, Progress, ProjectFacts, ScreenFacts, ScreenRow, TrainFacts, TrendPicture, Work,
    WorkloadRow,
};
use crate::agents::Roster;
use crate::agents::facts::Worker;
use crate::config::AgentLimits;
use crate::improvements::{Improvement, ImprovementId};
use crate::lab::experiment::ExperimentId;
use crate::lab::journal::Event;
use crate::lab::screen::facts::ScreenId;
use crate::profiles::Kind;
use crate::repository::Patch;

/// Something happened.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(Size),
    /// The terminal cannot be read any more.
    TerminalGone,
    /// Time passed.
    Tick(Timestamp),
    /// The register and the roster were read, or cannot be.
    Register(Result<Box<RegisterNews>, String>),
    /// The store was read, or cannot be.
    Store(Result<Box<StoreNews>, String>),
    /// An experiment runs: all that is known of it.
    Running(Option<Box<Experiment>>),
    /// The running experiment went on.
    Events(ExperimentId, Vec<(Timestamp, Event)>),
    /// A past experiment was read.
    Opened(Box<Experiment>),
    /// The workloads of an improvement's newest verdict were read.
    Workloads(ImprovementId, Vec<WorkloadRow>),
    /// Profiles were read and compared, or cannot be.
    Profile(ProfileKey, Result<Box<ProfileFacts>, String>),
    /// Who has what in hand.
    Work(Vec<Work>),
    /// Signs of life came.
    Agents(Vec<AgentNews>),
    /// A patch was read, or cannot be.
    Patch(PatchKey, Result<Box<Patch>, String>),
    /// What would become of the merge train, or why nobody can tell.
    Train(Result<TrainFacts, String>),
    /// An output went on, or cannot be read.
    Output(OutputKey, Result<OutputNews, String>),
    /// Screens or calibrations moved.
    LabMoved,
    /// The screens were read, or cannot be.
    Screens(Result<Vec<ScreenRow>, String>),
    /// A screen was read, or cannot be.
    Screen(ScreenId, Result<Box<ScreenFacts>, String>),
    /// The calibrations were read, or cannot be.
    Noise(Result<Vec<NoiseSeries>, String>),
    /// The figures of an improvement over time were drawn, or cannot be.
    Trend(ImprovementId, Result<TrendPicture, String>),
    /// The pictures of a profile are drawn, or cannot be.
    Pictures(Result<Vec<PathBuf>, String>),
    /// The plan was judged, or cannot be read.
    Plan(Result<Box<PlanFacts>, String>),
    /// The log went on.
    Log(Vec<LogLine>),
    /// The machine was looked at.
    Machine(MachineFacts),
    /// The repository was looked at.
    Project(ProjectFacts),
    /// An apply was started, or could not be.
    Started(ImprovementId, Result<(u32, PathBuf), String>),
    /// An apply that was started here has ended: its exit code where it had one, and the last it said.
    Ended(ImprovementId, Option<i32>, Vec<String>),
    /// Something was done, or could not be: a sentence for the footer.
    Done(Result<String, String>),
}

/// Profiles of both arms of an experiment, of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileKey {
    /// Which experiment.
    pub experiment: ExperimentId,
    /// What it is about.
    pub subject: String,
    /// What was counted.
    pub kind: Kind,
    /// Captures there were when it was asked for: more of them are another profile.
    pub captures: u32,
}

/// The register and the roster.
#[derive(Debug, Default)]
pub struct RegisterNews {
    /// The entries, in order.
    pub entries: Vec<Improvement>,
    /// The phases.
    pub phases: Vec<Phase>,
    /// The roster.
    pub agents: Vec<AgentRow>,
    /// The same as it is written.
    pub roster: Roster,
    /// Limits on work in progress.
    pub limits: Option<AgentLimits>,
}

/// What the store knows. Only what changed need be in it.
#[derive(Debug, Default)]
pub struct StoreNews {
    /// By improvement.
    pub progress: Vec<(ImprovementId, Progress)>,
    /// All experiments that ended, the newest first.
    pub past: Vec<PastExperiment>,
    /// What is known of agents.
    pub agents: Vec<AgentNews>,
    /// The improvements accepted so far, in order.
    pub stack: Vec<ImprovementId>,
    /// Experiments with profiles of both arms, the newest first.
    pub profiled: Vec<Profiled>,
}

/// Something to be done outside; its outcome comes back as a [`Msg`].
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Return to the shell until continued.
    Suspend,
    /// Forget what is on the screen and draw everything.
    Redraw,
    /// Take the mouse, or leave it to the terminal.
    CaptureMouse(bool),
    /// Say what frames cost.
    TellFrameTimes,
    /// Put a text into the terminal's clipboard.
    Copy(String),
    /// Start `workbench apply` in a session of its own.
    StartApply(ImprovementId),
    /// Interrupt the process group of an apply.
    StopApply(u32),
    /// Run `workbench` with these arguments and tell what it says.
    RunCommand(Vec<String>),
    /// Open an improvement's file in the person's editor.
    Edit(ImprovementId),
    /// Read a past experiment.
    OpenExperiment(ExperimentId),
    /// Read the workloads of an improvement's newest verdict, which is that experiment's.
    ReadWorkloads(ImprovementId, ExperimentId),
    /// Read the profiles of both arms and compare them.
    ReadProfile(ProfileKey),
    /// Draw the pictures of a profile that are missing.
    DrawPictures(ProfileKey),
    /// Read which screens there are.
    ReadScreens,
    /// Read a screen, and work out what its rows say.
    ReadScreen(ScreenId),
    /// Read the calibrations of this machine.
    ReadNoise,
    /// Read all that was measured of an improvement, and draw it over time.
    ReadTrend(ImprovementId),
    /// Read what lies between two commits.
    ReadPatch(PatchKey),
    /// Try the merge train, in memory, with these commits in this order.
    ForeseeTrain(Vec<String>),
    /// Read an output from that byte on.
    ReadOutput(OutputKey, u64),
    /// Ask the supervisor of an attempt to stop it: INT, TERM, KILL to its process group.
    StopAttempt(Worker),
    /// Judge the plan; the stand-up begins after that line of the change log.
    ReadPlan(Option<i64>),
}
