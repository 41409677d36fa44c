//! The profile of allocations against a program whose allocations are known.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::System;
use std::hint::black_box;
use std::thread;

use probe::driver::{AllocProfile, Allocations, CpuProfile};
use probe::protocol::FoldedUnit;

#[global_allocator]
static ALLOCATOR: Allocations = Allocations::of(System);

#[inline(never)]
fn many_small(times: usize) {
    for n in 0..times {
        black_box(Box::new([n; 8]));
    }
}

#[inline(never)]
fn few_large(times: usize) {
    for n in 0..times {
        black_box(vec![n as u8; 1 << 20]);
    }
}

fn of(folded: &str, function: &str) -> f64 {
    let lines = folded.lines().map(|line| line.rsplit_once(' ').unwrap());
    let at = lines.filter(|(stack, _)| stack.rsplit(';').next().unwrap().ends_with(function));
    at.map(|(_, count)| count.parse::<f64>().unwrap()).sum()
}

#[test]
fn bytes_and_counts_are_true_on_average_and_belong_to_the_site() {
    let unprofiled = || (0..2).for_each(|_| many_small(1_000));
    unprofiled();
    let profile = AllocProfile::start().unwrap();
    assert!(CpuProfile::start(99).is_err(), "one at a time");
    let small = thread::spawn(|| many_small(4_000_000));
    few_large(200);
    small.join().unwrap();
    let profile = profile.stop().unwrap();
    unprofiled();

    assert_eq!((profile.unit, profile.notes.as_slice()), (FoldedUnit::Bytes, [].as_slice()));
    // 256 MB in pieces of 64 bytes: some 488 samples, so four standard errors are 18 %. Of 200 MiB each is found with p = 0.86.
    for (function, bytes, times, error) in
        [("many_small", 256e6, 4e6, 0.18), ("few_large", 200.0 * 1_048_576.0, 200.0, 0.12)]
    {
        let found = [of(&profile.folded, function) / bytes, of(&profile.times, function) / times];
        assert!(
            found.iter().all(|ratio| (ratio - 1.0).abs() < error),
            "{function}: {found:?} of the truth\n{}",
            profile.folded
        );
    }
    assert!(profile.weight.unwrap() >= 512 << 10 && profile.ns_per_sample.unwrap() > 0);
    let again = AllocProfile::start().unwrap().stop().unwrap();
    assert_eq!(of(&again.folded, "many_small"), 0.0, "a second profile starts empty");
}
