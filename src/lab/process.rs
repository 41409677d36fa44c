//! Child processes that never outlive the workbench.
//!
//! Each child leads a process group of its own, so that a terminal's Ctrl-C does not reach it before the workbench has
//! decided what to do, and so that it ends together with whatever it started:
//!
//! | how the workbench goes          | what ends the group |
//! |---|---|
//! | returns, fails, is interrupted  | [`Group`]'s `Drop`: KILL to the whole group |
//! | `kill -9`                       | the kernel's parent-death signal to the leader; for compilers, which start others, a watcher in the group that sees the pipe from the workbench close |
//! | the machine loses power         | nothing is left; at the next start [`sweep`] reads stale records and touches no reused pid |

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::machine::processes::{die_with_parent, started_ticks};

/// A child that leads its own process group. Dropping it kills the group.
#[derive(Debug)]
pub struct Group {
    child: Child,
    leader: Pid,
    record: PathBuf,
}

impl Group {
    /// Starts `command` with piped stdin, stdout and stderr, and records it in the folder `running`.
    pub fn spawn(command: &mut Command, running: &Path) -> io::Result<Self> {
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        die_with_parent(command.as_std_mut());
        let child = spawn_when_closed(command)?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).ok_or(io::ErrorKind::NotFound)?;
        let group = Self { child, leader: Pid::from_raw(pid), record: running.join(pid.to_string()) };
        // Recorded after the fact: were the record missing, the parent-death signal would still end the child.
        let what = command.as_std().get_program().to_string_lossy().into_owned();
        fs::write(&group.record, format!("{} {what}\n", started_ticks(pid).unwrap_or_default()))?;
        Ok(group)
    }

    /// The leader's process id.
    pub fn pid(&self) -> i32 {
        self.leader.as_raw()
    }

    /// The pipes, once.
    pub fn take_pipes(&mut self) -> Option<(ChildStdin, ChildStdout, ChildStderr)> {
        Some((self.child.stdin.take()?, self.child.stdout.take()?, self.child.stderr.take()?))
    }

    /// Waits for the leader to end. The rest of the group is ended when `self` is dropped.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Stops the whole group where it stands: it uses no CPU until [`Group::unpark`].
    pub fn park(&self) -> io::Result<()> {
        Ok(killpg(self.leader, Signal::SIGSTOP)?)
    }

    /// Lets a parked group go on.
    pub fn unpark(&self) -> io::Result<()> {
        Ok(killpg(self.leader, Signal::SIGCONT)?)
    }
}

/// A program that was just written may still be open for writing in a child that some thread has forked and that has
/// not come to its `exec`: for so long the kernel refuses to run it (`ETXTBSY`).
fn spawn_when_closed(command: &mut Command) -> io::Result<Child> {
    const TRIES: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(10);
    for _ in 1..TRIES {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => std::thread::sleep(PAUSE),
            spawned => return spawned,
        }
    }
    command.spawn()
}

impl Drop for Group {
    fn drop(&mut self) {
        // ESRCH: nobody left to kill.
        let _ = killpg(self.leader, Signal::SIGKILL);
        let _ = self.child.try_wait();
        let _ = fs::remove_file(&self.record);
    }
}

/// A command whose whole process tree ends when the workbench does: `program` runs in a group together with a watcher
/// that kills the group as soon as the workbench's end of its stdin closes. For programs that read no input.
pub fn watched_command(program: impl AsRef<OsStr>) -> Command {
    const WATCHER: &str = r#"
        exec 3<&0 0</dev/null
        { read _ <&3; kill -KILL 0; } >/dev/null 2>&1 &
        exec 3<&-
        exec "$0" "$@"
    "#;
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(WATCHER).arg(program);
    command
}

/// Kills recorded process groups that are still the ones recorded, and removes the records. Returns what was found.
pub fn sweep(running: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(running)?.flatten() {
        let record = fs::read_to_string(entry.path()).unwrap_or_default();
        let pid = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
        let (started, what) = record.trim_end().split_once(' ').unwrap_or_default();
        if let Some(pid) = pid.filter(|&pid| pid > 1)
            && is_still(pid, started)
        {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
            found.push(format!("a process of an interrupted run: {what} (pid {pid})"));
        }
        fs::remove_file(entry.path())?;
    }
    Ok(found)
}

