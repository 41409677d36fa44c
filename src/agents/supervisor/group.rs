//! The agent's processes: its group, and whatever else it has started.

use std::collections::BTreeSet;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use tokio::io::AsyncRead;
use tokio::process::Child;

use super::output::Stream;
use crate::machine::processes::{Stat, marked, started_ticks};
use crate::machine::tree::living_below;

/// What an agent that must end is told, one after the other.
pub(super) const LADDER: [(Signal, &str); 3] =
    [(Signal::SIGINT, super::LADDER[0]), (Signal::SIGTERM, super::LADDER[1]), (Signal::SIGKILL, super::LADDER[2])];

/// Every round finds what was started during the last one; killed processes start nothing, so that a few suffice.
const ROUNDS_MAX: usize = 200;

/// An agent that leads its own process group. Dropping it kills the group.
#[derive(Debug)]
pub(super) struct AgentGroup {
    child: Child,
    leader: Pid,
    started_ticks: u64,
    waited: bool,
}

impl AgentGroup {
    /// `child` leads a group of its own.
    pub(super) fn of(child: Child) -> io::Result<Self> {
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).ok_or(io::ErrorKind::NotFound)?;
        let started_ticks = started_ticks(pid).unwrap_or_default();
        Ok(Self { child, leader: Pid::from_raw(pid), started_ticks, waited: false })
    }

    pub(super) fn pid(&self) -> i32 {
        self.leader.as_raw()
    }

    pub(super) fn started_ticks(&self) -> u64 {
        self.started_ticks
    }

    /// Hands out both pipes, once.
    pub(super) fn listen(&mut self, mut to: impl FnMut(Stream, Box<dyn AsyncRead + Send + Unpin>)) {
        if let Some(pipe) = self.child.stdout.take() {
            to(Stream::Stdout, Box::new(pipe));
        }
        if let Some(pipe) = self.child.stderr.take() {
            to(Stream::Stderr, Box::new(pipe));
        }
    }

    /// Waits for the leader.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.waited = true;
        Ok(status)
    }

    /// Tells the whole group. Its number is the one captured at the start: while the leader was not waited for, the kernel gives it to
    /// nobody else.
    pub(super) fn signal(&self, signal: Signal) {
        if !self.waited {
            let _ = killpg(self.leader, signal);
        }
    }
}

impl Drop for AgentGroup {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

/// Kills whatever is below this process or bears the token, until nothing is left: for a supervisor, which has no other children. Returns how
/// many were ended.
pub(super) fn sweep_all(token: &str) -> u32 {
    let me = i32::try_from(std::process::id()).unwrap_or_default();
    let ended = kill_all(|| [living_below(me), marked(super::TOKEN_VARIABLE, token)].concat());
    bury();
    ended
}

/// Kills whatever bears the token in its environment, until nothing is left. Returns how many were ended.
pub fn sweep(token: &str) -> u32 {
    kill_all(|| marked(super::TOKEN_VARIABLE, token))
}

fn kill_all(left: impl Fn() -> Vec<Stat>) -> u32 {
    let me = i32::try_from(std::process::id()).unwrap_or_default();
    let mut ended: BTreeSet<(i32, u64)> = BTreeSet::new();
    for _ in 0..ROUNDS_MAX {
        let left: Vec<Stat> = left().into_iter().filter(|stat| stat.pid != me).collect();
        if left.is_empty() {
            break;
        }
        for stat in left {
            if kill(Pid::from_raw(stat.pid), Signal::SIGKILL).is_ok() {
                ended.insert((stat.pid, stat.started_ticks));
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    u32::try_from(ended.len()).unwrap_or(u32::MAX)
}

/// Asks after children that have ended: orphans of the agent that the kernel gave to us.
fn bury() {
    while matches!(
        waitpid(None, Some(WaitPidFlag::WNOHANG)),
        Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..) | WaitStatus::Stopped(..) | WaitStatus::Continued(..))
    ) {}
}
