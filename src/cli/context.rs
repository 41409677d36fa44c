//! What every command is given: the project, and how to print.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::output::{self, Format, Row};
use super::{Exit, Failure, OrExit};
use crate::catalog::Catalog;
use crate::project::Project;

/// What every command is given.
#[derive(Debug)]
pub struct Context {
    /// Where things are.
    pub project: Project,
    /// How results are printed.
    pub format: Format,
    /// Whether stdout may carry colours: a terminal, and `NO_COLOR` unset.
    pub color: bool,
    /// Whether stdout is a terminal.
    pub terminal: bool,
}

impl Context {
    /// The context of this process.
    pub fn new(project: Project, format: Format) -> Self {
        let terminal = io::stdout().is_terminal();
        Self { project, format, color: terminal && colors_wanted(), terminal }
    }

    /// Whether a person is at a terminal and asked for no other form: then the terminal interface may start.
    pub fn is_interactive(&self) -> bool {
        self.terminal && io::stdin().is_terminal() && self.format == Format::default()
    }

    /// Configuration, roster and register, or every mistake in them.
    pub fn catalog(&self) -> Result<Catalog, Failure> {
        Ok(Catalog::load(&self.project)?)
    }

    /// Prints a result on stdout. A reader that has gone away (`| head`) is not an error.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        self.print_bytes(text.as_bytes())
    }

    /// Prints a result that is no text.
    pub fn print_bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => {
                written.map_err(|error| miette::miette!("cannot write to stdout: {error}")).or_exit(Exit::Failed)
            }
        }
    }

    /// Prints rows in the wanted format. `meta` goes beside the data in JSON only.
    pub fn table<R: Row>(&self, rows: &[R], meta: &impl Serialize) -> Result<(), Failure> {
        self.print(&output::render(self.format, rows, meta))
    }

    /// Prints `data` as `{data, meta}`.
    pub fn json(&self, data: &impl Serialize, meta: &impl Serialize) -> Result<(), Failure> {
        self.print(&output::json(data, meta))
    }
}

/// Whether the environment allows colours at all (<https://no-color.org>).
pub(super) fn colors_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
