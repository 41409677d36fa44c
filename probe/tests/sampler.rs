//! The sampler against programs whose true split is known: each thread reads its own CPU clock around each of its functions.
//!
//! One test, since there is one profile at a time and it sees all threads of the process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::hint::black_box;
use std::io::{Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use probe::driver::{CpuProfile, MAX_HZ};
use probe::protocol::{FoldedProfile, FoldedUnit};

/// This thread's CPU clock in ns.
fn clock_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

#[inline(never)]
fn compute(rounds: u64) -> u64 {
    (0..rounds).fold(1, |x, n| black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(n)))
}

#[inline(never)]
fn write_zeros(file: &mut File, times: u64) {
    let block = [0_u8; 64 << 10];
    for _ in 0..times {
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(&block).unwrap();
    }
}

#[inline(never)]
fn sync_often(file: &mut File, times: u64) {
    for _ in 0..times {
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(&[1; 4096]).unwrap();
        rustix::fs::fdatasync(file.as_fd()).unwrap();
    }
}

/// A thread that computes and writes by turns until both have had their CPU time, in ns: what they really had.
fn by_turns(compute_ns: u64, write_ns: u64) -> [u64; 2] {
    let mut file = tempfile::tempfile().unwrap();
    let mut had = [0; 2];
    while had[0] < compute_ns || had[1] < write_ns {
        let start = clock_ns();
        if had[0] * write_ns <= had[1] * compute_ns {
            compute(20_000);
            had[0] += clock_ns() - start;
        } else {
            write_zeros(&mut file, 10);
            had[1] += clock_ns() - start;
        }
    }
    had
}

/// A thread that waits for the disk most of the time.
fn syncing(times: u64) -> u64 {
    let mut file = tempfile::tempfile_in(".").unwrap();
    let start = clock_ns();
    sync_often(&mut file, times);
    clock_ns() - start
}

fn ns_of(profile: &FoldedProfile, is: impl Fn(&str) -> bool) -> u64 {
    let lines = profile.folded.lines().map(|line| line.rsplit_once(' ').unwrap());
    lines.filter(|(stack, _)| is(stack)).map(|(_, ns)| ns.parse::<u64>().unwrap()).sum()
}

fn off(found: u64, truth: u64) -> f64 {
    found as f64 / truth as f64 - 1.0
}

#[test]
fn the_weights_are_the_clocks_and_lie_where_the_time_went() {
    let profile = CpuProfile::start(MAX_HZ).unwrap();
    assert!(CpuProfile::start(MAX_HZ).is_err(), "one at a time");
    let turns: Vec<_> = [(500, 250), (300, 600)]
        .into_iter()
        .map(|(compute, write)| thread::spawn(move || by_turns(compute * 1_000_000, write * 1_000_000)))
        .collect();
    let sync = thread::spawn(|| syncing(3_000));
    // Threads that come and go: each lives for longer than the sampler takes to see it.
    let mut short_ns = 0;
    for _ in 0..5 {
        let short = thread::Builder::new().name("short-1".to_owned()).spawn(|| by_turns(60_000_000, 0)[0]);
        short_ns += short.unwrap().join().unwrap();
    }
    let turns: Vec<[u64; 2]> = turns.into_iter().map(|thread| thread.join().unwrap()).collect();
    let sync_ns = sync.join().unwrap();
    thread::sleep(Duration::from_millis(50));
    let profile = profile.stop().unwrap();

    let compute_ns = turns.iter().map(|had| had[0]).sum::<u64>();
    let write_ns = turns.iter().map(|had| had[1]).sum::<u64>();
    let short = |stack: &str| stack.starts_with("short;");
    let found = |function: &str| ns_of(&profile, |stack| stack.contains(function) && !short(stack));
    let (total, weight) = (ns_of(&profile, |_| true), profile.weight.unwrap());
    let lines = [
        ("all", total, profile.cpu_ns),
        ("compute", found("compute"), compute_ns),
        ("write", found("write_zeros"), write_ns),
        ("sync", found("sync_often"), sync_ns),
        ("short", ns_of(&profile, short), short_ns),
    ];
    for (what, found, truth) in lines {
        println!(
            "{what:8} {:8.2} ms, truly {:8.2} ms, off {:+.2} %",
            found as f64 / 1e6,
            truth as f64 / 1e6,
            off(found, truth) * 100.0
        );
    }
    println!(
        "{} samples of {weight} ns, {} ns each\n{:?}",
        profile.samples,
        profile.ns_per_sample.unwrap(),
        profile.notes
    );
    assert_eq!(profile.unit, FoldedUnit::Ns);
    assert!(off(total, profile.cpu_ns).abs() < 0.05, "the books close: {total} of {} ns", profile.cpu_ns);
    // Four standard errors of what is drawn, as `weight` tells it.
    for (what, found, truth) in &lines[1..4] {
        let error = (*found as f64 * weight as f64).sqrt();
        assert!(
            (*found as f64 - *truth as f64).abs() < 4.0 * error,
            "{what}: {found} of {truth} ns ± {error}\n{}",
            profile.folded
        );
    }
    assert!(off(ns_of(&profile, short), short_ns).abs() < 0.25, "no more is lost than the last period of each");
    // Time in the kernel is there, with the caller above it.
    let in_kernel = ns_of(&profile, |stack| stack.contains("write_zeros") && stack.ends_with("_[k]"));
    assert!(in_kernel * 10 > write_ns * 7, "{in_kernel} of {write_ns}\n{}", profile.folded);
    assert_eq!(ns_of(&profile, |stack| stack.contains("compute") && stack.ends_with("_[k]")) / (compute_ns / 20), 0);

    let again = CpuProfile::start(99).unwrap().stop().unwrap();
    assert!(again.samples < 5, "a second profile starts empty: {}", again.folded);
}
