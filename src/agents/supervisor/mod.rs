//! One small process for each running attempt, which outlives whoever has started it.
//!
//! ```text
//!  workbench assign ──▶ workbench supervise ─┬─ stdin ◀── the brief
//!                        │  a session of its  ├─ stdout, stderr ──▶ attempt-<n>.jsonl       to the byte, up to the quota
//!                        │  own; what its     └─ leads a process group; the token is in its environment
//!                        │  agent orphans
//!                        │  becomes its child
//!                        ├──▶ store: started, a beat every second, how it ended
//!                        └──▶ gives way while somebody measures ([`GivingWay`])
//! ```
//!
//! | the agent …                    | what ends it |
//! |---|---|
//! | ends by itself                 | what it left behind is killed: whatever is below the supervisor, or bears the token |
//! | takes too long, says too much, fills its folder, is stopped | INT, grace, TERM, grace, KILL to its group; then the same |
//! | loses its supervisor to `kill -9` | the kernel kills its leader; `workbench recover` finds the rest by group and token |

mod disk;
mod group;
mod output;

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use self::disk::Disk;
use self::group::AgentGroup;
use self::output::Output;
use super::facts::{Ended, Ending, Role, Worker};
use crate::machine::{GivingWay, Owner, Place, lease, processes};

pub use group::sweep;
pub use output::{Kept, Stream, read_output, read_record};

/// Holds the token of an attempt, in the environment of all that belongs to it.
pub const TOKEN_VARIABLE: &str = "WORKBENCH_ATTEMPT";

/// Holds the number of the assignment.
pub const ASSIGNMENT_VARIABLE: &str = "WORKBENCH_ASSIGNMENT";

/// How often limits are looked at.
const TICK: Duration = Duration::from_millis(200);

/// How often a sign of life is given.
const BEAT: Duration = Duration::from_secs(1);

/// Once nobody is left, what is still in the pipes is read for so long.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// What a supervisor says of a signal that it has just sent, after the signal's name.
const SENT: &str = "was sent to its process group";

/// What an agent that must end is told, one after the other.
pub const LADDER: [&str; 3] = ["INT", "TERM", "KILL"];

/// Which of [`LADDER`] was sent last, from a sign of life.
pub fn rung(activity: &str) -> Option<usize> {
    LADDER.iter().position(|name| activity.strip_prefix(name).is_some_and(|rest| rest.trim() == SENT))
}

/// What is to be run, and watched over.
#[derive(Debug)]
pub struct Task {
    /// What others are told while it runs: `agent 1 on T003`.
    pub what: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// The working directory.
    pub folder: PathBuf,
    /// Its standard input.
    pub brief: PathBuf,
    /// Added to the environment.
    pub env: Vec<(String, String)>,
    /// The attempt's token.
    pub token: String,
    /// Where its output goes.
    pub output: PathBuf,
    /// The folder of all that is the assignment's.
    pub home: PathBuf,
    /// What it may.
    pub limits: Allowed,
}

/// What an attempt may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// Wall time, but for the time in which somebody measures.
    pub time: Duration,
    /// Bytes of output.
    pub output_bytes: u64,
    /// Bytes that the assignment's folder may take on the disk.
    pub disk_bytes: u64,
    /// How long it has to end after INT, and again after TERM.
    pub grace: Duration,
}

