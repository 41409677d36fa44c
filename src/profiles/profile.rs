//! A profile of one arm: its stacks, and what they cover. Counts become costs per operation here.
//!
//! ```text
//!  CPU time of the slices, by the process's clock       ├──────────────────────────────────────────┤  measured
//!  the samples' weights, by the threads' clocks          ├────────────────────────────────────┤        sampled
//!                                                       f, g, h, … by own samples             └─────┘  not sampled
//! ```
//!
//! A sample is worth what its thread's clock or the sampler's timer says, not an equal part of the CPU time: so a sampler that loses
//! samples shows in the books instead of making every function dearer. Only where neither is known is a sample an equal part.

use std::fmt;
use std::time::Duration;

use super::folded::{Folded, FoldedError};
use super::names;
use super::shelf::Capture;
use super::spread::Spread;
use super::tree::Counts;
use crate::units::grouped;

/// Which side of a comparison a profile belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm {
    /// Without the improvement.
    A,
    /// With it.
    B,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Samples of the CPU.
    Cpu,
    /// Nanoseconds waited.
    Wait,
    /// How often it was waited.
    Times,
    /// Instructions executed.
    Instructions,
    /// Bytes allocated.
    Alloc,
    /// How often something was allocated.
    Allocs,
}

/// A profile of one arm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Which side.
    pub arm: Arm,
    /// What was counted.
    pub kind: Kind,
    /// Each in a process of its own.
    pub stretches: Vec<Stretch>,
}

/// What was counted in one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The stacks; names as they are the same in both arms.
    pub folded: Folded,
    /// Samples taken, or waits seen.
    pub samples: u64,
    /// CPU time while counting.
    pub cpu: Duration,
    /// CPU time of the slices alone, as they are measured: what the operations cost.
    pub measured: Option<Duration>,
    /// CPU time that a sample stands for, where samples were counted.
    pub period: Option<Duration>,
    /// What one draw stands for, where the counts are sums of weights.
    pub weight: Option<u64>,
    /// Operations done meanwhile.
    pub ops: u64,
}

impl Stretch {
    /// Reads a capture.
    pub fn of(capture: &Capture<'_>) -> Result<Self, FoldedError> {
        let &Capture { folded, samples, cpu, measured, period, weight, ops, .. } = capture;
        let folded: Folded = folded.parse()?;
        let folded = folded.renamed(|name| names::trimmed(name).into_owned());
        Ok(Self { folded, samples, cpu, measured, period, weight, ops })
    }

    /// What one count stands for.
    fn worth(&self, kind: Kind) -> f64 {
        match (kind, self.weight, self.period) {
            (Kind::Cpu, Some(_), _) => 1.0,
            (Kind::Wait | Kind::Times | Kind::Instructions | Kind::Alloc | Kind::Allocs, ..) => 1.0,
            (Kind::Cpu, None, Some(period)) => period.as_nanos() as f64,
            (Kind::Cpu, None, None) => self.cpu.as_nanos() as f64 / self.folded.total().max(1) as f64,
        }
    }

    /// What one draw stands for: a sample that was counted, or the size of one that was weighed.
    fn draw(&self, kind: Kind) -> f64 {
        self.weight.map_or_else(|| self.worth(kind), |weight| weight as f64)
    }

    /// Everything there was to count.
    fn measured(&self, kind: Kind) -> f64 {
        match kind {
            Kind::Cpu => self.measured.unwrap_or(self.cpu).as_nanos() as f64,
            Kind::Wait | Kind::Times | Kind::Instructions | Kind::Alloc | Kind::Allocs => self.folded.total() as f64,
        }
    }
}

impl Profile {
    /// All stretches' stacks together.
    pub fn folded(&self) -> Folded {
        let mut all = Folded::default();
        for (stack, count) in self.stretches.iter().flat_map(|stretch| stretch.folded.stacks()) {
            all.add(stack.to_vec(), count);
        }
        all
    }

    /// Samples taken, or waits seen.
    pub fn samples(&self) -> u64 {
        self.stretches.iter().map(|stretch| stretch.samples).sum()
    }

    /// CPU time while counting.
    pub fn cpu(&self) -> Duration {
        self.stretches.iter().map(|stretch| stretch.cpu).sum()
    }

    /// Operations done meanwhile.
    pub fn ops(&self) -> u64 {
        self.stretches.iter().map(|stretch| stretch.ops).sum()
    }

    /// How much `counts` are, per operation: nanoseconds, waits or instructions.
    pub fn cost(&self, counts: &Counts) -> f64 {
        self.per_op(self.worth_of(counts).map(|(worth, _)| worth).sum())
    }

