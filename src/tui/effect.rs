//! The world outside: reads the project and its store, starts and stops applies. Everything comes back as messages.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedSender;

use super::act::status;
use super::msg::{Effect, Msg};
use super::{assigned, past, planned, profiled, screened, watch};
use crate::agents::facts::Worker;
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
    /// Whose command runs: they are done in the order in which they were asked for, and so are their outcomes told.
    turn: Arc<Mutex<()>>,
}

impl World {
    /// The world of a project; messages go to `sender`.
    pub fn new(project: Project, sender: UnboundedSender<Msg>) -> Self {
        Self { project, sender, turn: Arc::default() }
    }

    /// Begins to watch the project, the store and the machine.
    pub fn watch(&self) {
        watch::begin(&self.project, &self.sender);
    }

    /// Does an effect; those of the terminal are the loop's.
    pub fn run(&self, effect: Effect) {
        match effect {
            Effect::StartApply(id) => self.start_apply(id),
            Effect::RunCommand(arguments) => self.run_command(arguments),
            Effect::StopApply(pid) => self.stop_apply(pid),
            Effect::OpenExperiment(id) => past::open(&self.project, &self.sender, id),
            Effect::ReadWorkloads(id, experiment) => past::workloads(&self.project, &self.sender, id, experiment),
            Effect::ReadProfile(key) => profiled::read(&self.project, &self.sender, key),
            Effect::ReadPlan(since) => planned::read(&self.project, &self.sender, since),
            Effect::ReadScreens => screened::list(&self.project, &self.sender),
            Effect::ReadScreen(id) => screened::one(&self.project, &self.sender, id),
            Effect::ReadNoise => screened::noise(&self.project, &self.sender),
            Effect::ReadTrend(id) => screened::trend(&self.project, &self.sender, id),
            Effect::ReadPatch(key) => assigned::patch(&self.project, &self.sender, key),
            Effect::ForeseeTrain(commits) => assigned::train(&self.project, &self.sender, commits),
            Effect::ReadOutput(key, from) => assigned::output(&self.project, &self.sender, key, from),
            Effect::StopAttempt(worker) => self.stop_attempt(worker),
            Effect::DrawPictures(key) => profiled::pictures(&self.project, &self.sender, key),
            Effect::Quit
            | Effect::Suspend
            | Effect::Redraw
            | Effect::CaptureMouse(_)
            | Effect::TellFrameTimes
            | Effect::Edit(_)
            | Effect::Copy(_) => {}
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

    /// Runs a short command of the workbench; the last it says is told.
    fn run_command(&self, arguments: Vec<String>) {
        let (root, sender) = (self.project.root().to_path_buf(), self.sender.clone());
        // The lock is fair. Taken in the task: the loop waits for nothing.
        let turn = Arc::clone(&self.turn);
        tokio::spawn(async move {
            let _turn = turn.lock().await;
            let shown = status::shown(&arguments);
            let told = match output_of(&root, &arguments).await {
                Ok(output) if output.status.success() => Ok(telling_line(&output.stdout).unwrap_or(shown)),
                Ok(output) => {
                    Err(telling_line(&output.stderr).unwrap_or_else(|| format!("{shown}: {}", output.status)))
                }
                Err(error) => Err(format!("{shown} cannot be run: {error}")),
            };
            // When the interface has gone, nobody waits for this.
            let _ = sender.send(Msg::Done(told));
        });
    }

    /// The file of an improvement.
    pub fn file_of(&self, id: &ImprovementId) -> PathBuf {
        self.project.improvements_dir().join(format!("{id}.yaml"))
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

    /// Tells the supervisor, which sees to the process group itself: a signal to the group from here would be an end by accident.
    fn stop_attempt(&self, worker: Worker) {
        let pid = worker.pid;
        let outcome = match worker.is_alive().then(|| kill(Pid::from_raw(pid), Signal::SIGTERM)) {
            Some(Ok(())) => Ok(format!("told supervisor {pid} to stop its agent: INT, then TERM, then KILL")),
            Some(Err(error)) => Err(format!("supervisor {pid} cannot be told: {}", error.desc())),
            None => Err(format!("supervisor {pid} is gone; `workbench recover` looks after what it left")),
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

/// Runs the workbench, and waits for its end.
async fn output_of(root: &Path, arguments: &[String]) -> io::Result<std::process::Output> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--project").arg(root).args(arguments).stdin(Stdio::null()).kill_on_drop(false);
    command.output().await
}

/// The sentence that matters: of an error the one that names it, else the first line.
fn telling_line(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let named = text.lines().map(str::trim).find_map(|line| line.strip_prefix("× "));
    named.or_else(|| lines.next()).map(str::to_owned)
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
