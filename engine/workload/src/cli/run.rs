//! `workload run`: load, warm up, run, check, and say how it went. Progress goes to stderr, the table to stdout.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use probe::driver::{CpuProfile, MAX_HZ, ProfileError, cpu_ns};
use probe::protocol::{Budget, Failure, Params, Progress};

use super::table::{self, Run};
use crate::catalog;
use crate::measure::Measurement;
use crate::place::DataDir;
use crate::runner::{Bench, Live, Stats};
use crate::store::StoreError;
use crate::subject::Subject;

/// What to run, and for how long.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) workload: String,
    pub(super) seed: u64,
    pub(super) seconds: u64,
    pub(super) ops: Option<u64>,
    pub(super) warm_up_seconds: u64,
    pub(super) profile: Option<PathBuf>,
    pub(super) layers: bool,
    pub(super) params: Params,
}

/// Runs `plan`; true if every check held.
pub(super) fn run(subject: &'static Subject, plan: &Plan) -> Result<bool, Failure> {
    let mut opened = catalog::open(subject, &plan.workload, plan.seed, &plan.params)?;
    if let Some(dir) = &opened.dir {
        say(&format!("data in {}", dir.path().display()));
    }
    let started = Instant::now();
    let rows = opened.load(&mut |Progress { what, done, total }| say(&format!("{what}: {done} of about {total}")));
    let rows = rows.map_err(failure)?;
    say(&format!("loaded {rows} rows in {:.2} s", started.elapsed().as_secs_f64()));
    let dir = opened.dir.as_ref().map(DataDir::path);
    let bench = &mut *opened.bench;
    if plan.warm_up_seconds > 0 {
        let budget = Budget::Time(Duration::from_secs(plan.warm_up_seconds));
        watched(bench, budget, "warm-up").map_err(failure)?;
    }

    let profiled = plan.layers || plan.profile.is_some();
    let unprofiled = |error: ProfileError| Failure::new(error.to_string(), "run without --profile and --layers");
    let profile = profiled.then(|| CpuProfile::start(MAX_HZ)).transpose().map_err(unprofiled)?;
    let budget = plan.ops.map_or(Budget::Time(Duration::from_secs(plan.seconds)), Budget::Ops);
    let cpu = cpu_ns();
    let slice = Measurement::of(bench, dir, |bench| watched(bench, budget, "tps")).map_err(failure)?;
    let cpu_ns = cpu_ns() - cpu;
    let profile = profile.map(CpuProfile::stop).transpose().map_err(unprofiled)?;
    if let (Some(path), Some(profile)) = (&plan.profile, &profile) {
        let written = std::fs::write(path, &profile.folded);
        let shown = path.display();
        written.map_err(|error| Failure::new(format!("{shown} cannot be written: {error}"), "name another file"))?;
        say(&format!("{} samples in {shown}", profile.samples));
    }
    let profile = profile.filter(|_| plan.layers).map(|profile| profile.folded);

    say("checking");
    let check = bench.check().map_err(failure)?;
    let features = features_text(&bench.features());
    opened.bench.finish().map_err(failure)?;
    let run = Run { params: &opened.params, features, slice, cpu_ns, check, profile };
    print(&table::render(opened.name, &run))?;
    Ok(run.check.ok)
}

/// Runs one slice and shows the throughput of every second on stderr.
fn watched(bench: &mut dyn Bench, budget: Budget, what: &str) -> Result<Stats, StoreError> {
    let (live, over) = (bench.live(), AtomicBool::new(false));
    thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(&live, &over, what));
        let stats = bench.slice(budget);
        over.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        stats
    })
}

fn watch(live: &Live, over: &AtomicBool, what: &str) {
    let (mut second, mut before, mut then) = (0, live.commits(), Instant::now());
    loop {
        let next = then + Duration::from_secs(1);
        while Instant::now() < next && !over.load(Ordering::Relaxed) {
            thread::park_timeout(next.saturating_duration_since(Instant::now()));
        }
        if over.load(Ordering::Relaxed) {
            return;
        }
        let (commits, now) = (live.commits(), Instant::now());
        second += 1;
        let rate = (commits - before) as f64 / now.duration_since(then).as_secs_f64();
        say(&format!("{what} {second:>3} s {rate:>9.0}/s"));
        (before, then) = (commits, now);
    }
}

/// The active improvements, in words.
pub(super) fn features_text(features: &[String]) -> String {
    if features.is_empty() { "none".to_owned() } else { features.join(", ") }
}

/// Writes to stdout; a reader that has gone away is not an error.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("standard output cannot be written: {error}"), ""))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn failure(error: StoreError) -> Failure {
    Failure::new(error.to_string(), "the run is void; run it again, and report it if it comes back")
}
