//! What can happen, and what is asked for in return.

use std::path::PathBuf;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;
use ratatui::layout::Size;

use super::experiment::Experiment;
use super::facts::{
    AgentNews, AgentRow, LogLine, MachineFacts, PastExperiment, Phase, Progress, ProjectFacts, WorkloadRow,
};
use crate::improvements::{Improvement, ImprovementId};
use crate::lab::experiment::ExperimentId;
use crate::lab::journal::Event;

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

/// The register and the roster.
#[derive(Debug, Default)]
pub struct RegisterNews {
    /// The entries, in order.
    pub entries: Vec<Improvement>,
    /// The phases.
    pub phases: Vec<Phase>,
    /// The roster.
    pub agents: Vec<AgentRow>,
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
    /// Put a text into the terminal's clipboard.
    Copy(String),
    /// Start `workbench apply` in a session of its own.
    StartApply(ImprovementId),
    /// Interrupt the process group of an apply.
    StopApply(u32),
    /// Read a past experiment.
    OpenExperiment(ExperimentId),
    /// Read the workloads of an improvement's newest verdict, which is that experiment's.
    ReadWorkloads(ImprovementId, ExperimentId),
}
