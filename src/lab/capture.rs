//! Profiles of both arms, in processes of their own: a profiled slice is never a measured one.
//!
//! Several processes for each arm, alternating (A B B A …): a process differs from the next of the same arm by more than its samples
//! tell, and only several of them show by how much.

use std::time::Duration;

use probe::protocol::{FoldedProfile, ProfileKind, Slice, SliceDone};

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

/// Samples per second of wall time that the sampler is asked for at most: its timer fires once in a tick of the kernel (250 a second as
/// a rule), however many threads ran, and needs ticks to spare for those in which none did. A sampler that has to catch up fires on two
/// processors at once, and one of the two samples is lost (a first look, one run each: at 249 a busy thread lost 7 %, at 75 none).
const SAMPLES_PER_S_MAX: f64 = 120.0;

/// Nothing samples faster than the tick.
const HZ_MAX: f64 = 249.0;

/// In which order the stretches are taken.
pub fn order() -> impl Iterator<Item = Side> {
    (0..STRETCHES).flat_map(|round| if round % 2 == 0 { [Side::A, Side::B] } else { [Side::B, Side::A] })
}

/// Profiles the main workload in one process of one arm for `time`; CPU by sampling, waiting by the driver's own wait events.
pub async fn capture(
    bench: &Bench<'_>,
    plan: &Plan,
    side: Side,
    time: Duration,
    sink: &mut impl Sink,
) -> Result<(), LabError> {
    let workload = &plan.workloads[0];
    let launch = &bench.arms[side as usize];
    let work = bench.folder.work_folder()?;
    let recording = async {
        let mut driver = Driver::start(launch, work, 0).await?;
        driver.load(&workload.workload, plan.seed >> 11, &workload.params).await?;
        let warm = driver.slice(Slice::ms(workload.slice_ms)).await?;
        driver.profile_on(vec![ProfileKind::Cpu, ProfileKind::Wait], hz(&warm)).await?;
        let (mut ops, mut cpu) = (0, Duration::ZERO);
        for _ in 0..time.as_millis().div_ceil(SLICE.as_millis()).max(1) {
            let done = driver.slice(Slice::ms(SLICE.as_millis() as u64)).await?;
            ops += done.ops;
            cpu += Duration::from_nanos(done.cpu_ns);
        }
        let profile = driver.profile_off().await?;
        driver.finish().await?;
        Ok::<_, Box<DriverError>>((profile.profiles, ops, cpu))
    };
    let (profiles, ops, measured) = sink.watch(|| format!("profiling arm {side}"), recording).await??;
    for profile in profiles {
        let FoldedProfile { kind, folded, samples, cpu_ns, period_ns, times, notes, .. } = profile;
        let kind = match kind {
            ProfileKind::Cpu => "cpu",
            ProfileKind::Wait => "wait",
        };
        for note in notes {
            sink.emit(Event::Progress { note: format!("{kind} profile of arm {side}: {note}") }).await?;
        }
        let (cpu, measured, period) =
            (Duration::from_nanos(cpu_ns), Some(measured), period_ns.map(Duration::from_nanos));
        let profiled = |kind: &str, folded| {
            let kind = kind.to_owned();
            Event::Profiled { side, kind, folded, samples, cpu, measured, period, ops }
        };
        sink.emit(profiled(kind, folded)).await?;
        if !times.is_empty() {
            sink.emit(profiled("times", times)).await?;
        }
    }
    Ok(())
}

/// The sampling rate for a program that keeps the processors as busy as in `warm`.
fn hz(warm: &SliceDone) -> u32 {
    let busy = warm.cpu_ns as f64 / warm.elapsed_ns.max(1) as f64;
    (SAMPLES_PER_S_MAX / busy.max(f64::MIN_POSITIVE)).clamp(1.0, HZ_MAX) as u32
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

    #[test]
    fn the_busier_a_program_the_fewer_samples_for_each_second_of_cpu() {
        let hz = |cpu_ns| hz(&SliceDone { cpu_ns, elapsed_ns: 1_000_000_000, ..SliceDone::default() });
        assert_eq!(
            [hz(0), hz(500_000_000), hz(1_000_000_000), hz(2_000_000_000), hz(64_000_000_000)],
            [249, 240, 120, 60, 1]
        );
    }
}