/// Whether `pid` names the process that started then, or, its leader gone, a group that is left of it: a pid is not
/// given out again while a group still bears it.
fn is_still(pid: i32, started: &str) -> bool {
    match started_ticks(pid) {
        Some(now) => now.to_string() == started,
        None => killpg(Pid::from_raw(pid), None).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    use tokio::io::AsyncReadExt;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(script);
        command
    }

    fn gone(pid: i32) -> bool {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).ok();
        state.is_none_or(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z')))
    }

    fn eventually(mut holds: impl FnMut() -> bool) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if holds() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    #[tokio::test]
    async fn a_program_that_somebody_still_has_open_is_run_when_it_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::copy("/bin/true", &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let writer = fs::OpenOptions::new().append(true).open(&program).unwrap();
        let closed = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(writer);
        });
        let mut group = Group::spawn(&mut Command::new(&program), folder.path()).unwrap();
        assert!(group.wait().await.unwrap().success());
        closed.join().unwrap();
    }

    #[tokio::test]
    async fn a_dropped_group_takes_its_grandchildren_along() {
        let running = tempfile::tempdir().unwrap();
        let mut group = Group::spawn(&mut shell("sleep 1000 & echo $!; wait"), running.path()).unwrap();
        let (_stdin, mut stdout, _stderr) = group.take_pipes().unwrap();
        let mut line = [0; 32];
        let length = stdout.read(&mut line).await.unwrap();
        let grandchild: i32 = std::str::from_utf8(&line[..length]).unwrap().trim().parse().unwrap();
        assert_eq!(fs::read_dir(running.path()).unwrap().count(), 1);
        assert!(!gone(grandchild));
        drop(group);
        assert!(eventually(|| gone(grandchild)));
        assert_eq!(fs::read_dir(running.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_watched_tree_ends_when_its_pipe_closes() {
        let running = tempfile::tempdir().unwrap();
        let mut command = watched_command("/bin/sh");
        command.arg("-c").arg("sleep 1000 & echo $!; wait");
        let mut group = Group::spawn(&mut command, running.path()).unwrap();
        let (stdin, mut stdout, _stderr) = group.take_pipes().unwrap();
        let mut line = [0; 32];
        let length = stdout.read(&mut line).await.unwrap();
        let grandchild: i32 = std::str::from_utf8(&line[..length]).unwrap().trim().parse().unwrap();
        // As when the workbench is killed: only the pipe closes, nobody kills the group.
        drop(stdin);
        assert!(eventually(|| gone(grandchild)));
    }

    #[tokio::test]
    async fn a_watched_command_ends_by_itself_with_its_own_status() {
        let running = tempfile::tempdir().unwrap();
        let mut command = watched_command("/bin/sh");
        command.arg("-c").arg("exit 7");
        let mut group = Group::spawn(&mut command, running.path()).unwrap();
        let _pipes = group.take_pipes().unwrap();
        assert_eq!(group.wait().await.unwrap().code(), Some(7));
    }

    #[tokio::test]
    async fn a_parked_group_stands_still() {
        let running = tempfile::tempdir().unwrap();
        let group = Group::spawn(&mut shell("while :; do :; done"), running.path()).unwrap();
        group.park().unwrap();
        let state = || fs::read_to_string(format!("/proc/{}/stat", group.pid())).unwrap();
        assert!(eventually(|| state().contains(") T ")));
        group.unpark().unwrap();
        assert!(eventually(|| state().contains(") R ")));
    }

    #[tokio::test]
    async fn a_sweep_ends_what_was_recorded_and_nothing_else() {
        let running = tempfile::tempdir().unwrap();
        let group = Group::spawn(&mut shell("exec sleep 1000"), running.path()).unwrap();
        let (pid, record) = (group.pid(), group.record.clone());
        // Another process under a recorded pid: started at another time, so not ours.
        fs::write(&record, "1 sleep\n").unwrap();
        assert_eq!(sweep(running.path()).unwrap(), Vec::<String>::new());
        assert!(!gone(pid));
        fs::write(&record, format!("{} sleep\n", started_ticks(pid).unwrap())).unwrap();
        assert_eq!(sweep(running.path()).unwrap().len(), 1);
        assert!(eventually(|| gone(pid)));
        drop(group);
    }
}
