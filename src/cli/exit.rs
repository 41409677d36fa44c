//! How a command ends: the exit codes, and the errors that carry them.

use std::process::ExitCode;

use miette::{Diagnostic, Report};
use serde::{Deserialize, Serialize};

/// The exit codes that scripts rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, and accepted where there was something to accept.
    Done,
    /// 1: an error.
    Failed,
    /// 2: the command line was wrong.
    Usage,
    /// 3: no such improvement, agent or project.
    NotFound,
    /// 4: a gate was not passed: rejected, inconclusive, broken, or not built yet.
    NotPassed,
    /// 75: the machine is busy; try again (`EX_TEMPFAIL`).
    Busy,
    /// 128 and the signal's number: the terminal interface was ended by a signal.
    Signal(u8),
    /// Whatever the command ended with that was run for somebody.
    Of(u8),
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::NotPassed => 4,
            Self::Busy => 75,
            Self::Signal(code) | Self::Of(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error on its way to the person: what to print and how to exit.
///
/// Any [`Diagnostic`] becomes one with `?` (exit 1), or with [`OrExit::or_exit`] when another code applies.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened, where, and what to do next.
    pub report: Report,
}

impl Failure {
    /// A failure with its exit code.
    pub fn new(exit: Exit, report: impl Into<Report>) -> Self {
        Self { exit, report: report.into() }
    }
}

impl<E: Diagnostic + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(Exit::Failed, error)
    }
}

/// A failure for a program that reads it: one line of JSON on stderr, the last one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// What happened.
    pub message: String,
    /// Which kind of failure: `lab::busy`.
    pub code: Option<String>,
    /// What to do next.
    pub help: Option<String>,
}

impl Complaint {
    /// `json` in it asks for complaints.
    pub const VARIABLE: &str = "WORKBENCH_ERRORS";

    /// Whether whoever has started this process wants them.
    pub fn is_asked_for() -> bool {
        std::env::var_os(Self::VARIABLE).is_some_and(|form| form == "json")
    }

    /// What a failure says, and what it says of its parts.
    pub fn of(failure: &Failure) -> Self {
        let report = &failure.report;
        let related = report.related().into_iter().flatten().map(ToString::to_string);
        let message = std::iter::once(report.to_string()).chain(related).collect::<Vec<_>>().join("\n");
        Self {
            message,
            code: report.code().map(|code| code.to_string()),
            help: report.help().map(|help| help.to_string()),
        }
    }
}

/// Gives the error of a result its exit code.
pub trait OrExit<T> {
    /// `self`, whose error ends the process with `exit`.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<Report>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(exit, error))
    }
}
