//! Allocation profiles: bytes and how many, by the site that asked, where the program's allocator is [`Allocations`](super::Allocations).

use std::time::Instant;

use super::cpu_profile::{ProfileError, missed};
use super::folded::{lines, nanos};
use super::sampler::{Sampled, Session, What};
use super::usage::cpu_ns;
use crate::protocol::{FoldedProfile, FoldedUnit, ProfileKind};

/// A running profile of this process's allocations, all threads.
pub struct AllocProfile {
    session: Session,
    started: Instant,
    cpu_ns_at_start: u64,
}

impl AllocProfile {
    /// Starts sampling. It costs CPU time: never measure meanwhile.
    pub fn start() -> Result<Self, ProfileError> {
        let session = Session::start(What::Allocations).map_err(ProfileError::sampler("start"))?;
        Ok(Self { session, started: Instant::now(), cpu_ns_at_start: cpu_ns() })
    }

    /// Stops and folds what was sampled.
    pub fn stop(self) -> Result<FoldedProfile, ProfileError> {
        let (elapsed_ns, cpu_ns) = (nanos(self.started.elapsed()), cpu_ns() - self.cpu_ns_at_start);
        let Sampled { stacks, times, samples, squares, missed: lost, own_cpu_ns } =
            self.session.stop().map_err(ProfileError::sampler("report"))?;
        let mut notes = missed(lost);
        if lost.allocator {
            notes.push("no allocation was seen: the program's allocator is not probe::driver::Allocations".to_owned());
        }
        let total: u64 = stacks.values().sum();
        Ok(FoldedProfile {
            kind: ProfileKind::Alloc,
            unit: FoldedUnit::Bytes,
            folded: lines(&stacks),
            samples,
            elapsed_ns,
            cpu_ns,
            hz_requested: None,
            period_ns: None,
            weight: (total > 0).then(|| (squares / total as f64).round() as u64),
            times: lines(&times),
            ns_per_sample: own_cpu_ns.checked_div(samples),
            notes,
        })
    }
}
