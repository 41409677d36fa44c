//! One run of a program: a process of its own, its output, its time.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use probe::protocol::Failure;

use super::task::Task;
use crate::machine::processes::die_with_parent;

/// No bench prints more for people.
const OUTPUT_MAX_BYTES: u64 = 16 << 20;

/// What a run left behind.
#[derive(Debug)]
pub(super) struct Ran {
    /// Its stdout.
    pub(super) stdout: String,
    /// From its start to its end.
    pub(super) elapsed: Duration,
    /// CPU time of it and its children.
    pub(super) cpu: Duration,
}

/// Where the runs of one process of a pair write.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    /// What `{out}` names.
    pub(super) out: PathBuf,
    /// Where criterion writes.
    pub(super) criterion: PathBuf,
}

impl Desk {
    /// In the working directory that the lab has given this process: removed with it.
    pub(super) fn in_folder(work: &Path) -> Self {
        Self { out: work.join("out"), criterion: work.join("criterion") }
    }

    /// Nothing of an earlier run may be taken for this one's.
    fn clear(&self) {
        let _ = fs::remove_file(&self.out);
        let _ = fs::remove_dir_all(&self.criterion);
    }
}

/// Runs `command` to its end. Its stderr goes where ours goes: the lab keeps the end of it.
pub(super) fn run(task: &Task, desk: &Desk, command: &[OsString]) -> Result<Ran, Failure> {
    desk.clear();
    let (program, args) =
        command.split_first().ok_or_else(|| Failure::new("the command is empty", "name a program"))?;
    let shown = shown(command);
    let mut child = Command::new(program);
    child.args(args).current_dir(&task.folder).stdin(Stdio::null()).stdout(Stdio::piped());
    child.env("CARGO_MANIFEST_DIR", &task.folder).env("CRITERION_HOME", &desk.criterion).env("NO_COLOR", "1");
    die_with_parent(&mut child);
    let (started, cpu_before) = (Instant::now(), cpu_of_children());
    let mut child = child.spawn().map_err(|error| {
        Failure::fatal(format!("cannot run `{shown}`: {error}"), "see `target.adapter.command` in workbench.yaml")
    })?;
    let mut bytes = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        // Whatever goes wrong here, how it ends says more.
        let _ = stdout.take(OUTPUT_MAX_BYTES).read_to_end(&mut bytes);
    }
    let status = child.wait().map_err(|error| Failure::fatal(format!("lost `{shown}`: {error}"), ""))?;
    let (elapsed, cpu) = (started.elapsed(), cpu_of_children().saturating_sub(cpu_before));
    if !status.success() {
        let last: Vec<String> = String::from_utf8_lossy(&bytes).lines().rev().take(3).map(str::to_owned).collect();
        let last = last.into_iter().rev().collect::<Vec<_>>().join(" ⏎ ");
        let last = if last.is_empty() { last } else { format!("; the end of its output: {last}") };
        return Err(Failure::fatal(format!("`{shown}` failed ({status}){last}"), "run it by hand to see why"));
    }
    Ok(Ran { stdout: String::from_utf8_lossy(&bytes).into_owned(), elapsed, cpu })
}

/// A command line for people.
pub(super) fn shown(command: &[OsString]) -> String {
    let name = |(index, word): (usize, &OsString)| match index {
        0 => Path::new(word).file_name().unwrap_or(word).to_string_lossy().into_owned(),
        _ => word.to_string_lossy().into_owned(),
    };
    command.iter().enumerate().map(name).collect::<Vec<_>>().join(" ")
}

/// User and system time of all children that have ended.
fn cpu_of_children() -> Duration {
    let time = |value: TimeVal| Duration::new(value.tv_sec().unsigned_abs(), value.tv_usec() as u32 * 1000);
    getrusage(UsageWho::RUSAGE_CHILDREN)
        .map_or(Duration::ZERO, |usage| time(usage.user_time()) + time(usage.system_time()))
}
