//! What a tool has done: a command of the workbench, run as a process of its own.
//!
//! The command permits, logs and explains, as it does for people. Its last line on stderr is its [`Complaint`] when it failed; the lines before are
//! what it says while it works.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{Instant, sleep_until, timeout};

use crate::cli::Complaint;
use crate::machine::processes::die_with_parent;
use crate::project::Project;

/// An interrupted command that has not ended by then is killed: it has lost the pair that it was in.
const GRACE: Duration = Duration::from_secs(10);

/// Once a command has ended, what is still in its pipes is read for so long.
const DRAIN: Duration = Duration::from_secs(2);

/// What is to be done.
#[derive(Debug)]
pub(super) enum Errand {
    /// Nothing: here is the text.
    Text(String),
    /// A command.
    Run(Order),
}

/// A command of the workbench.
#[derive(Debug)]
pub(super) struct Order {
    /// Its name and arguments. What a client has written stands behind a `=` or `--`, so that it is never taken for an option.
    words: Vec<String>,
    telling: Telling,
}

/// What is passed on of what a command says while it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// Every line.
    Lines,
    /// The stages only: gates look at workloads that agents are not told of.
    Stages,
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) status: ExitStatus,
    /// What it printed, where that is JSON.
    pub(super) printed: Option<Value>,
    /// What it failed with.
    pub(super) complaint: Option<Complaint>,
}

impl Order {
    pub(super) fn new<const N: usize>(words: [&str; N]) -> Self {
        Self { words: words.map(str::to_owned).to_vec(), telling: Telling::Lines }
    }

    /// `--name=value`, where there is a value.
    pub(super) fn option(mut self, name: &str, value: Option<impl ToString>) -> Self {
        self.words.extend(value.map(|value| format!("--{name}={}", value.to_string())));
        self
    }

    /// `--name`, where it holds.
    pub(super) fn flag(mut self, name: &str, holds: bool) -> Self {
        self.words.extend(holds.then(|| format!("--{name}")));
        self
    }

    /// What the command is about; the last of its words.
    pub(super) fn about(mut self, what: String) -> Errand {
        self.words.extend(["--".to_owned(), what]);
        Errand::Run(self)
    }

    /// About nothing in particular.
    pub(super) fn plain(self) -> Errand {
        Errand::Run(self)
    }

    /// Only its stages are told.
    pub(super) fn discreet(mut self) -> Self {
        self.telling = Telling::Stages;
        self
    }

    #[cfg(test)]
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// Does it. `tell` hears what it says; `stop` returns when nobody wants it any more.
    pub(super) async fn run(
        &self,
        project: &Project,
        mut tell: impl FnMut(String),
        stop: impl Future<Output = ()>,
    ) -> io::Result<Ran> {
        let mut child = self.start(project)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let reading = tokio::spawn(async move {
            let mut bytes = Vec::new();
            if let Some(mut pipe) = stdout {
                let _ = pipe.read_to_end(&mut bytes).await;
            }
            bytes
        });
        let mut ear = Ear::new(stderr, self.telling);
        let mut stop = std::pin::pin!(stop);
        let mut patience: Option<Instant> = None;
        let status = loop {
            let patience_ends = async move {
                match patience {
                    Some(end) => sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                status = child.wait() => break status?,
                line = ear.hears() => line.into_iter().for_each(&mut tell),
                () = &mut stop, if patience.is_none() => {
                    interrupt(&child);
                    patience = Some(Instant::now() + GRACE);
                }
                () = patience_ends => child.start_kill()?,
            }
        };
        let rest = timeout(DRAIN, async {
            while !ear.is_deaf() {
                ear.hears().await;
            }
        });
        let _ = rest.await;
        let printed = timeout(DRAIN, reading).await.ok().and_then(Result::ok).unwrap_or_default();
        Ok(Ran { status, printed: serde_json::from_slice(&printed).ok(), complaint: ear.complaint })
    }

    fn start(&self, project: &Project) -> io::Result<Child> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--project").arg(project.root()).arg("--json").args(&self.words).env(Complaint::VARIABLE, "json");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        die_with_parent(command.as_std_mut());
        command.spawn()
    }
}

/// As Ctrl-C does: the command ends cleanly, and keeps what it has measured.
fn interrupt(child: &Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = pid {
        let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
    }
}

/// Hears what a command says.
struct Ear {
    pipe: Option<BufReader<ChildStderr>>,
    /// What is read of a line.
    line: Vec<u8>,
    telling: Telling,
    /// The stage that was told last.
    stage: String,
    complaint: Option<Complaint>,
}

impl Ear {
    fn new(pipe: Option<ChildStderr>, telling: Telling) -> Self {
        Self { pipe: pipe.map(BufReader::new), line: Vec::new(), telling, stage: String::new(), complaint: None }
    }

    fn is_deaf(&self) -> bool {
        self.pipe.is_none()
    }

    /// The next line, when it is to be passed on; never returns when there are no more. Nothing is lost when it is not waited for.
    async fn hears(&mut self) -> Option<String> {
        let Some(pipe) = &mut self.pipe else { return std::future::pending().await };
        // What an interrupted wait has read stays in `line`.
        if pipe.read_until(b'\n', &mut self.line).await.unwrap_or_default() == 0 {
            self.pipe = None;
        }
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).trim_end().to_owned();
        if let Ok(complaint) = serde_json::from_str(&line) {
            self.complaint = Some(complaint);
            return None;
        }
        self.told(line)
    }

    /// `[   3 s] measure   tpcc pair 1: …`, or the stage alone.
    fn told(&mut self, line: String) -> Option<String> {
        match self.telling {
            Telling::Lines => Some(line).filter(|line| !line.is_empty()),
            Telling::Stages => {
                let stage = line.split_once("s] ")?.1.split_whitespace().next()?.to_owned();
                let is_new = stage != self.stage;
                self.stage.clone_from(&stage);
                is_new.then_some(stage)
            }
        }
    }
}
