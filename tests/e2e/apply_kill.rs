//! The workbench killed, and asked to stop, at any point of an apply.

use std::process::Child;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::apply_bench::Lab;

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

/// Whether nobody of the project runs any more, soon.
fn nobody_left(lab: &Lab) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(3) {
        if lab.processes().is_empty() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

/// Points at which the workbench is killed; `WORKBENCH_KILL_POINTS=50` for a thorough run.
fn kill_points() -> u32 {
    std::env::var("WORKBENCH_KILL_POINTS").ok().and_then(|points| points.parse().ok()).unwrap_or(12)
}

#[test]
fn killed_at_any_point_it_goes_on_and_keeps_every_finished_pair() {
    let slow = "noise: 0.003, sleep_ms: 40";
    let lab = Lab::with("effect: 0.4, noise: 0.01, batch: 8, sleep_ms: 40", slow, slow);
    let (mut kept, mut killed, mut ended) = (Vec::new(), 0, 0);
    let mut dice = 0x2545_f491_4f6c_dd1d_u64;
    while killed < kill_points() {
        let mut child = lab.start(&["--resume", "--no-profile"]);
        // From the first milliseconds, when the store is being made or opened, to the middle of pairs.
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_millis(5 + (dice >> 33) % 900));
        let was_over = child.try_wait().unwrap().is_some();
        if was_over {
            ended += 1;
        } else {
            send(&child, Signal::SIGKILL);
            child.wait().unwrap();
            killed += 1;
        }
        assert!(nobody_left(&lab), "kill {killed}: {:?}", lab.processes());
        assert_eq!(lab.problems(), Vec::<String>::new(), "kill {killed}");
        let now = lab.pairs();
        assert!(now.starts_with(&kept), "kill {killed}: {} pairs, then {} others", kept.len(), now.len());
        // Decided: the next start begins another experiment.
        kept = if was_over { Vec::new() } else { now };
    }
    let ran = lab.apply(&["--resume", "--no-profile"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let going_on = format!("going on with experiment {} after {} pairs", ended + 1, kept.len());
    assert!(kept.is_empty() || ran.stderr.contains(&going_on), "{}", ran.stderr);
    assert!(lab.pairs().starts_with(&kept) && lab.experiment(ended + 1).verdict.is_some());
    assert_eq!((lab.processes(), lab.leftovers()), (Vec::new(), 0));
}

#[test]
fn a_signal_stops_it_cleanly() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let lab = Lab::with("effect: 0.4, batch: 8, sleep_ms: 50", "noise: 0.003", "noise: 0.003");
        let child = lab.start(&["--no-profile"]);
        lab.wait_for_pairs(1);
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("every finished pair is kept") && stderr.contains("--resume"), "{stderr}");
        assert_eq!((lab.processes(), lab.leftovers()), (Vec::new(), 0), "{signal}");
    }
}

#[test]
fn a_resume_of_something_else_begins_anew() {
    let lab = Lab::with("effect: 0.4, batch: 8, sleep_ms: 50", "noise: 0.003", "noise: 0.003");
    let mut child = lab.start(&[]);
    lab.wait_for_pairs(1);
    send(&child, Signal::SIGKILL);
    child.wait().unwrap();
    lab.bench.replace("improvements/T003.yaml", "sleep_ms: 50", "sleep_ms: 1");
    let ran = lab.apply(&["--resume", "--no-profile"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(lab.experiment(2).verdict.is_some());
    assert!(lab.experiment(1).verdict.is_none());
}
