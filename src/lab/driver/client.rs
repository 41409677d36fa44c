//! One driver process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use probe::protocol::{
    Check, Command, Event, Finished, Hello, Load, Loaded, Params, Profile, ProfileKind, ProfileRequest, Slice,
    SliceDone, Switch, VERSION,
};
use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, ChildStdout};

use super::error::{DriverError, Fault};
use super::output::{LINE_MAX, Line, Lines, Tail};
use crate::lab::experiment::Side;
use crate::lab::folder::WorkFolder;
use crate::lab::process::Group;

/// A driver that has closed its output gets this long to end before it counts as mute.
const END_GRACE: Duration = Duration::from_secs(2);

/// A garbled line is shown up to this length.
const SHOWN_CHARS: usize = 120;

/// How to start a driver.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Which arm it is.
    pub side: Side,
    /// The binary.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables set for it.
    pub env: BTreeMap<String, OsString>,
    /// The sources it must have been built from; not checked when absent (a driver that was not built here).
    pub source: Option<String>,
    /// Features that it must say it has: those that tell it from the other arm.
    pub with: Vec<String>,
    /// Features that it must not say it has: those of the other arm alone.
    pub without: Vec<String>,
    /// How long it may be silent.
    pub answer_limit: Duration,
    /// Where living processes are recorded.
    pub running: PathBuf,
}

/// A running driver. Dropping it ends its process group and removes its data.
#[derive(Debug)]
pub struct Driver {
    group: Group,
    stdin: ChildStdin,
    lines: Lines<ChildStdout>,
    stderr: Tail,
    side: Side,
    answer_limit: Duration,
    hello: Hello,
    // Last: the data goes after the process that uses it.
    _work: WorkFolder,
}

type Outcome<T> = Result<T, Box<DriverError>>;

impl Driver {
    /// Starts a driver in `work` and checks that it is the one asked for.
    ///
    /// Its environment is padded by `padding` bytes: where the stack begins depends on it, and a layout that happens to
    /// suit one arm must not follow that arm through all pairs.
    pub async fn start(launch: &Launch, work: WorkFolder, padding: usize) -> Outcome<Self> {
        let mut command = tokio::process::Command::new(&launch.program);
        command.args(&launch.args).envs(&launch.env).current_dir(work.path());
        // Temporary files belong where they are measured and cleared away: on the disk of the lab.
        command.env("TMPDIR", work.path()).env("WB_PADDING", "x".repeat(padding));
        let not_started = |error| {
            let fault = Fault::NotStarted(error);
            Box::new(DriverError { side: launch.side, command: "start".to_owned(), fault, stderr: Vec::new() })
        };
        let mut group = Group::spawn(&mut command, &launch.running).map_err(not_started)?;
        let (stdin, stdout, stderr) =
            group.take_pipes().ok_or_else(|| not_started(std::io::ErrorKind::BrokenPipe.into()))?;
        let mut driver = Self {
            group,
            stdin,
            lines: Lines::new(stdout),
            stderr: Tail::of(stderr),
            side: launch.side,
            answer_limit: launch.answer_limit,
            hello: Hello::default(),
            _work: work,
        };
        driver.hello = match driver.ask(&Command::Hello, "say hello").await? {
            Event::Hello(hello) => hello,
            other => return Err(driver.wrong_event("say hello", &other).await),
        };
        match stranger(&driver.hello, launch) {
            Some(fault) => Err(driver.error("say hello", fault).await),
            None => Ok(driver),
        }
    }

