//! A profile of one arm: its stacks, and what they cover. Counts become costs per operation here.

use std::fmt;
use std::time::Duration;

use super::folded::{Folded, FoldedError};
use super::names;
use super::shelf::Capture;
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
}

/// A profile of one arm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Which side.
    pub arm: Arm,
    /// What was counted.
    pub kind: Kind,
    /// The stacks; names as they are the same in both arms.
    pub folded: Folded,
    /// Samples taken, or waits seen.
    pub samples: u64,
    /// CPU time covered.
    pub cpu: Duration,
    /// Operations done meanwhile.
    pub ops: u64,
}

impl Profile {
    /// Reads a capture.
    pub fn of(capture: &Capture<'_>) -> Result<Self, FoldedError> {
        let &Capture { arm, kind, folded, samples, cpu, ops } = capture;
        let folded: Folded = folded.parse()?;
        Ok(Self { arm, kind, folded: folded.renamed(|name| names::trimmed(name).into_owned()), samples, cpu, ops })
    }

    /// What one count stands for, in nanoseconds per operation. For CPU that is the time between two samples as it was
    /// obtained, not as it was asked for: the kernel's tick caps the rate.
    pub fn ns_per_count(&self) -> f64 {
        let ops = self.ops.max(1) as f64;
        match self.kind {
            Kind::Cpu => self.cpu.as_nanos() as f64 / self.folded.total().max(1) as f64 / ops,
            Kind::Wait => 1.0 / ops,
        }
    }

    /// Everything in it, in nanoseconds per operation.
    pub fn ns_per_op(&self) -> f64 {
        self.folded.total() as f64 * self.ns_per_count()
    }

    /// The standard error of a cost that rests on `count` counts, from sampling alone; `None` for waits, which are
    /// measured one by one. Binomial: the whole is known from the CPU clock, only its parts are sampled.
    pub fn standard_error(&self, count: u64) -> Option<f64> {
        match self.kind {
            Kind::Cpu => {
                let share = count as f64 / self.folded.total().max(1) as f64;
                Some((count as f64 * (1.0 - share)).sqrt() * self.ns_per_count())
            }
            Kind::Wait => None,
        }
    }

    /// What it covers, in a line: samples, rate, CPU time, operations, cost.
    pub fn coverage(&self) -> String {
        let cpu = self.cpu.as_secs_f64();
        let cost = nanoseconds(self.ns_per_op());
        match self.kind {
            Kind::Cpu => {
                let rate = self.samples as f64 / cpu.max(f64::MIN_POSITIVE);
                let rate = if self.samples == 0 { "none".to_owned() } else { format!("{rate:.0} per CPU-second") };
                let (samples, ops) = (grouped(self.samples), grouped(self.ops));
                format!("{samples} samples ({rate}) over {cpu:.2} CPU-seconds, {ops} operations: {cost} of CPU each")
            }
            Kind::Wait => {
                let (waits, ops) = (grouped(self.samples), grouped(self.ops));
                format!("{waits} waits, timed one by one, {ops} operations: {cost} waited each")
            }
        }
    }
}

/// A duration as people read it: `41.4 µs`.
pub fn nanoseconds(ns: f64) -> String {
    if ns == 0.0 {
        return "0 ns".to_owned();
    }
    let scales = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    let (size, unit) = scales.into_iter().find(|(size, _)| ns.abs() >= *size).unwrap_or((1.0, "ns"));
    let value = ns / size;
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{:.digits$} {unit}", value.abs())
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
    /// The kind called `name`.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Cpu, Self::Wait].into_iter().find(|kind| kind.to_string() == name)
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Wait => "waiting",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cpu => "cpu",
            Self::Wait => "wait",
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn profile(arm: Arm, kind: Kind, folded: &str, cpu_ms: u64, ops: u64) -> Profile {
        let samples = folded.parse::<Folded>().unwrap().total();
        Profile::of(&Capture { arm, kind, folded, samples, cpu: Duration::from_millis(cpu_ms), ops }).unwrap()
    }

    #[test]
    fn counts_become_costs_per_operation() {
        // 100 samples over 400 ms: 4 ms each; 1 000 operations: 4 µs per sample and operation.
        let cpu = profile(Arm::A, Kind::Cpu, "main;work 75\nmain;rest 25\n", 400, 1_000);
        assert!((cpu.ns_per_count() - 4_000.0).abs() < 1e-9);
        assert!((cpu.ns_per_op() - 400_000.0).abs() < 1e-6, "CPU time per operation, whatever was sampled");
        assert_eq!(cpu.standard_error(20), Some(16_000.0), "√(20 · 0.8) samples of 4 µs");
        assert_eq!(cpu.standard_error(100), Some(0.0), "the whole is known");
        assert_eq!(
            cpu.coverage(),
            "100 samples (250 per CPU-second) over 0.40 CPU-seconds, 1\u{202f}000 operations: 400 µs of CPU each"
        );
        let wait = profile(Arm::B, Kind::Wait, "commit;fsync 5000000\n", 400, 1_000);
        assert!((wait.ns_per_op() - 5_000.0).abs() < 1e-9);
        assert_eq!(wait.standard_error(1), None);
    }

    #[test]
    fn nothing_sampled_costs_nothing() {
        let idle = profile(Arm::A, Kind::Cpu, "", 0, 0);
        assert_eq!(idle.ns_per_op(), 0.0);
        assert_eq!(idle.coverage(), "0 samples (none) over 0.00 CPU-seconds, 0 operations: 0 ns of CPU each");
    }

    #[test]
    fn builds_of_the_same_source_have_the_same_names() {
        let one = profile(Arm::A, Kind::Cpu, "a::b::h0123456789abcdef 1\na::b::hfedcba9876543210 2\n", 1, 1);
        assert_eq!(one.folded.to_string(), "a::b 3\n");
    }

    #[test]
    fn durations_have_three_digits() {
        assert_eq!(nanoseconds(41_400.0), "41.4 µs");
        assert_eq!(nanoseconds(-1_234_000.0), "−1.23 ms");
        assert_eq!(nanoseconds(0.5), "0.50 ns");
    }
}
