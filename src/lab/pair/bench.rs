//! Running a pair.

use std::time::Duration;

use probe::protocol::{Better, Slice, SliceDone, WorkloadSpec};

use super::coins::Coins;
use super::machine_guard::wait_until_quiet;
use super::sum::Sum;
use crate::config::MachineRules;
use crate::improvements::Direction;
use crate::lab::LabError;
use crate::lab::driver::{Driver, DriverError, Launch};
use crate::lab::experiment::{ArmRun, Machine, Pair, Plan, Run, Side, WorkloadPlan};
use crate::lab::folder::LabFolder;
use crate::lab::journal::Event;
use crate::lab::machine::{Reading, drop_reason};
use crate::lab::recorder::Sink;
use crate::units::LogRatio;

/// What pairs are run with.
#[derive(Debug)]
pub struct Bench<'a> {
    /// The lab's folder.
    pub folder: &'a LabFolder,
    /// How to start each arm, in each of its layouts.
    pub arms: [Vec<Launch>; 2],
    /// When the machine is too busy.
    pub machine: &'a MachineRules,
}

/// Which pair is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Which {
    /// Index into the plan's workloads.
    pub workload: usize,
    /// For which run.
    pub run: Run,
    /// Counted from 0 within workload and run.
    pub index: u32,
}

/// Why a pair could not be finished.
#[derive(Debug)]
pub enum PairError {
    /// An arm failed: the improvement, or its baseline, is broken.
    Arm(Box<DriverError>),
    /// Anything else.
    Lab(LabError),
}

impl From<LabError> for PairError {
    fn from(error: LabError) -> Self {
        Self::Lab(error)
    }
}

impl From<Box<DriverError>> for PairError {
    fn from(error: Box<DriverError>) -> Self {
        if error.is_failure_of_the_arm() { Self::Arm(error) } else { Self::Lab(LabError::Driver(error)) }
    }
}

impl Bench<'_> {
    /// Runs one pair. Everything random about it comes from the plan's seed, so it can be run again.
    pub async fn pair(&self, plan: &Plan, which: Which, sink: &mut impl Sink) -> Result<Pair, PairError> {
        let workload = &plan.workloads[which.workload];
        let mut coins = Coins::of(plan.seed, which);
        let (first, seed) = (coins.first(), coins.workload_seed());
        let starting = || format!("starting {}", workload.label);
        let mut a = sink.watch(starting, Process::start(self, plan.seed, which, Side::A, &mut coins)).await??;
        let mut b = sink.watch(starting, Process::start(self, plan.seed, which, Side::B, &mut coins)).await??;
        let spec = spec(a.driver.hello().workloads.as_slice(), &a.driver.hello().driver, workload)?;

        // Loads are not measured: both at once.
        let loads = async { tokio::join!(a.load(workload, seed), b.load(workload, seed)) };
        let (loaded_a, loaded_b) = sink.watch(|| format!("loading {}", workload.label), loads).await?;
        loaded_a?;
        loaded_b?;

        let (cpu_pressure, io_pressure) = wait_until_quiet(self.machine, sink).await?;
        let pids = [a.driver.pid(), b.driver.pid()];
        let before = Reading::take(&pids);
        self.slices(workload, which.workload, first, &mut a, &mut b, sink).await?;
        let (foreign_cpu, steal) = Reading::take(&pids).since(before);
        let machine = Machine { foreign_cpu, steal, cpu_pressure, io_pressure };

        let closing = async { tokio::join!(a.close(&spec), b.close(&spec)) };
        let (a, b) = sink.watch(|| format!("checking {}", workload.label), closing).await?;
        let (mut a, mut b) = (a?, b?);
        let d = difference(workload, &mut a, &mut b);
        let dropped = drop_reason(&machine, self.machine);
        Ok(Pair {
            workload: which.workload,
            run: which.run,
            index: which.index,
            first,
            seed,
            a,
            b,
            d,
            machine,
            dropped,
        })
    }

    /// Warm-up, then the measured slices.
    async fn slices(
        &self,
        workload: &WorkloadPlan,
        index: usize,
        first: Side,
        a: &mut Process,
        b: &mut Process,
        sink: &mut impl Sink,
    ) -> Result<(), PairError> {
        // A's first slice is of time and tells how much work a slice is; every other slice is of that much work.
        let ms = Slice::ms(workload.slice_ms);
        let mut ops = sink.watch(|| format!("warming up {}", workload.label), a.slice(ms)).await??.ops.max(1);
        sink.watch(|| format!("warming up {}", workload.label), b.slice(Slice::ops(ops))).await??;
        for _ in 1..workload.warmup {
            let done = sink.watch(|| format!("warming up {}", workload.label), a.slice(Slice::ops(ops))).await??;
            sink.watch(|| format!("warming up {}", workload.label), b.slice(Slice::ops(ops))).await??;
            ops = ops_of(&done, workload.slice_ms);
        }
        for round in 0..workload.slices {
            let lead = if round % 2 == 0 { first } else { first.other() };
            for side in [lead, lead.other()] {
                let process = if side == Side::A { &mut *a } else { &mut *b };
                let done =
                    sink.watch(|| format!("measuring {}", workload.label), process.slice(Slice::ops(ops))).await??;
                let rate = done.ops as f64 / (done.elapsed_ns.max(1) as f64 / 1e9);
                process.sum.add(done, rate);
                sink.emit(Event::Slice { workload: index, side, rate }).await?;
            }
        }
        Ok(())
    }
}

