//! Whoever watches stderr is never left without a word for more than five seconds, whatever takes its time.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};

use super::apply_bench::Lab;
use super::apply_faults::built_lab;

/// A process that ends with its test, also when that fails.
struct Bounded(Child);

impl Drop for Bounded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const SILENCE_MAX: Duration = Duration::from_secs(5);

/// Longer than anybody may be silent.
const SLOW_MS: u64 = 6_500;

/// Asserts that no two lines on stderr are further apart than allowed, and neither are its beginning and its end; stops
/// looking when `enough` says so.
#[track_caller]
fn assert_never_silent(child: &mut Bounded, mut enough: impl FnMut(&str) -> bool) -> String {
    let (mut text, mut last, mut largest) = (String::new(), Instant::now(), (Duration::ZERO, String::new()));
    let mut lines = BufReader::new(child.0.stderr.take().unwrap()).lines();
    loop {
        let line = lines.next().map(Result::unwrap);
        let gap = last.elapsed();
        last = Instant::now();
        if gap > largest.0 {
            largest = (gap, text.lines().next_back().unwrap_or("the start").to_owned());
        }
        let Some(line) = line else { break };
        text += &(line + "\n");
        if enough(text.lines().next_back().unwrap_or_default()) {
            break;
        }
    }
    assert!(largest.0 <= SILENCE_MAX, "{:.1} s of silence after `{}`\n{text}", largest.0.as_secs_f64(), largest.1);
    text
}

#[test]
fn slow_builds_tests_and_loads_are_accompanied() {
    let lab = built_lab();
    let sleep = format!("std::thread::sleep(std::time::Duration::from_millis({SLOW_MS}))");
    lab.bench.write("toy/build.rs", format!("fn main() {{ {sleep}; }}"));
    lab.bench.replace("toy/src/main.rs", "#[test]", &format!("#[test]\nfn slow() {{ {sleep}; }}\n#[test]"));
    lab.bench.replace("improvements/T003.yaml", "effect: 0.4,", &format!("effect: 0.4, load_ms: {SLOW_MS},"));
    // The machine is another's for as long.
    let lease = lab.lease("another");
    let mut child = Bounded(lab.start(&["--wait", "--no-profile"]));
    let holder = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(SLOW_MS));
        drop(lease);
    });
    // One pair has seen it all.
    let text = assert_never_silent(&mut child, |line| line.contains("pair 1"));
    holder.join().unwrap();
    for what in ["waiting for the machine: another", "building arm A", "testing arm B", "loading toy"] {
        assert!(text.contains(what), "{what}: {text}");
    }
}

#[test]
fn slow_slices_are_accompanied() {
    let lab = Lab::with("effect: 0.4, sleep_ms: 1700", "noise: 0.003", "noise: 0.003");
    let mut child = Bounded(lab.start(&["--no-profile"]));
    let started = Instant::now();
    assert_never_silent(&mut child, |_| started.elapsed() > Duration::from_secs(12));
}

#[test]
fn waiting_for_a_quiet_machine_is_accompanied() {
    if !std::path::Path::new("/proc/pressure/cpu").exists() {
        return; // then nobody waits either
    }
    let lab = Lab::new(0.4);
    lab.bench.replace("workbench.yaml", "cpu_pressure_max: 100,", "cpu_pressure_max: 0.001, quiet_wait_s: 60,");
    // More work than cores, so that somebody always has to wait for one.
    let cores = std::thread::available_parallelism().unwrap().get();
    let busy = || std::process::Command::new("/bin/sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let noise: Vec<Bounded> = (0..=cores).map(|_| Bounded(busy())).collect();
    let mut child = Bounded(lab.start(&["--no-profile"]));
    let mut waits = 0;
    let text = assert_never_silent(&mut child, |line| {
        waits += usize::from(line.contains("waiting for a quiet machine"));
        waits == 3
    });
    drop(noise);
    assert_eq!(waits, 3, "{text}");
}
