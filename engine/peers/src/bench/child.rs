//! A conversation with one driver process.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};

use probe::protocol::{Check, Command, Event, Failure, Finished, Load, Loaded, Slice, SliceDone};

/// A driver process. Killed when dropped before it has finished.
pub struct Driver {
    process: Child,
    commands: ChildStdin,
    events: Lines<BufReader<ChildStdout>>,
    finished: bool,
}

impl Driver {
    /// Starts `program` with `arguments`, its free text thrown away.
    pub fn start<A: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[A]) -> Result<Self, Failure> {
        let shown = program.as_ref().to_string_lossy().into_owned();
        let cannot =
            |why: &dyn std::fmt::Display| Failure::new(format!("{shown} cannot be started: {why}"), "is it a driver?");
        let mut process = Process::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| cannot(&error))?;
        match (process.stdin.take(), process.stdout.take()) {
            (Some(commands), Some(events)) => {
                Ok(Driver { process, commands, events: BufReader::new(events).lines(), finished: false })
            }
            _ => Err(cannot(&"no pipes")),
        }
    }

    /// Builds the data.
    pub fn load(&mut self, load: Load) -> Result<Loaded, Failure> {
        match self.ask(&Command::Load(load))? {
            Event::Loaded(loaded) => Ok(loaded),
            other => Err(unexpected(&other)),
        }
    }

    /// Works for so many milliseconds.
    pub fn slice(&mut self, ms: u64) -> Result<SliceDone, Failure> {
        match self.ask(&Command::Slice(Slice::ms(ms)))? {
            Event::Slice(done) => Ok(done),
            other => Err(unexpected(&other)),
        }
    }

    /// Checks the answers; what does not hold is an error.
    pub fn check(&mut self) -> Result<(), Failure> {
        match self.ask(&Command::Check)? {
            Event::Check(Check { ok: true, .. }) => Ok(()),
            Event::Check(Check { findings, .. }) => {
                let broken = findings.iter().find(|finding| !finding.ok);
                let what =
                    broken.map_or("a check".to_owned(), |finding| format!("{}: {}", finding.check, finding.detail));
                Err(Failure::new(format!("the data is wrong: {what}"), "the figures mean nothing"))
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Ends the process.
    pub fn finish(mut self) -> Result<Finished, Failure> {
        let event = self.ask(&Command::Finish)?;
        self.finished = true;
        // It has said its last word; its status adds nothing.
        let _ = self.process.wait();
        match event {
            Event::Finished(finished) => Ok(finished),
            other => Err(unexpected(&other)),
        }
    }

    fn ask(&mut self, command: &Command) -> Result<Event, Failure> {
        let gone = |why: String| Failure::new(format!("the driver is gone: {why}"), "run it alone to see why");
        let line = serde_json::to_string(command).map_err(|error| gone(error.to_string()))?;
        writeln!(self.commands, "{line}")
            .and_then(|()| self.commands.flush())
            .map_err(|error| gone(error.to_string()))?;
        for line in self.events.by_ref() {
            let line = line.map_err(|error| gone(error.to_string()))?;
            match serde_json::from_str::<Event>(&line).map_err(|error| gone(error.to_string()))? {
                Event::Progress(_) => {}
                Event::Error(failure) => return Err(failure),
                event => return Ok(event),
            }
        }
        Err(gone("it closed its output".to_owned()))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.finished {
            // Nothing to be done if it has ended by itself.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

fn unexpected(event: &Event) -> Failure {
    Failure::new(format!("an answer to another question: {event:?}"), "is it a driver of this version?")
}