    /// Who it says it is.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.group.pid()
    }

    /// Which arm it is.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Builds the data of a workload.
    pub async fn load(&mut self, workload: &str, seed: u64, params: &Params) -> Outcome<Loaded> {
        let load = Load { workload: workload.to_owned(), seed, params: params.clone() };
        let doing = format!("load {workload}");
        match self.ask(&Command::Load(load), &doing).await? {
            Event::Loaded(loaded) => Ok(loaded),
            other => Err(self.wrong_event(&doing, &other).await),
        }
    }

    /// Does a stretch of work. The group is awake for it alone.
    pub async fn slice(&mut self, slice: Slice) -> Outcome<SliceDone> {
        let doing = match (slice.ops, slice.ms) {
            (Some(ops), _) => format!("do a slice of {ops} operations"),
            (None, ms) => format!("do a slice of {} ms", ms.unwrap_or_default()),
        };
        match self.ask(&Command::Slice(slice), &doing).await? {
            Event::Slice(done) => Ok(done),
            other => Err(self.wrong_event(&doing, &other).await),
        }
    }

    /// Begins to record profiles of all slices until [`Driver::profile_off`], with `hz` samples per CPU-second.
    pub async fn profile_on(&mut self, kinds: Vec<ProfileKind>, hz: u32) -> Outcome<()> {
        let request = ProfileRequest { state: Switch::On, kinds, hz: Some(hz) };
        match self.ask(&Command::Profile(request), "begin a profile").await? {
            Event::Profile(_) => Ok(()),
            other => Err(self.wrong_event("begin a profile", &other).await),
        }
    }

    /// Ends the recording and returns it.
    pub async fn profile_off(&mut self) -> Outcome<Profile> {
        let request = ProfileRequest { state: Switch::Off, kinds: Vec::new(), hz: None };
        match self.ask(&Command::Profile(request), "end a profile").await? {
            Event::Profile(profile) => Ok(profile),
            other => Err(self.wrong_event("end a profile", &other).await),
        }
    }

    /// Checks its answers.
    pub async fn check(&mut self) -> Outcome<Check> {
        match self.ask(&Command::Check, "check its answers").await? {
            Event::Check(check) => Ok(check),
            other => Err(self.wrong_event("check its answers", &other).await),
        }
    }

    /// Its totals; it ends by itself then.
    pub async fn finish(mut self) -> Outcome<Finished> {
        match self.ask(&Command::Finish, "finish").await? {
            Event::Finished(finished) => Ok(finished),
            other => Err(self.wrong_event("finish", &other).await),
        }
    }

    /// Like [`Driver::finish`], and waits until it has ended: for what a program leaves behind in its last moment.
    pub async fn finish_and_end(mut self) -> Outcome<()> {
        match self.ask(&Command::Finish, "finish").await? {
            Event::Finished(_) => {}
            other => return Err(self.wrong_event("finish", &other).await),
        }
        match tokio::time::timeout(self.answer_limit, self.group.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(self.error("end", died(status)).await),
            Ok(Err(_)) => Err(self.error("end", Fault::Died(ExitStatus::default())).await),
            Err(_) => Err(self.error("end", Fault::Silent(self.answer_limit)).await),
        }
    }

    /// Stops it where it stands.
    pub async fn park(&mut self) -> Outcome<()> {
        match self.group.park() {
            Ok(()) => Ok(()),
            Err(_) => Err(self.ended("wait for its turn").await),
        }
    }

    /// Lets it go on.
    pub async fn unpark(&mut self) -> Outcome<()> {
        match self.group.unpark() {
            Ok(()) => Ok(()),
            Err(_) => Err(self.ended("wait for its turn").await),
        }
    }

    /// One command, one closing event. Progress is a sign of life and nothing else.
    async fn ask(&mut self, command: &Command, doing: &str) -> Outcome<Event> {
        // A command always serializes: its keys are text and its numbers finite.
        let mut line = serde_json::to_vec(command).unwrap_or_default();
        line.push(b'\n');
        if self.stdin.write_all(&line).await.is_err() {
            return Err(self.ended(doing).await);
        }
        loop {
            let line = match tokio::time::timeout(self.answer_limit, self.lines.next()).await {
                Err(_) => return Err(self.error(doing, Fault::Silent(self.answer_limit)).await),
                Ok(Err(_) | Ok(Line::End)) => return Err(self.ended(doing).await),
                Ok(Ok(Line::Endless)) => return Err(self.error(doing, Fault::Endless { limit: LINE_MAX }).await),
                Ok(Ok(Line::Text(line))) => line,
            };
            match serde_json::from_slice::<Event>(&line) {
                Ok(Event::Progress(_)) => {}
                Ok(Event::Error(failure)) => return Err(self.error(doing, Fault::Refused(failure)).await),
                Ok(event) => return Ok(event),
                Err(error) => {
                    let fault = Fault::Garbage { line: shown(&line), why: error.to_string() };
                    return Err(self.error(doing, fault).await);
                }
            }
        }
    }

    /// The error of a driver whose pipe broke: how it ended, if it did.
    async fn ended(&mut self, doing: &str) -> Box<DriverError> {
        let fault = match tokio::time::timeout(END_GRACE, self.group.wait()).await {
            Ok(Ok(status)) => died(status),
            Ok(Err(_)) => Fault::Died(ExitStatus::default()),
            Err(_) => Fault::Mute,
        };
        self.error(doing, fault).await
    }

    async fn wrong_event(&mut self, doing: &str, event: &Event) -> Box<DriverError> {
        self.error(doing, Fault::WrongEvent { event: name(event) }).await
    }

    async fn error(&mut self, doing: &str, fault: Fault) -> Box<DriverError> {
        let stderr = self.stderr.last().await;
        Box::new(DriverError { side: self.side, command: doing.to_owned(), fault, stderr })
    }
}

fn died(status: ExitStatus) -> Fault {
    if status.signal() == Some(nix::libc::SIGKILL) { Fault::Killed } else { Fault::Died(status) }
}

/// What is wrong with a driver that is not the one asked for.
fn stranger(hello: &Hello, launch: &Launch) -> Option<Fault> {
    if hello.protocol != VERSION {
        return Some(Fault::OtherProtocol { theirs: hello.protocol });
    }
    if let Some(wanted) = &launch.source
        && hello.source.as_ref() != Some(wanted)
    {
        return Some(Fault::OtherSource { wanted: wanted.clone(), has: hello.source.clone() });
    }
    let missing = launch.with.iter().find(|feature| !hello.features.contains(feature)).map(|feature| (feature, true));
    let foreign =
        launch.without.iter().find(|feature| hello.features.contains(feature)).map(|feature| (feature, false));
    missing.or(foreign).map(|(feature, wanted)| Fault::OtherFeatures { feature: feature.clone(), wanted })
}

fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let clean: String = text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
    if text.chars().count() > SHOWN_CHARS { clean + "…" } else { clean }
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::Hello(_) => "hello",
        Event::Progress(_) => "progress",
        Event::Loaded(_) => "loaded",
        Event::Slice(_) => "slice",
        Event::Profile(_) => "profile",
        Event::Check(_) => "check",
        Event::Finished(_) => "finished",
        Event::Error(_) => "error",
    }
}