    /// How well [`Self::cost`] is known. `None` for what is counted one by one, in one stretch.
    pub fn spread(&self, counts: &Counts) -> Option<Spread> {
        let counting = match self.kind {
            Kind::Cpu | Kind::Alloc => {
                let of_each = |(n, stretch): (usize, &Stretch)| {
                    counts.in_stretch(n) as f64 * stretch.worth(self.kind) * stretch.draw(self.kind)
                };
                let variance: f64 = self.stretches.iter().enumerate().map(of_each).sum();
                // That nothing was seen does not prove that nothing is there: as if it had been seen once.
                let once = self.stretches.first().map_or(0.0, |stretch| stretch.draw(self.kind).powi(2));
                Some(Spread::of_counting(variance.max(once) / (self.ops().max(1) as f64).powi(2)))
            }
            Kind::Wait | Kind::Times | Kind::Instructions | Kind::Allocs => None,
        };
        let stretches: Vec<(f64, f64)> = self.worth_of(counts).collect();
        Spread::greater(counting, Spread::of_stretches(&stretches))
    }

    /// What there was to count, per operation: for CPU what the process's clock says of the slices.
    pub fn measured(&self) -> f64 {
        self.per_op(self.stretches.iter().map(|stretch| stretch.measured(self.kind)).sum())
    }

    /// How well [`Self::measured`] is known: by what the stretches disagree.
    pub fn measured_spread(&self) -> Option<Spread> {
        let of_each = |stretch: &Stretch| (stretch.measured(self.kind), stretch.ops as f64);
        Spread::of_stretches(&self.stretches.iter().map(of_each).collect::<Vec<_>>())
    }

    /// Whether the worth of every count is known by itself and not from the CPU time.
    pub fn knows_its_period(&self) -> bool {
        match self.kind {
            Kind::Cpu => self.stretches.iter().all(|stretch| stretch.period.is_some() || stretch.weight.is_some()),
            Kind::Wait | Kind::Times | Kind::Instructions | Kind::Alloc | Kind::Allocs => true,
        }
    }

    /// Whether its counts are numbers of samples, and not sums of their weights.
    pub fn counts_samples(&self) -> bool {
        self.kind == Kind::Cpu && self.stretches.iter().all(|stretch| stretch.weight.is_none())
    }

    /// What it covers, in a line: samples, rate, CPU time, operations, cost.
    pub fn coverage(&self) -> String {
        let cost = self.kind.amount(self.measured());
        let (samples, ops) = (grouped(self.samples()), grouped(self.ops()));
        let of = match self.stretches.len() {
            0 | 1 => String::new(),
            processes => format!(" in {processes} processes"),
        };
        match self.kind {
            Kind::Cpu => {
                let cpu = self.cpu().as_secs_f64();
                let rate = self.samples() as f64 / cpu.max(f64::MIN_POSITIVE);
                let rate = if self.samples() == 0 { "none".to_owned() } else { format!("{rate:.0} per CPU-second") };
                format!(
                    "{samples} samples ({rate}) over {cpu:.2} CPU-seconds, {ops} operations{of}: {cost} of CPU each"
                )
            }
            Kind::Wait | Kind::Times => {
                format!("{samples} waits, timed one by one, {ops} operations{of}: {cost} waited each")
            }
            Kind::Alloc | Kind::Allocs => {
                format!("{samples} allocations drawn by their bytes, {ops} operations{of}: {cost} for each")
            }
            Kind::Instructions => format!("every instruction counted, {ops} operations: {cost} each"),
        }
    }

    /// What each stretch counted, in units, and its operations.
    fn worth_of(&self, counts: &Counts) -> impl Iterator<Item = (f64, f64)> {
        let of_each = |(n, stretch): (usize, &Stretch)| {
            (counts.in_stretch(n) as f64 * stretch.worth(self.kind), stretch.ops as f64)
        };
        self.stretches.iter().enumerate().map(of_each)
    }

    fn per_op(&self, amount: f64) -> f64 {
        amount / self.ops().max(1) as f64
    }
}

/// A duration as people read it: `41.4 µs`.
pub fn nanoseconds(ns: f64) -> String {
    if ns == 0.0 {
        return "0 ns".to_owned();
    }
    scaled(ns, &[(1e9, " s"), (1e6, " ms"), (1e3, " µs"), (1.0, " ns")])
}

/// A number of things, three digits: `1.23 M`, `412`, `0.05`.
fn number(count: f64) -> String {
    if count == 0.0 {
        return "0".to_owned();
    }
    scaled(count, &[(1e9, " G"), (1e6, " M"), (1e3, " k"), (1.0, "")])
}

