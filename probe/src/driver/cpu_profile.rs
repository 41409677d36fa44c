//! CPU profiles by SIGPROF sampling: pprof with the framehop unwinder and no blocklist.
//!
//! Other combinations were tried and lie: the default unwinder crashes inside libc unless libc is blocked, and then an
//! allocation-heavy program looks idle; the frame-pointer unwinder loses the leaf frame, which is where the time is.
//!
//! The unwinder allocates and maps the binary at its first signal. [`CpuProfile::start`] therefore raises a few signals
//! itself, from a place that holds no lock, and times them: that is the cost of a sample which every profile states.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use pprof::{Frames, ProfilerGuard, ProfilerGuardBuilder};
use rustix::process::{Signal, getpid, kill_process};
use rustix::time::{ClockId, clock_getres};

use super::folded::{lines, nanos};
use super::frames::frame_name;
use super::usage::cpu_ns;
use crate::protocol::{FoldedProfile, FoldedUnit, ProfileKind};

/// Highest useful rate. The timer runs on the kernel's tick (250 Hz as a rule): asking for more gets no more.
///
/// The timer is the process's, and fires once in a tick however many threads ran in it. So of a program that keeps n processors busy,
/// a rate above 250 / n loses samples: they are missing in [`FoldedProfile::samples`] and in no function more than in another.
pub const MAX_HZ: u32 = 249;

/// Signals raised to warm up and to time a sample.
const WARM_UP_SAMPLES: u32 = 32;

/// Profiling could not start or report.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The sampler refused.
    #[error("the CPU sampler cannot {what}: {source}")]
    Sampler {
        /// What it was to do.
        what: &'static str,
        /// Its words.
        source: pprof::Error,
    },
}

/// A running CPU profile of this process, all threads.
pub struct CpuProfile {
    guard: ProfilerGuard<'static>,
    hz: u32,
    started: Instant,
    cpu_ns_at_start: u64,
    ns_per_sample: u64,
}

impl CpuProfile {
    /// Starts sampling at `hz` per CPU-second, at most [`MAX_HZ`].
    pub fn start(hz: u32) -> Result<Self, ProfileError> {
        let hz = hz.clamp(1, MAX_HZ);
        let ns_per_sample = warm_up(hz)?;
        Ok(CpuProfile { guard: arm(hz)?, hz, started: Instant::now(), cpu_ns_at_start: cpu_ns(), ns_per_sample })
    }

    /// Stops and folds what was sampled.
    pub fn stop(self) -> Result<FoldedProfile, ProfileError> {
        let elapsed_ns = nanos(self.started.elapsed());
        let cpu_ns = cpu_ns() - self.cpu_ns_at_start;
        let report = self.guard.report().build().map_err(|source| ProfileError::Sampler { what: "report", source })?;
        drop(self.guard);
        let mut stacks = BTreeMap::<String, u64>::new();
        for (frames, count) in &report.data {
            *stacks.entry(fold(frames)).or_default() += count.unsigned_abs() as u64;
        }
        let samples = stacks.values().sum();
        Ok(FoldedProfile {
            kind: ProfileKind::Cpu,
            unit: FoldedUnit::Samples,
            folded: lines(&stacks),
            samples,
            elapsed_ns,
            cpu_ns,
            hz_requested: Some(self.hz),
            period_ns: Some(period_ns(self.hz)),
            times: String::new(),
            ns_per_sample: Some(self.ns_per_sample),
            notes: rate_note(self.hz, samples, cpu_ns).into_iter().collect(),
        })
    }
}

/// CPU time between two samples: what the timer is set to, in whole microseconds as pprof does it, or the kernel's tick where that is
/// longer.
fn period_ns(hz: u32) -> u64 {
    let tick = clock_getres(ClockId::MonotonicCoarse);
    let tick_ns = tick.tv_sec.unsigned_abs() * 1_000_000_000 + tick.tv_nsec.unsigned_abs();
    (1_000_000 / u64::from(hz) * 1000).max(tick_ns)
}

fn arm(hz: u32) -> Result<ProfilerGuard<'static>, ProfileError> {
    let hz = i32::try_from(hz).unwrap_or(i32::MAX);
    ProfilerGuardBuilder::default()
        .frequency(hz)
        .build()
        .map_err(|source| ProfileError::Sampler { what: "start", source })
}

/// Initialises the unwinder on this thread and returns what a sample costs here. Dropping the guard throws the warm-up's
/// samples away.
fn warm_up(hz: u32) -> Result<u64, ProfileError> {
    let guard = arm(hz)?;
    let raise = || {
        // A signal to one's own process is delivered to the calling thread before the call returns.
        let _ = kill_process(getpid(), Signal::PROF);
    };
    raise();
    let started = Instant::now();
    for _ in 0..WARM_UP_SAMPLES {
        raise();
    }
    let ns_per_sample = nanos(started.elapsed()) / u64::from(WARM_UP_SAMPLES);
    drop(guard);
    Ok(ns_per_sample)
}

fn rate_note(hz: u32, samples: u64, cpu_ns: u64) -> Option<String> {
    let obtained = samples as f64 / (cpu_ns as f64 / 1e9);
    let far = cpu_ns > 200_000_000 && (obtained / f64::from(hz) - 1.0).abs() > 0.25;
    far.then(|| format!("asked for {hz} samples per CPU-second, obtained {obtained:.0}"))
}

/// One stack, root first. The root is the thread's name without its number, so that workers fold together; what the
/// standard library does before the program's own code is left out.
fn fold(frames: &Frames) -> String {
    let thread = frames.thread_name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let symbols = frames.frames.iter().flatten().rev();
    let mut names: Vec<String> =
        symbols.map(|symbol| frame_name(&symbol.name(), symbol.filename.as_deref().and_then(Path::to_str))).collect();
    if let Some(at) = names.iter().rposition(|name| name.contains("__rust_begin_short_backtrace")) {
        names.drain(..=at);
    }
    names.insert(0, if thread.is_empty() { "unnamed".to_owned() } else { thread.to_owned() });
    names.join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn burn_the_cpu(cpu_time_ns: u64) -> u64 {
        let until = cpu_ns() + cpu_time_ns;
        let mut x = 1_u64;
        while cpu_ns() < until {
            for _ in 0..10_000 {
                x = std::hint::black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
            }
        }
        x
    }

    #[test]
    fn a_profile_shows_the_function_that_burnt_the_time() {
        let profile = CpuProfile::start(MAX_HZ).unwrap();
        burn_the_cpu(400_000_000);
        let profile = profile.stop().unwrap();
        assert!(profile.samples > 20, "{} samples", profile.samples);
        let counted = |part: &str| -> u64 {
            let lines = profile.folded.lines().filter(|line| line.contains(part));
            lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
        };
        assert!(counted("burn_the_cpu") * 10 >= profile.samples * 8, "{}", profile.folded);
        assert!(profile.ns_per_sample.unwrap() > 0);
        assert!(profile.period_ns.unwrap() >= 1_000_000_000 / u64::from(MAX_HZ) / 1000 * 1000);
        // A second profile starts empty.
        let again = CpuProfile::start(99).unwrap().stop().unwrap();
        assert!(again.samples < 5, "{}", again.folded);
    }
}
