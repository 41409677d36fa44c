//! Profiles of both arms, in processes of their own: a profiled slice is never a measured one.
//!
//! Several processes for each arm, alternating (A B B A …): a process differs from the next of the same arm by more than its samples
//! tell, and only several of them show by how much.

use std::time::Duration;

use probe::protocol::{FoldedProfile, ProfileKind, Slice};

use super::LabError;
use super::driver::{Driver, DriverError};
use super::experiment::{Plan, Side};
use super::journal::Event;
use super::pair::{Bench, PairError};
use super::recorder::Sink;

/// Processes that are profiled for each arm.
pub const STRETCHES: u32 = 4;

/// A profile is recorded over several slices, so that a driver shows signs of life in between.
const SLICE: Duration = Duration::from_millis(500);

/// Samples per second of each thread's CPU time. Nothing samples faster than the kernel's tick.
const HZ: u32 = 249;

/// Of the time for CPU and waits, the part that is given to memory besides.
const MEMORY_SHARE: u32 = 6;

/// In which order the stretches are taken.
pub fn order() -> impl Iterator<Item = Side> {
    (0..STRETCHES).flat_map(|round| if round % 2 == 0 { [Side::A, Side::B] } else { [Side::B, Side::A] })
}

/// Profiles the main workload in one process of one arm for `time`: CPU by sampling, waiting by the driver's own wait events; behind that, since
/// it takes CPU time, who asks for memory.
pub async fn capture(
    bench: &Bench<'_>,
    plan: &Plan,
    side: Side,
    time: Duration,
    sink: &mut impl Sink,
) -> Result<(), LabError> {
    let workload = &plan.workloads[0];
    // As it was linked: the other layouts have no names of functions.
    let launch = &bench.arms[side as usize][0];
    let work = bench.folder.work_folder()?;
    let recording = async {
        let mut driver = Driver::start(launch, work, 0).await?;
        driver.load(&workload.workload, plan.seed >> 11, &workload.params).await?;
        driver.slice(Slice::ms(workload.slice_ms)).await?;
        let main = record(&mut driver, vec![ProfileKind::Cpu, ProfileKind::Wait], time).await?;
        // A driver may not know how; then this is what it is asked last.
        let memory = record(&mut driver, vec![ProfileKind::Alloc], time / MEMORY_SHARE).await;
        if memory.is_ok() {
            driver.finish().await?;
        }
        Ok::<_, Box<DriverError>>((main, memory))
    };
    let (main, memory) = sink.watch(|| format!("profiling arm {side}"), recording).await??;
    main.tell(side, sink).await?;
    match memory {
        Ok(memory) => memory.tell(side, sink).await,
        Err(error) => {
            let note = format!("no profile of arm {side}'s allocations: {error}");
            sink.emit(Event::Progress { note }).await
        }
    }
}

/// What was recorded, and while what.
struct Recorded {
    profiles: Vec<FoldedProfile>,
    ops: u64,
    /// CPU time of the slices.
    measured: Duration,
}

async fn record(driver: &mut Driver, kinds: Vec<ProfileKind>, time: Duration) -> Result<Recorded, Box<DriverError>> {
    driver.profile_on(kinds.clone(), HZ).await?;
    let (mut ops, mut measured) = (0, Duration::ZERO);
    for _ in 0..time.as_millis().div_ceil(SLICE.as_millis()).max(1) {
        let done = driver.slice(Slice::ms(SLICE.as_millis() as u64)).await?;
        ops += done.ops;
        measured += Duration::from_nanos(done.cpu_ns);
    }
    let mut profiles = driver.profile_off().await?.profiles;
    // Some drivers give whatever they have.
    profiles.retain(|profile| kinds.contains(&profile.kind));
    Ok(Recorded { profiles, ops, measured })
}

impl Recorded {
    async fn tell(self, side: Side, sink: &mut impl Sink) -> Result<(), LabError> {
        let Self { profiles, ops, measured } = self;
        for profile in profiles {
            let FoldedProfile { kind, folded, samples, cpu_ns, period_ns, weight, times, notes, .. } = profile;
            let (kind, often) = match kind {
                ProfileKind::Cpu => ("cpu", "times"),
                ProfileKind::Wait => ("wait", "times"),
                ProfileKind::Alloc => ("alloc", "allocs"),
            };
            for note in notes {
                sink.emit(Event::Progress { note: format!("{kind} profile of arm {side}: {note}") }).await?;
            }
            let (cpu, period) = (Duration::from_nanos(cpu_ns), period_ns.map(Duration::from_nanos));
            let profiled = |kind: &str, folded| {
                let kind = kind.to_owned();
                Event::Profiled { side, kind, folded, samples, cpu, measured: Some(measured), period, weight, ops }
            };
            // Without a sample there is no allocator that could be asked: no profile, and not an empty one.
            if often == "times" || samples > 0 {
                sink.emit(profiled(kind, folded)).await?;
            }
            if !times.is_empty() {
                sink.emit(profiled(often, times)).await?;
            }
        }
        Ok(())
    }
}

impl From<PairError> for LabError {
    fn from(error: PairError) -> Self {
        match error {
            PairError::Arm(error) => Self::Driver(error),
            PairError::Lab(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_alternate_and_have_equally_many() {
        let order: Vec<Side> = order().collect();
        assert_eq!(order[..4], [Side::A, Side::B, Side::B, Side::A]);
        for side in [Side::A, Side::B] {
            assert_eq!(order.iter().filter(|taken| **taken == side).count(), STRETCHES as usize);
        }
    }
}
