//! What else the machine does while a pair runs.
//!
//! Foreign CPU is what the cores were busy with, less what the two arms, the workbench and the kernel's own threads
//! used: those of a file system's journal work on behalf of the arms' commits. Pressure is sampled while both arms are
//! parked; while they run it would be their own.

use std::fs;
use std::time::{Duration, Instant};

use super::experiment::Machine;
use crate::config::MachineRules;
use crate::machine::processes::{Stat, all};

/// Counters of the kernel at one moment, in clock ticks since boot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    busy: u64,
    /// Idle, waiting for a disk, or in interrupts. The kernel lets parts of it run backwards at times.
    rest: u64,
    steal: u64,
    own: u64,
}

impl Reading {
    /// Reads now; `own` are the process ids of the arms.
    pub fn take(own: &[i32]) -> Self {
        let mut reading = fs::read_to_string("/proc/stat").ok().and_then(|stat| Self::of(&stat)).unwrap_or_default();
        let arms = own.iter().copied().filter_map(Stat::of).map(|arm| arm.cpu_ticks + arm.children_ticks).sum::<u64>();
        let us = i32::try_from(std::process::id()).ok().and_then(Stat::of).map_or(0, |us| us.cpu_ticks);
        let kernel = all().into_iter().filter(Stat::is_kernel_thread).map(|stat| stat.cpu_ticks).sum::<u64>();
        reading.own = arms + us + kernel;
        reading
    }

    /// What the first line of `/proc/stat` says: `cpu user nice system idle iowait irq softirq steal guest guest_nice`.
    /// Interrupts belong to nobody, so they count as neither busy nor foreign.
    pub fn of(stat: &str) -> Option<Self> {
        let mut fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().map(str::parse::<u64>);
        let mut next = || fields.next()?.ok();
        let (user, nice, system, idle) = (next()?, next()?, next()?, next()?);
        let (iowait, irq, softirq, steal) = (next()?, next()?, next()?, next()?);
        let busy = user + nice + system;
        Some(Self { busy, rest: idle + iowait + irq + softirq, steal, own: 0 })
    }

    /// Foreign CPU and steal since `before`, as fractions of all cores.
    pub fn since(self, before: Self) -> (f64, f64) {
        let busy = self.busy.saturating_sub(before.busy);
        let steal = self.steal.saturating_sub(before.steal);
        let own = self.own.saturating_sub(before.own);
        // Of the parts, so that none of them can be more than the whole.
        let total = (busy + steal + self.rest.saturating_sub(before.rest)).max(1) as f64;
        (busy.saturating_sub(own) as f64 / total, steal as f64 / total)
    }
}

/// Pressure over a short while in which nobody of ours runs: percent of the time that somebody had to wait for CPU, and
/// for I/O. `None` where the kernel does not tell.
pub async fn pressure(over: Duration) -> (Option<f64>, Option<f64>) {
    let read = || (stalled_us("/proc/pressure/cpu"), stalled_us("/proc/pressure/io"));
    let (start, before) = (Instant::now(), read());
    tokio::time::sleep(over).await;
    let (after, elapsed_us) = (read(), start.elapsed().as_secs_f64() * 1e6);
    let share = |before: Option<u64>, after: Option<u64>| {
        Some(after?.saturating_sub(before?) as f64 / elapsed_us * 100.0).map(|percent| percent.min(100.0))
    };
    (share(before.0, after.0), share(before.1, after.1))
}