/// Where a supervisor writes down what happens.
pub trait Logbook {
    /// What can go wrong: the store's own error.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The agent runs. Durable when it returns.
    fn started(&mut self, agent: Worker) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// A sign of life; it may be lost.
    fn alive(&mut self, activity: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What ended the watch.
enum Why {
    Exited(ExitStatus),
    Must(Ending, String),
}

/// Runs the agent to its end, and ends all that it leaves. How it ended says also why it could not begin; an error is only what
/// nobody could write down.
pub async fn run<L: Logbook>(
    task: &Task,
    place: &Place,
    logbook: &mut L,
    stop: impl Future<Output = ()>,
) -> io::Result<Ended> {
    let mut output = Output::create(&task.output, task.limits.output_bytes)?;
    let us = Owner::new(task.what.clone(), &task.folder);
    let giving_way = GivingWay::begin(place, &us, &mut |note| drop(output.say(&note)))?;
    let mut watch = match spawn(task) {
        Ok(mut group) => {
            let (to, from) = channel(16);
            group.listen(|stream, pipe| drop(tokio::spawn(pump(pipe, stream, to.clone()))));
            Watch { task, place, group, from, output, logbook, activity: String::new(), full: false }
        }
        Err(error) => {
            let reason = format!("`{}` cannot be run: {error}", task.command.join(" "));
            output.say(&reason)?;
            let bytes = output.close();
            return Ok(ended(Ending::Failed, reason, None, bytes, 0));
        }
    };
    // From here on nothing may keep us from ending what was begun: what cannot be written down ends it too.
    let why = watch.until_the_end(stop).await;
    let why = why.unwrap_or_else(|error| Why::Must(Ending::Failed, format!("its output cannot be kept: {error}")));
    let (ending, mut reason, exit_code) = match why {
        Why::Exited(status) => by_itself(status),
        Why::Must(ending, reason) => {
            let _ = watch.output.say(&reason);
            giving_way.let_go();
            let signal = watch.make_it_end().await?;
            (ending, format!("{reason}; ended by {signal}"), None)
        }
    };
    let left_behind = group::sweep_all(&task.token);
    watch.drain().await;
    if watch.full && ending != Ending::TooMuchOutput {
        reason += &format!("; it said more than the {} bytes that are kept", task.limits.output_bytes);
    }
    if left_behind > 0 {
        let what = if left_behind == 1 { "a process" } else { "processes" };
        reason += &format!("; {what} that it left behind ({left_behind}) was ended");
    }
    let _ = watch.output.say(&reason);
    let bytes = watch.output.close();
    Ok(ended(ending, reason, exit_code, bytes, left_behind))
}

/// An agent under watch.
struct Watch<'a, L: Logbook> {
    task: &'a Task,
    place: &'a Place,
    group: AgentGroup,
    from: Receiver<(Stream, Vec<u8>)>,
    output: Output,
    logbook: &'a mut L,
    /// The last thing that it said.
    activity: String,
    /// It has said all that it may.
    full: bool,
}

impl<L: Logbook> Watch<'_, L> {
    async fn until_the_end(&mut self, stop: impl Future<Output = ()>) -> io::Result<Why> {
        let worker = Worker { role: Role::Agent, pid: self.group.pid(), started_ticks: self.group.started_ticks() };
        if let Err(error) = self.logbook.started(worker).await {
            // Unknown to the store it must not run on.
            return Ok(Why::Must(Ending::Failed, format!("it cannot be written down that it runs: {error}")));
        }
        let mut stop = std::pin::pin!(stop);
        let mut tick = tokio::time::interval(TICK);
        let mut disk = Disk::of(&self.task.home);
        let (mut worked, mut looked, mut beaten) = (Duration::ZERO, Instant::now(), None::<Instant>);
        loop {
            tokio::select! {
                status = self.group.wait() => return Ok(Why::Exited(status?)),
                Some((stream, bytes)) = self.from.recv() => {
                    self.take(stream, &bytes)?;
                    if self.full {
                        let limit = self.task.limits.output_bytes;
                        let reason = format!("it said more than the {limit} bytes that are kept of an attempt");
                        return Ok(Why::Must(Ending::TooMuchOutput, reason));
                    }
                }
                _ = tick.tick() => {
                    if !lease::is_quiet(self.place) {
                        worked += looked.elapsed();
                        // While somebody measures it stands still, and grows no further.
                        if let Some(reason) = too_much(disk.look().await, self.task.limits.disk_bytes) {
                            return Ok(Why::Must(Ending::TooMuchDisk, reason));
                        }
                    }
                    looked = Instant::now();
                    if worked > self.task.limits.time {
                        let limit = told(self.task.limits.time);
                        return Ok(Why::Must(Ending::OutOfTime, format!("it took longer than {limit}")));
                    }
                    self.output.flush()?;
                    if beaten.is_none_or(|at| at.elapsed() >= BEAT) {
                        beaten = Some(Instant::now());
                        // A picture: that it could not be shown ends nobody's work.
                        let _ = self.logbook.alive(&self.activity).await;
                    }
                }
                () = &mut stop => return Ok(Why::Must(Ending::Stopped, "somebody stopped it".to_owned())),
            }
        }
    }