/// Memory, three digits: `1.23 MiB`, `412 B`.
fn bytes(bytes: f64) -> String {
    if bytes == 0.0 {
        return "0 B".to_owned();
    }
    scaled(bytes, &[(1_073_741_824.0, " GiB"), (1_048_576.0, " MiB"), (1024.0, " KiB"), (1.0, " B")])
}

fn scaled(amount: f64, scales: &[(f64, &str)]) -> String {
    let (size, unit) = scales.iter().copied().find(|(size, _)| amount.abs() >= *size).unwrap_or_else(|| {
        let last = scales.last().map_or("", |(_, unit)| unit);
        (1.0, last)
    });
    let value = amount / size;
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{:.digits$}{unit}", value.abs())
}

impl Arm {
    /// As it stands in file names.
    pub fn letter(self) -> char {
        match self {
            Self::A => 'a',
            Self::B => 'b',
        }
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::A => "A (off)",
            Self::B => "B (on)",
        }
    }
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Cpu, Self::Wait, Self::Times, Self::Instructions, Self::Alloc, Self::Allocs];

    /// The kind called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_string() == name)
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Wait => "waiting",
            Self::Times => "waits",
            Self::Instructions => "instructions",
            Self::Alloc => "allocated bytes",
            Self::Allocs => "allocations",
        }
    }

    /// An amount of it per operation, as people read it.
    pub fn amount(self, amount: f64) -> String {
        match self {
            Self::Cpu | Self::Wait => nanoseconds(amount),
            Self::Times | Self::Instructions | Self::Allocs => number(amount),
            Self::Alloc => bytes(amount),
        }
    }

    /// A change of it per operation, with its sign.
    pub fn change(self, amount: f64) -> String {
        if amount > 0.0 { format!("+{}", self.amount(amount)) } else { self.amount(amount) }
    }

    /// Whether its stacks are worth a picture: how often was waited is told beside how long, and instructions have no stacks.
    pub fn has_pictures(self) -> bool {
        match self {
            Self::Cpu | Self::Wait | Self::Alloc => true,
            Self::Times | Self::Instructions | Self::Allocs => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cpu => "cpu",
            Self::Wait => "wait",
            Self::Times => "times",
            Self::Instructions => "instructions",
            Self::Alloc => "alloc",
            Self::Allocs => "allocs",
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One stretch whose sampler lost nothing.
    pub(crate) fn profile(arm: Arm, kind: Kind, folded: &str, cpu_ms: u64, ops: u64) -> Profile {
        Profile { arm, kind, stretches: vec![stretch(folded, cpu_ms, None, ops)] }
    }

    /// One stretch of a sampler that fires each millisecond, `measured_ms` of CPU time long.
    pub(crate) fn stretch(folded: &str, cpu_ms: u64, measured_ms: Option<u64>, ops: u64) -> Stretch {
        let samples = folded.parse::<Folded>().unwrap().total();
        let (measured, period) =
            (measured_ms.map(Duration::from_millis), measured_ms.map(|_| Duration::from_millis(1)));
        let (arm, kind, cpu) = (Arm::A, Kind::Cpu, Duration::from_millis(cpu_ms));
        let weight = None;
        Stretch::of(&Capture { arm, kind, folded, samples, cpu, measured, period, weight, ops }).unwrap()
    }

    fn counts(of_each: &[u64]) -> Counts {
        let mut counts = Counts::default();
        of_each.iter().enumerate().for_each(|(n, count)| counts.add(n, *count));
        counts
    }

    fn half_width(profile: &Profile, counts: &Counts) -> Option<f64> {
        Spread::half_width(profile.spread(counts), Some(Spread::of_counting(0.0)))
    }

    #[test]
    fn counts_become_costs_per_operation() {
        // 100 samples over 400 ms: 4 ms each; 1 000 operations: 4 µs per sample and operation.
        let cpu = profile(Arm::A, Kind::Cpu, "main;work 75\nmain;rest 25\n", 400, 1_000);
        assert!((cpu.cost(&counts(&[1])) - 4_000.0).abs() < 1e-9);
        assert!((cpu.measured() - 400_000.0).abs() < 1e-6, "CPU time per operation, whatever was sampled");
        let width = half_width(&cpu, &counts(&[25])).unwrap();
        assert!((width - 2.576 * 20_000.0).abs() < 1e-6, "√25 samples of 4 µs, and not {width}");
        let width = half_width(&cpu, &counts(&[0])).unwrap();
        assert!((width - 2.576 * 4_000.0).abs() < 1e-6, "what was not seen may be there");
        assert_eq!(
            cpu.coverage(),
            "100 samples (250 per CPU-second) over 0.40 CPU-seconds, 1\u{202f}000 operations: 400 µs of CPU each"
        );
        let wait = profile(Arm::B, Kind::Wait, "commit;fsync 5000000\n", 400, 1_000);
        assert!((wait.measured() - 5_000.0).abs() < 1e-9);
        assert_eq!(half_width(&wait, &counts(&[1])), None, "one process tells nothing of the next");
    }

    #[test]
    fn a_sample_is_worth_its_period_and_what_was_lost_is_not_spread_over_the_rest() {
        // 300 samples of 1 ms in 400 ms of CPU time, of which the slices took 390.
        let stretches = vec![stretch("main;work 300\n", 400, Some(390), 1_000)];
        let lossy = Profile { arm: Arm::A, kind: Kind::Cpu, stretches };
        assert!((lossy.cost(&counts(&[300])) - 300_000.0).abs() < 1e-6);
        assert!((lossy.measured() - 390_000.0).abs() < 1e-6);
    }

    #[test]
    fn weights_are_counts_already_and_their_size_is_what_is_not_known() {
        // 100 draws of 3 ms on average; where they vary, the mean by weight is greater: 4 ms.
        let (arm, kind, folded) = (Arm::A, Kind::Cpu, "main;work 200000000\nmain;rest 100000000\n");
        let (cpu, measured, period) = (Duration::from_millis(310), Some(Duration::from_millis(305)), None);
        let weight = Some(4_000_000);
        let capture = Capture { arm, kind, folded, samples: 100, cpu, measured, period, weight, ops: 1_000 };
        let weighed = Profile { arm, kind, stretches: vec![Stretch::of(&capture).unwrap()] };
        let work = counts(&[200_000_000]);
        assert_eq!((weighed.cost(&work), weighed.measured()), (200_000.0, 305_000.0));
        let width = half_width(&weighed, &work).unwrap();
        assert!((width - 2.576 * (2e8_f64 * 4e6).sqrt() / 1e3).abs() < 1e-6, "{width}");
        let width = half_width(&weighed, &counts(&[0])).unwrap();
        assert!((width - 2.576 * 4_000.0).abs() < 1e-6, "what was not seen may be there once: {width}");
        assert!(weighed.knows_its_period());
    }

    #[test]
    fn stretches_that_disagree_widen_the_interval() {
        let of = |samples: [u64; 3]| {
            let each = |samples| stretch(&format!("work {samples}\n"), 1_000, Some(1_000), 1_000);
            let profile = Profile { arm: Arm::A, kind: Kind::Cpu, stretches: samples.map(each).to_vec() };
            half_width(&profile, &counts(&samples)).unwrap()
        };
        let agreeing = of([400, 400, 400]);
        assert!((agreeing - 2.576 * 1200.0_f64.sqrt() * 1_000.0 / 3.0).abs() < 1.0, "counting alone: {agreeing}");
        // 300, 400, 500 µs per operation: s = 100, of the mean 57.7, and t(2) = 9.925.
        assert!((of([300, 400, 500]) - 9.925 * 100_000.0 / 3.0_f64.sqrt()).abs() < 1.0);
    }

    #[test]
    fn nothing_sampled_costs_nothing() {
        let idle = profile(Arm::A, Kind::Cpu, "", 0, 0);
        assert_eq!(idle.measured(), 0.0);
        assert_eq!(idle.coverage(), "0 samples (none) over 0.00 CPU-seconds, 0 operations: 0 ns of CPU each");
        let none = Profile { arm: Arm::A, kind: Kind::Cpu, stretches: Vec::new() };
        assert_eq!((none.measured(), none.ops()), (0.0, 0));
    }

    #[test]
    fn builds_of_the_same_source_have_the_same_names() {
        let one = profile(Arm::A, Kind::Cpu, "a::b::h0123456789abcdef 1\na::b::hfedcba9876543210 2\n", 1, 1);
        assert_eq!(one.folded().to_string(), "a::b 3\n");
    }

    #[test]
    fn amounts_have_three_digits() {
        assert_eq!(nanoseconds(41_400.0), "41.4 µs");
        assert_eq!(nanoseconds(-1_234_000.0), "−1.23 ms");
        assert_eq!(nanoseconds(0.5), "0.50 ns");
        assert_eq!(Kind::Instructions.change(1_234_567.0), "+1.23 M");
        assert_eq!(Kind::Times.amount(0.046), "0.05");
        assert_eq!(Kind::Times.change(-2.0), "−2.00");
        assert_eq!([Kind::Alloc.amount(1_536.0), Kind::Alloc.change(64.0)], ["1.50 KiB", "+64.0 B"]);
    }
}