/// What the machine is doing now, for the record: load, pressure, and how its clock is governed.
pub fn mood() -> String {
    let read = |path: &str| fs::read_to_string(path).ok();
    let load = read("/proc/loadavg").and_then(|text| Some(format!("load {}", text.split_whitespace().next()?)));
    let pressure = |name: &str, of: &str| {
        let percent = some_avg10(&read(&format!("/proc/pressure/{of}"))?)?;
        Some(format!("{name} pressure {percent:.0} %"))
    };
    let governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    let governor = governor.map(|text| format!("governor {}", text.trim()));
    let told = [load, pressure("CPU", "cpu"), pressure("I/O", "io"), governor];
    told.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Why a pair measured under `machine` does not count; `None` when it does. Blind to what was measured.
pub fn drop_reason(machine: &Machine, rules: &MachineRules) -> Option<String> {
    let percent = |value: f64| value * 100.0;
    if machine.foreign_cpu > rules.foreign_cpu_max {
        return Some(format!("foreign CPU {:.1} %", percent(machine.foreign_cpu)));
    }
    if machine.steal > rules.steal_max {
        return Some(format!("steal {:.1} %", percent(machine.steal)));
    }
    is_pressed(machine.cpu_pressure, machine.io_pressure, rules)
}

/// What presses on the machine more than the rules allow.
pub fn is_pressed(cpu: Option<f64>, io: Option<f64>, rules: &MachineRules) -> Option<String> {
    let above = |name: &str, value: Option<f64>, max: f64| {
        value.filter(|&value| value > max).map(|value| format!("{name} pressure {value:.0} %"))
    };
    above("CPU", cpu, rules.cpu_pressure_max).or_else(|| above("I/O", io, rules.io_pressure_max))
}

fn stalled_us(file: &str) -> Option<u64> {
    some(&fs::read_to_string(file).ok()?, "total=")?.parse().ok()
}

/// Percent of the last ten seconds in which somebody had to wait, by the text of a pressure file.
pub fn some_avg10(text: &str) -> Option<f64> {
    some(text, "avg10=")?.parse().ok()
}

/// A word of the line `some avg10=… avg60=… avg300=… total=<µs>`.
fn some<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with("some "))?;
    line.split_whitespace().find_map(|word| word.strip_prefix(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_text_is_read_field_by_field() {
        let reading = Reading::of("cpu  100 5 50 800 20 3 7 15 0 0\ncpu0 …").unwrap();
        assert_eq!((reading.busy, reading.rest, reading.steal), (155, 830, 15));
    }

    #[test]
    fn pressure_is_read_from_the_some_line() {
        let text = "some avg10=12.50 avg60=3.00 avg300=1.00 total=17\nfull avg10=9.00 avg60=0.00 avg300=0.00 total=0\n";
        assert_eq!((some_avg10(text), some(text, "total=")), (Some(12.5), Some("17")));
        assert_eq!(some_avg10(""), None);
    }

    #[test]
    fn foreign_is_what_nobody_of_ours_used() {
        let before = Reading { busy: 100, rest: 900, steal: 0, own: 50 };
        let after = Reading { busy: 900, rest: 1070, steal: 30, own: 800 };
        assert_eq!(after.since(before), (0.05, 0.03));
    }

    #[test]
    fn nobody_uses_more_than_all_of_the_machine() {
        let before = Reading { busy: 100, rest: 900, steal: 0, own: 50 };
        let backwards = Reading { busy: 103, rest: 899, ..before };
        assert_eq!(backwards.since(before), (1.0, 0.0));
        assert_eq!(before.since(before), (0.0, 0.0));
    }

    #[test]
    fn pairs_are_dropped_by_the_machine_alone() {
        let rules = MachineRules::default();
        let quiet = Machine { foreign_cpu: 0.01, steal: 0.0, cpu_pressure: Some(1.0), io_pressure: None };
        assert_eq!(drop_reason(&quiet, &rules), None);
        let noisy = |change: fn(&mut Machine)| {
            let mut machine = quiet;
            change(&mut machine);
            drop_reason(&machine, &rules).unwrap()
        };
        assert_eq!(noisy(|machine| machine.foreign_cpu = 0.09), "foreign CPU 9.0 %");
        assert_eq!(noisy(|machine| machine.steal = 0.05), "steal 5.0 %");
        assert_eq!(noisy(|machine| machine.cpu_pressure = Some(60.0)), "CPU pressure 60 %");
        assert_eq!(noisy(|machine| machine.io_pressure = Some(60.0)), "I/O pressure 60 %");
    }

    #[test]
    fn another_process_at_work_is_seen() {
        let before = Reading::take(&[]);
        let mut child = std::process::Command::new("/bin/sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(400));
        let (foreign, _) = Reading::take(&[]).since(before);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(foreign > 0.05, "{foreign}");
    }
}