    /// INT, then TERM, then KILL; the name of the one that was enough.
    async fn make_it_end(&mut self) -> io::Result<&'static str> {
        for (signal, name) in group::LADDER {
            self.group.signal(signal);
            let said = format!("{name} {SENT}");
            let _ = self.output.say(&said);
            let _ = self.logbook.alive(&said).await;
            if self.ends_within(self.task.limits.grace).await? {
                return Ok(name);
            }
        }
        self.group.wait().await?;
        Ok("KILL")
    }

    async fn ends_within(&mut self, grace: Duration) -> io::Result<bool> {
        let deadline = tokio::time::Instant::now() + grace;
        loop {
            tokio::select! {
                status = self.group.wait() => return status.map(|_| true),
                Some((stream, bytes)) = self.from.recv() => drop(self.take(stream, &bytes)),
                () = tokio::time::sleep_until(deadline) => return Ok(false),
            }
        }
    }

    /// What is still on its way once nobody is left to write.
    async fn drain(&mut self) {
        let deadline = tokio::time::Instant::now() + DRAIN_MAX;
        while let Ok(Some((stream, bytes))) = tokio::time::timeout_at(deadline, self.from.recv()).await {
            let _ = self.take(stream, &bytes);
        }
    }

    fn take(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        if let Some(line) = last_line(bytes) {
            self.activity = line;
        }
        self.full = self.output.take(stream, bytes)?;
        Ok(())
    }
}

fn spawn(task: &Task) -> io::Result<AgentGroup> {
    let [program, arguments @ ..] = task.command.as_slice() else { return Err(io::ErrorKind::InvalidInput.into()) };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&task.folder).envs(task.env.iter().cloned());
    command.env(TOKEN_VARIABLE, &task.token).stdin(Stdio::from(File::open(&task.brief)?));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    processes::die_with_parent(command.as_std_mut());
    AgentGroup::of(command.spawn()?)
}

/// Passes on what comes through a pipe.
async fn pump(mut pipe: Box<dyn AsyncRead + Send + Unpin>, stream: Stream, to: Sender<(Stream, Vec<u8>)>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length) = pipe.read(&mut buffer).await {
        if length == 0 || to.send((stream, buffer[..length].to_vec())).await.is_err() {
            return;
        }
    }
}

fn by_itself(status: ExitStatus) -> (Ending, String, Option<i32>) {
    match (status.code(), status.signal()) {
        (Some(0), _) => (Ending::Finished, "it ended by itself".to_owned(), Some(0)),
        (Some(code), _) => (Ending::Failed, format!("it ended with exit code {code}"), Some(code)),
        (None, Some(9)) => (Ending::Killed, "signal 9 ended it, which was not ours".to_owned(), None),
        (None, Some(signal)) => (Ending::Failed, format!("signal {signal} ended it"), None),
        (None, None) => (Ending::Failed, "nobody knows how it ended".to_owned(), None),
    }
}

fn ended(ending: Ending, reason: String, exit_code: Option<i32>, output_bytes: u64, left_behind: u32) -> Ended {
    Ended { at: Timestamp::now(), ending, reason, exit_code, output_bytes, left_behind, snapshot: None }
}

/// Why a folder that takes so much may not, if it may not.
fn too_much(taken_bytes: Option<u64>, limit_bytes: u64) -> Option<String> {
    let taken = taken_bytes.filter(|taken| *taken > limit_bytes)?;
    Some(format!("its folder takes {} MB, and `agents.disk_mb` allows {}", taken >> 20, limit_bytes >> 20))
}

/// `90 s`, `120 min`.
fn told(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 1..180 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

/// The last line with something to read in it, short and without what a terminal would obey.
fn last_line(bytes: &[u8]) -> Option<String> {
    let end = &bytes[bytes.len().saturating_sub(4096)..];
    let text = String::from_utf8_lossy(end);
    let readable =
        |line: &str| line.chars().filter(|c| !c.is_control()).take(120).collect::<String>().trim().to_owned();
    text.lines().rev().map(readable).find(|line| !line.is_empty())
}