/// One arm's process within a pair.
#[derive(Debug)]
struct Process {
    driver: Driver,
    layout: usize,
    sum: Sum,
}

impl Process {
    async fn start(
        bench: &Bench<'_>,
        seed: u64,
        which: Which,
        side: Side,
        coins: &mut Coins,
    ) -> Result<Self, PairError> {
        let layouts = &bench.arms[side as usize];
        let layout = Coins::layout(seed, which, side, layouts.len());
        let driver = Driver::start(&layouts[layout], bench.folder.work_folder()?, coins.padding()).await?;
        Ok(Self { driver, layout, sum: Sum::default() })
    }

    async fn load(&mut self, workload: &WorkloadPlan, seed: u64) -> Result<(), Box<DriverError>> {
        self.driver.load(&workload.workload, seed, &workload.params).await?;
        self.driver.park().await
    }

    async fn slice(&mut self, slice: Slice) -> Result<SliceDone, Box<DriverError>> {
        self.driver.unpark().await?;
        let done = self.driver.slice(slice).await?;
        self.driver.park().await?;
        Ok(done)
    }

    async fn close(mut self, spec: &WorkloadSpec) -> Result<ArmRun, Box<DriverError>> {
        self.driver.unpark().await?;
        let check = self.driver.check().await?;
        let finished = self.driver.finish().await?;
        Ok(ArmRun { layout: self.layout, ..self.sum.into_run(spec, check, finished) })
    }
}

/// The driver's own description of the workload; refuses a plan that it cannot run before anything is measured.
fn spec(known: &[WorkloadSpec], driver: &str, workload: &WorkloadPlan) -> Result<WorkloadSpec, LabError> {
    let cannot = |message, remedy| LabError::Plan { driver: driver.to_owned(), message, remedy };
    let names = |names: Vec<&str>| format!("it has {}", names.join(", "));
    let Some(spec) = known.iter().find(|spec| spec.name == workload.workload) else {
        let remedy = names(known.iter().map(|spec| spec.name.as_str()).collect());
        return Err(cannot(format!("it has no workload `{}`", workload.workload), remedy));
    };
    let Some(metric) = spec.metrics.iter().find(|metric| metric.name == workload.metric) else {
        let remedy = names(spec.metrics.iter().map(|metric| metric.name.as_str()).collect());
        return Err(cannot(format!("its workload `{}` has no metric `{}`", spec.name, workload.metric), remedy));
    };
    let (planned, better) = match (workload.better, metric.better) {
        (Direction::Higher, Better::Higher) | (Direction::Lower, Better::Lower) => return Ok(spec.clone()),
        (Direction::Higher, Better::Lower) => ("higher", "lower"),
        (Direction::Lower, Better::Higher) => ("lower", "higher"),
    };
    let message = format!("of `{}`, {better} is better, but the plan says {planned}", metric.name);
    Err(cannot(message, format!("write `better: {better}` beside the metric in the improvement's file")))
}

/// ±ln(B/A). A metric that cannot be compared is a finding, so that the pair is never silently a zero.
fn difference(workload: &WorkloadPlan, a: &mut ArmRun, b: &mut ArmRun) -> LogRatio {
    let read = |run: &ArmRun| run.values.get(&workload.metric).copied();
    let positive = |value: Option<f64>| value.filter(|value| value.is_finite() && *value > 0.0);
    match (positive(read(a)), positive(read(b))) {
        (Some(of_a), Some(of_b)) => LogRatio(match workload.better {
            Direction::Higher => (of_b / of_a).ln(),
            Direction::Lower => (of_a / of_b).ln(),
        }),
        (of_a, of_b) => {
            for (run, value) in [(&mut *a, of_a), (&mut *b, of_b)] {
                if value.is_none() {
                    let reading = read(run).map_or_else(|| "missing".to_owned(), |value| value.to_string());
                    run.findings.push(format!("`{}` is {reading}: it cannot be compared", workload.metric));
                }
            }
            LogRatio(0.0)
        }
    }
}

fn ops_of(done: &SliceDone, slice_ms: u64) -> u64 {
    let per_ms = done.ops as f64 / (done.elapsed_ns.max(1) as f64 / 1e6);
    ((per_ms * slice_ms as f64) as u64).max(1)
}

/// The expected wall time of a pair, from its plan: slices of both arms, and what else is known.
pub fn expected_time(slice_ms: u64, slices: u32, warmup: u32, load: Duration) -> Duration {
    let measured = Duration::from_millis(slice_ms) * 2 * (slices + warmup.max(1));
    measured + load + Duration::from_millis(300)
}
