//! How a command ends: the exit codes, and the errors that carry them.

use std::process::ExitCode;

use miette::{Diagnostic, Report};

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
