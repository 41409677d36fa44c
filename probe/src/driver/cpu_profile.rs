//! CPU profiles: what the sampler saw, as folded stacks in nanoseconds of CPU.

use std::io;
use std::time::{Duration, Instant};

use super::folded::{lines, nanos};
use super::sampler::{Missed, SAMPLING, Sampled, Session, What};
use super::usage::cpu_ns;
use crate::protocol::{FoldedProfile, FoldedUnit, ProfileKind};

/// Highest useful rate of each thread. The timers run on the kernel's tick (250 Hz as a rule): asking for more gets no more.
pub const MAX_HZ: u32 = 249;

/// Profiling could not start or report.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The sampler refused.
    #[error("the sampler cannot {what}: {source}")]
    Sampler {
        /// What it was to do.
        what: &'static str,
        /// The system's words.
        source: io::Error,
    },
}

/// A running CPU profile of this process, all threads.
pub struct CpuProfile {
    session: Session,
    hz: u32,
    started: Instant,
    cpu_ns_at_start: u64,
}

impl CpuProfile {
    /// Starts sampling every thread at `hz` per second of its CPU time, at most [`MAX_HZ`].
    pub fn start(hz: u32) -> Result<Self, ProfileError> {
        let hz = hz.clamp(1, MAX_HZ);
        let session = Session::start(What::Cpu(Duration::from_secs(1) / hz));
        let session = session.map_err(ProfileError::sampler("start"))?;
        Ok(CpuProfile { session, hz, started: Instant::now(), cpu_ns_at_start: cpu_ns() })
    }

    /// Stops and folds what was sampled.
    pub fn stop(self) -> Result<FoldedProfile, ProfileError> {
        let elapsed_ns = nanos(self.started.elapsed());
        let cpu_ns = cpu_ns() - self.cpu_ns_at_start;
        let Sampled { mut stacks, samples, squares, missed: lost, own_cpu_ns, .. } =
            self.session.stop().map_err(ProfileError::sampler("report"))?;
        // It is CPU time of this process like all other, and its clocks say how much.
        stacks.insert(SAMPLING.to_owned(), own_cpu_ns);
        let total: u64 = stacks.values().sum();
        Ok(FoldedProfile {
            kind: ProfileKind::Cpu,
            unit: FoldedUnit::Ns,
            folded: lines(&stacks),
            samples,
            elapsed_ns,
            cpu_ns,
            hz_requested: Some(self.hz),
            period_ns: None,
            weight: (total > 0).then(|| (squares / total as f64).round() as u64),
            times: String::new(),
            ns_per_sample: own_cpu_ns.checked_div(samples),
            notes: missed(lost),
        })
    }
}

/// What is not in a profile, in words.
pub(super) fn missed(missed: Missed) -> Vec<String> {
    let Missed { samples, threads, .. } = missed;
    let samples =
        (samples > 0).then(|| format!("{samples} samples were lost: they came faster than they could be unwound"));
    let threads = (threads > 0).then(|| format!("{threads} threads were not sampled: too many, or gone too soon"));
    samples.into_iter().chain(threads).collect()
}

impl ProfileError {
    pub(super) fn sampler(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Sampler { what, source }
    }
}
