//! Profiles of both arms, in processes of their own: a profiled slice is never a measured one.

use std::time::Duration;

use probe::protocol::{FoldedProfile, ProfileKind, Slice};

use super::LabError;
use super::driver::{Driver, DriverError};
use super::experiment::{Plan, Side};
use super::journal::Event;
use super::pair::{Bench, PairError};
use super::recorder::Sink;

/// A profile is recorded over several slices, so that a driver shows signs of life in between.
const SLICE: Duration = Duration::from_millis(500);

/// Profiles the main workload in one arm for `seconds`; CPU by sampling, waiting by the driver's own wait events.
pub async fn capture(
    bench: &Bench<'_>,
    plan: &Plan,
    side: Side,
    seconds: u64,
    sink: &mut impl Sink,
) -> Result<(), LabError> {
    let workload = &plan.workloads[0];
    let launch = &bench.arms[side as usize];
    let work = bench.folder.work_folder()?;
    let recording = async {
        let mut driver = Driver::start(launch, work, 0).await?;
        driver.load(&workload.workload, plan.seed >> 11, &workload.params).await?;
        driver.slice(Slice::ms(workload.slice_ms)).await?;
        driver.profile_on(vec![ProfileKind::Cpu, ProfileKind::Wait]).await?;
        let mut ops = 0;
        for _ in 0..(seconds * 1000).div_ceil(SLICE.as_millis() as u64) {
            ops += driver.slice(Slice::ms(SLICE.as_millis() as u64)).await?.ops;
        }
        let profile = driver.profile_off().await?;
        driver.finish().await?;
        Ok::<_, Box<DriverError>>((profile.profiles, ops))
    };
    let (profiles, ops) = sink.watch(|| format!("profiling arm {side}"), recording).await??;
    for profile in profiles {
        let FoldedProfile { kind, folded, samples, cpu_ns, notes, .. } = profile;
        let kind = match kind {
            ProfileKind::Cpu => "cpu",
            ProfileKind::Wait => "wait",
        };
        for note in notes {
            sink.emit(Event::Progress { note: format!("{kind} profile of arm {side}: {note}") }).await?;
        }
        let (kind, cpu) = (kind.to_owned(), Duration::from_nanos(cpu_ns));
        sink.emit(Event::Profiled { side, kind, folded, samples, cpu, ops }).await?;
    }
    Ok(())
}

impl From<PairError> for LabError {
    fn from(error: PairError) -> Self {
        match error {
            PairError::Arm(error) => Self::Driver(error),
            PairError::Lab(error) => error,
        }
    }
}
