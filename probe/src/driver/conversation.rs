//! The loop between the workbench and a [`Driver`]: one answer to every line, whatever the line.
//!
//! ```text
//!            load ok                     finish, end of input, fatal error
//!  Empty ────────────────▶ Loaded ─────────────────────────────────────────▶ exit
//!    │ slice, check: error    │ load: error
//! ```

use std::any::Any;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use super::alloc_profile::AllocProfile;
use super::contract::{Description, Driver, Measured, Waited};
use super::cpu_profile::{CpuProfile, MAX_HZ};
use super::folded::{lines as folded_lines, nanos};
use super::latency::encode_latency;
use super::lines::{self, Line};
use super::params::nearest;
use super::usage::{cpu_ns, peak_memory_bytes};
use crate::protocol::{
    Budget, Command, Event, Failure, Finished, FoldedProfile, FoldedUnit, Hello, Load, Loaded, Params, Profile,
    ProfileKind, ProfileRequest, SliceDone, Switch, VERSION,
};

const COMMANDS: &str = "send one of hello, load, slice, profile, check, finish";

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By `finish`.
    Finished,
    /// The other end went away; the driver was finished all the same.
    EndOfInput,
    /// The driver could not go on.
    Fatal,
}

/// Speaks the protocol on stdin and stdout until `finish` or end of input.
///
/// Standard output is taken over for the protocol: whatever else the program prints goes to stderr.
/// SIGTERM and SIGINT keep their default: the process dies, and with it what was loaded.
pub fn run(driver: impl Driver) -> ExitCode {
    let output = match reserve_stdout() {
        Ok(output) => output,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: standard output cannot be reserved for the protocol: {error}");
            return ExitCode::FAILURE;
        }
    };
    match converse(driver, io::stdin().lock(), output) {
        Ok(Ending::Finished | Ending::EndOfInput) => ExitCode::SUCCESS,
        Ok(Ending::Fatal) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: the other end of the protocol is gone: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The loop over any pair of streams.
pub fn converse(driver: impl Driver, mut input: impl BufRead, output: impl Write) -> io::Result<Ending> {
    let mut conversation = Conversation { driver, output, loaded: false, profiling: None };
    loop {
        let answer = match lines::read(&mut input)? {
            Line::End => {
                let event = conversation.finish();
                conversation.say(&event)?;
                return Ok(Ending::EndOfInput);
            }
            Line::Text(text) if text.is_empty() => continue,
            Line::Text(text) => conversation.answer(&text)?,
            Line::TooLong => Event::Error(Failure::new("the line is longer than 1 MiB", COMMANDS)),
            Line::NotText => Event::Error(Failure::new("the line is not UTF-8", COMMANDS)),
        };
        conversation.say(&answer)?;
        match &answer {
            Event::Finished(_) => return Ok(Ending::Finished),
            Event::Error(failure) if failure.fatal => return Ok(Ending::Fatal),
            Event::Hello(_)
            | Event::Progress(_)
            | Event::Loaded(_)
            | Event::Slice(_)
            | Event::Profile(_)
            | Event::Check(_)
            | Event::Error(_) => {}
        }
    }
}

struct Conversation<D, W> {
    driver: D,
    output: W,
    loaded: bool,
    profiling: Option<Profiling>,
}

/// What is being recorded, and where the counters stood when it began.
struct Profiling {
    cpu: Option<CpuProfile>,
    alloc: Option<AllocProfile>,
    waits: Option<BTreeMap<String, Waited>>,
    started: Instant,
    cpu_ns_at_start: u64,
}

impl<D: Driver, W: Write> Conversation<D, W> {
    fn say(&mut self, event: &Event) -> io::Result<()> {
        say(&mut self.output, event)
    }

    /// The closing event to one line. Only a broken pipe is an error here.
    fn answer(&mut self, line: &str) -> io::Result<Event> {
        let command = match serde_json::from_str::<Command>(line) {
            Ok(command) => command,
            Err(error) => {
                return Ok(Event::Error(Failure::new(format!("not a command of the protocol: {error}"), COMMANDS)));
            }
        };
        let mut broken_pipe = Ok(());
        let outcome = catch_unwind(AssertUnwindSafe(|| self.execute(command, &mut broken_pipe)));
        broken_pipe?;
        Ok(match outcome {
            Ok(Ok(event)) => event,
            Ok(Err(failure)) => Event::Error(failure),
            Err(panic) => Event::Error(Failure::fatal(
                format!("the driver panicked: {}", panic_message(panic.as_ref())),
                "see its stderr for the place; this is a defect of the measured program",
            )),
        })
    }

    fn execute(&mut self, command: Command, broken_pipe: &mut io::Result<()>) -> Result<Event, Failure> {
        match command {
            Command::Hello => Ok(Event::Hello(hello(self.driver.describe()))),
            Command::Load(request) => self.load(&request, broken_pipe).map(Event::Loaded),
            Command::Slice(request) => {
                let budget = request
                    .budget()
                    .map_err(|error| Failure::new(error.to_string(), r#"such as {"cmd":"slice","ops":20000}"#))?;
                self.slice(budget, &request.params).map(Event::Slice)
            }
            Command::Profile(request) => match request.state {
                Switch::On => self.profile_on(&request).map(Event::Profile),
                Switch::Off => self.profile_off().map(Event::Profile),
            },
            Command::Check => {
                self.need_load("check")?;
                self.driver.check().map(Event::Check)
            }
            Command::Finish => Ok(self.finish()),
        }
    }

    fn load(&mut self, request: &Load, broken_pipe: &mut io::Result<()>) -> Result<Loaded, Failure> {
        if self.loaded {
            return Err(Failure::new("a workload is already loaded", "start a fresh process for every load"));
        }
        let names: Vec<String> = self.driver.describe().workloads.into_iter().map(|w| w.name).collect();
        if !names.contains(&request.workload) {
            let remedy = nearest(&request.workload, names.iter())
                .map_or_else(|| format!("known: {}", names.join(", ")), |name| format!("did you mean `{name}`?"));
            return Err(Failure::new(format!("unknown workload `{}`", request.workload), remedy));
        }
        let output = &mut self.output;
        let mut progress = |progress| {
            if broken_pipe.is_ok() {
                *broken_pipe = say(output, &Event::Progress(progress));
            }
        };
        let started = Instant::now();
        let mut loaded = self.driver.load(request, &mut progress)?;
        loaded.elapsed_ns = nanos(started.elapsed());
        self.loaded = true;
        Ok(loaded)
    }

    fn slice(&mut self, budget: Budget, params: &Params) -> Result<SliceDone, Failure> {
        self.need_load("slice")?;
        let cpu_ns_before = cpu_ns();
        let measured = self.driver.slice(budget, params)?;
        let cpu_ns = cpu_ns() - cpu_ns_before;
        slice_done(measured, cpu_ns)
    }

    fn profile_on(&mut self, request: &ProfileRequest) -> Result<Profile, Failure> {
        self.need_load("profile")?;
        if self.profiling.is_some() {
            return Err(Failure::new("a profile is already being recorded", "send profile off first"));
        }
        let wants = |kind| request.kinds.contains(&kind) || request.kinds.is_empty() && kind != ProfileKind::Alloc;
        if wants(ProfileKind::Cpu) && wants(ProfileKind::Alloc) {
            let remedy = "one after the other: counting allocations takes CPU time";
            return Err(Failure::new("CPU and allocations cannot be profiled at once", remedy));
        }
        let waits = wants(ProfileKind::Wait).then(|| self.driver.wait_stacks());
        let cpu = if wants(ProfileKind::Cpu) {
            let started = CpuProfile::start(request.hz.unwrap_or(MAX_HZ));
            Some(started.map_err(|error| Failure::new(error.to_string(), "profile with kinds [\"wait\"] only"))?)
        } else {
            None
        };
        let alloc = wants(ProfileKind::Alloc).then(AllocProfile::start).transpose();
        let alloc = alloc.map_err(|error| Failure::new(error.to_string(), "profile again"))?;
        self.profiling = Some(Profiling { cpu, alloc, waits, started: Instant::now(), cpu_ns_at_start: cpu_ns() });
        Ok(Profile { state: Switch::On, profiles: Vec::new() })
    }

    fn profile_off(&mut self) -> Result<Profile, Failure> {
        let Some(profiling) = self.profiling.take() else {
            return Err(Failure::new("no profile is being recorded", "send profile on first"));
        };
        let elapsed_ns = nanos(profiling.started.elapsed());
        let cpu_ns = cpu_ns() - profiling.cpu_ns_at_start;
        let mut profiles = Vec::new();
        if let Some(cpu) = profiling.cpu {
            profiles.push(cpu.stop().map_err(|error| Failure::new(error.to_string(), "profile again"))?);
        }
        if let Some(alloc) = profiling.alloc {
            profiles.push(alloc.stop().map_err(|error| Failure::new(error.to_string(), "profile again"))?);
        }
        if let Some(before) = profiling.waits {
            let waited = Waited::since(self.driver.wait_stacks(), &before);
            profiles.push(wait_profile(waited, elapsed_ns, cpu_ns));
        }
        Ok(Profile { state: Switch::Off, profiles })
    }

    fn finish(&mut self) -> Event {
        self.profiling = None;
        match catch_unwind(AssertUnwindSafe(|| self.driver.finish())) {
            Ok(Ok(totals)) => {
                Event::Finished(Finished { peak_memory_bytes: peak_memory_bytes(), cpu_ns: cpu_ns(), totals })
            }
            Ok(Err(failure)) => Event::Error(Failure { fatal: true, ..failure }),
            Err(panic) => Event::Error(Failure::fatal(
                format!("the driver panicked while finishing: {}", panic_message(panic.as_ref())),
                "see its stderr for the place",
            )),
        }
    }

    fn need_load(&self, what: &str) -> Result<(), Failure> {
        match self.loaded {
            true => Ok(()),
            false => Err(Failure::new(format!("nothing is loaded to {what}"), "send load first")),
        }
    }
}

/// A line in one write: the output has no buffer, and JSON comes in pieces of a few bytes.
fn say(output: &mut impl Write, event: &Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}

fn hello(description: Description) -> Hello {
    let Description { driver, source, features, workloads } = description;
    Hello { protocol: VERSION, driver, source, features, optimised: !cfg!(debug_assertions), workloads }
}

fn slice_done(measured: Measured, cpu_ns: u64) -> Result<SliceDone, Failure> {
    let Measured { ops, elapsed, values, latency, counters, waits } = measured;
    let latency = latency.as_ref().map(encode_latency).transpose();
    let latency = latency.map_err(|error| Failure::new(error.to_string(), "this is a defect of the driver"))?;
    Ok(SliceDone { ops, elapsed_ns: nanos(elapsed), cpu_ns, values, latency, counters, waits })
}

fn wait_profile(waited: BTreeMap<String, Waited>, elapsed_ns: u64, cpu_ns: u64) -> FoldedProfile {
    let note = waited.is_empty().then(|| "this driver has no wait events".to_owned());
    let samples = waited.values().map(|waited| waited.times).sum();
    let times = waited.iter().map(|(stack, waited)| (stack.clone(), waited.times)).collect();
    let stacks = waited.into_iter().map(|(stack, waited)| (stack, waited.ns)).collect();
    FoldedProfile {
        kind: ProfileKind::Wait,
        unit: FoldedUnit::Ns,
        folded: folded_lines(&stacks),
        samples,
        elapsed_ns,
        cpu_ns,
        hz_requested: None,
        period_ns: None,
        weight: None,
        times: folded_lines(&times),
        ns_per_sample: None,
        notes: note.into_iter().collect(),
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
}

/// Hands the real stdout to the protocol and points file descriptor 1 at stderr.
fn reserve_stdout() -> io::Result<File> {
    let protocol = rustix::io::dup(rustix::stdio::stdout())?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(File::from(protocol))
}
