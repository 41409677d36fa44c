//! A conversation with one driver process.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command as Process, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use probe::protocol::{Check, Command, Event, Failure, Finished, Load, Loaded, Slice, SliceDone};

/// How long a driver may say nothing, not even that its load goes on.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a driver that has closed its output may take to end.
const END: Duration = Duration::from_secs(2);

/// Lines of its free text that are kept, to say why it failed.
const LINES_KEPT: usize = 6;

/// A driver process. Killed when dropped before it has finished.
pub struct Driver {
    process: Child,
    commands: ChildStdin,
    events: Receiver<io::Result<String>>,
    said: Arc<Mutex<VecDeque<String>>>,
    finished: bool,
}

impl Driver {
    /// Starts `program` with `arguments`.
    pub fn start<A: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[A]) -> Result<Self, Failure> {
        let shown = program.as_ref().to_string_lossy().into_owned();
        let cannot =
            |why: &dyn std::fmt::Display| Failure::new(format!("{shown} cannot be started: {why}"), "is it a driver?");
        let mut process = Process::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| cannot(&error))?;
        let (Some(commands), Some(events), Some(text)) =
            (process.stdin.take(), process.stdout.take(), process.stderr.take())
        else {
            return Err(cannot(&"no pipes"));
        };
        let said = Arc::default();
        keep_last_lines(text, Arc::clone(&said));
        Ok(Driver { process, commands, events: lines(events), said, finished: false })
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
        let line = serde_json::to_string(command).map_err(|error| self.gone(error.to_string()))?;
        if let Err(error) = writeln!(self.commands, "{line}").and_then(|()| self.commands.flush()) {
            return Err(self.gone(error.to_string()));
        }
        loop {
            let line = match self.events.recv_timeout(PATIENCE) {
                Ok(Ok(line)) => line,
                Ok(Err(error)) => return Err(self.gone(error.to_string())),
                Err(RecvTimeoutError::Disconnected) => {
                    let how = self.end();
                    return Err(self.gone(how));
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(self.gone(format!("it said nothing for {} s", PATIENCE.as_secs())));
                }
            };
            match serde_json::from_str::<Event>(&line).map_err(|error| self.gone(error.to_string()))? {
                Event::Progress(_) => {}
                Event::Error(Failure { message, remedy, .. }) => {
                    return Err(Failure::new(format!("{message}{}", self.last_words()), remedy));
                }
                event => return Ok(event),
            }
        }
    }

    fn gone(&self, why: String) -> Failure {
        Failure::new(format!("the driver is gone: {why}{}", self.last_words()), "run it alone to see why")
    }

    /// How the process ended that has closed its output.
    fn end(&mut self) -> String {
        let step = END / 20;
        for _ in 0..20 {
            match self.process.try_wait() {
                Ok(Some(status)) => return format!("it ended with {status}"),
                Ok(None) => thread::sleep(step),
                Err(error) => return error.to_string(),
            }
        }
        "it closed its output".to_owned()
    }

    /// What it wrote as free text, a panic's message among it.
    fn last_words(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let text: Vec<&str> = said.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        if text.is_empty() { String::new() } else { format!(" (it said: {})", text.join(" / ")) }
    }
}

/// The lines of `from`, read on a thread of their own, so that waiting for one can end.
fn lines(from: impl Read + Send + 'static) -> Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || BufReader::new(from).lines().try_for_each(|line| sender.send(line)));
    receiver
}

fn keep_last_lines(from: impl Read + Send + 'static, kept: Arc<Mutex<VecDeque<String>>>) {
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == LINES_KEPT {
                kept.pop_front();
            }
            kept.push_back(line);
        }
    });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_that_dies_says_how_and_why() {
        let script = "read command; echo 'index out of bounds' >&2; exit 3";
        let mut driver = Driver::start("sh", &["-c", script]).unwrap();
        let failure = driver.check().unwrap_err().message;
        assert!(failure.contains("exit status: 3") && failure.contains("index out of bounds"), "{failure}");
    }
}
