//! The world outside: reads the project and its store, starts and stops applies. Everything comes back as messages.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::UnboundedSender;

use super::msg::{Effect, Msg};
use super::{past, watch};
use crate::improvements::ImprovementId;
use crate::project::Project;

/// How much of a failed apply's output is shown.
const LAST_WORDS_LINES: usize = 14;
const LAST_WORDS_BYTES: usize = 8 * 1024;

/// Where effects are done.
#[derive(Debug)]
pub struct World {
    project: Project,
    sender: UnboundedSender<Msg>,
}

impl World {
    /// The world of a project; messages go to `sender`.
    pub fn new(project: Project, sender: UnboundedSender<Msg>) -> Self {
        Self { project, sender }
    }

    /// Begins to watch the project, the store and the machine.
    pub fn watch(&self) {
        watch::begin(&self.project, &self.sender);
    }

    /// Does an effect; those of the terminal are the loop's.
    pub fn run(&self, effect: Effect) {
        match effect {
            Effect::StartApply(id) => self.start_apply(id),
            Effect::StopApply(pid) => self.stop_apply(pid),
            Effect::OpenExperiment(id) => past::open(&self.project, &self.sender, id),
            Effect::ReadWorkloads(id, experiment) => past::workloads(&self.project, &self.sender, id, experiment),
            Effect::Quit | Effect::Suspend | Effect::Redraw | Effect::CaptureMouse(_) | Effect::Copy(_) => {}
        }
    }

    fn start_apply(&self, id: ImprovementId) {
        match spawn_apply(&self.project, &id) {
            Ok((mut child, log)) => {
                let pid = child.id().unwrap_or_default();
                self.send(Msg::Started(id.clone(), Ok((pid, log.clone()))));
                let sender = self.sender.clone();
                tokio::spawn(async move {
                    let code = child.wait().await.ok().and_then(|status| status.code());
                    // When the interface has gone, nobody waits for this.
                    let _ = sender.send(Msg::Ended(id, code, last_words(&log)));
                });
            }
            Err(error) => self.send(Msg::Started(id, Err(error.to_string()))),
        }
    }

    /// Interrupts an apply. Its own process only: it stops its arms itself and keeps every finished pair.
    fn stop_apply(&self, pid: u32) {
        let outcome = match i32::try_from(pid).map(|pid| kill(Pid::from_raw(pid), Signal::SIGINT)) {
            Ok(Ok(())) => Ok(format!("interrupted process {pid}; it ends after the pair it is in")),
            Ok(Err(error)) => Err(format!("process {pid} cannot be interrupted: {}", error.desc())),
            Err(_) => Err(format!("{pid} is no process")),
        };
        self.send(Msg::Done(outcome));
    }

    fn send(&self, msg: Msg) {
        // When the interface has gone, nobody waits for this.
        let _ = self.sender.send(msg);
    }
}

/// Starts `workbench apply ID` in a session of its own: closing the terminal or this program does not reach it.
fn spawn_apply(project: &Project, id: &ImprovementId) -> io::Result<(Child, PathBuf)> {
    let (log, file) = open_log(&project.lab_dir().join("logs"), id)?;
    let errors = file.try_clone()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--project").arg(project.root()).arg("apply").arg(&id.0);
    command.stdin(Stdio::null()).stdout(Stdio::from(file)).stderr(Stdio::from(errors));
    // SAFETY: between fork and exec only setsid is called, which is async-signal-safe and touches no memory of ours.
    unsafe {
        command.pre_exec(|| nix::unistd::setsid().map(|_| ()).map_err(io::Error::from));
    }
    Ok((command.spawn()?, log))
}

/// A new file for what an apply prints.
fn open_log(folder: &Path, id: &ImprovementId) -> io::Result<(PathBuf, File)> {
    fs::create_dir_all(folder)?;
    let stamp = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let path = folder.join(format!("apply-{id}-{stamp}.log"));
    let file = File::create(&path)?;
    Ok((path, file))
}

/// The last lines of a log; none where it cannot be read.
fn last_words(log: &Path) -> Vec<String> {
    let text = fs::read(log).unwrap_or_default();
    let end = &text[text.len().saturating_sub(LAST_WORDS_BYTES)..];
    let lines: Vec<String> = String::from_utf8_lossy(end).lines().map(str::to_owned).collect();
    lines[lines.len().saturating_sub(LAST_WORDS_LINES)..].to_vec()
}
