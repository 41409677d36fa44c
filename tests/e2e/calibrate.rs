//! `workbench calibrate`: a binary against itself, on a driver whose noise is known.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::apply_bench::Lab;
use super::bench::Ran;

/// A process's rate varies by 2 % (log scale), so a pair's difference by 2.8 %.
const NOISY: &str = "noise: 0.02, luck: 1";

fn lab(main: &str) -> Lab {
    Lab::with(main, NOISY, NOISY)
}

fn calibrate(lab: &Lab, more: &[&str]) -> Ran {
    lab.run(&[&["calibrate"], more].concat())
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
}

#[test]
fn planted_noise_is_found_for_every_metric_and_used_by_what_comes_next() {
    let lab = lab("effect: 0.4, batch: 8, noise: 0.02, luck: 1");
    let ran = calibrate(&lab, &["T003", "--pairs", "20", "--seed", "7", "--json"]);
    let found = json(&ran);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let lines = found["data"].as_array().unwrap();
    let shown: Vec<(&str, bool)> =
        lines.iter().map(|line| (line["metric"].as_str().unwrap(), line["main"].as_bool().unwrap())).collect();
    assert_eq!(
        shown,
        [("tps", true), ("tps", true), ("cost", false), ("tps", true)],
        "main, guard with two metrics, control"
    );
    for line in lines {
        let noise = line["noise"].as_f64().unwrap();
        assert!((0.014..0.056).contains(&noise), "planted 0.028, found {noise}");
        let detects: Vec<f64> =
            line["detects"].as_array().unwrap().iter().map(|d| d["change"].as_f64().unwrap()).collect();
        let sizes: Vec<f64> = detects.iter().map(|change| change.abs()).collect();
        assert!(sizes[0] > sizes[1] && sizes[1] > sizes[2] && sizes[2] > noise / 2.0, "{detects:?}");
        assert_eq!(detects[0] < 0.0, line["better"] == "lower");
        assert_eq!((&line["pairs"], &line["dropped"]), (&20.into(), &0.into()));
    }
    for replayed in found["meta"]["false_accepts"].as_array().unwrap() {
        assert_eq!((&replayed["experiments"], &replayed["pairs"]), (&1000.into(), &20.into()));
        assert!(replayed["accepted"].as_u64().unwrap() <= 50, "{replayed}");
    }
    // Frozen: the next plan has it.
    let plan = json(&lab.apply(&["--dry-run", "--json"]));
    assert_eq!(plan["data"][0]["noise"], lines[0]["noise"]);
    assert_eq!(plan["data"][1]["noise"], lines[1]["noise"]);
}

#[test]
fn a_binary_that_differs_from_itself_is_a_finding() {
    let lab = lab("bias: 0.1, noise: 0.005, luck: 1");
    let ran = calibrate(&lab, &["toy", "--seed", "7"]);
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("✗ toy bias=0.1"), "{}", ran.stdout);
    assert!(ran.stdout.contains("no verdict on this workload holds"), "{}", ran.stdout);
    // It is kept, and the chart marks it.
    assert!(calibrate(&lab, &["--history"]).stdout.contains('◆'));
}

#[test]
fn what_would_be_measured_is_printed_and_nothing_done() {
    let lab = lab(NOISY);
    insta::assert_snapshot!("calibrate_plan", calibrate(&lab, &["T003", "--dry-run"]).shown());
    let plan = json(&calibrate(&lab, &["--dry-run", "--json"]));
    assert_eq!(plan["data"].as_array().unwrap().len(), 1, "the main workload alone: {plan}");
    assert!(calibrate(&lab, &["--history"]).stdout.starts_with("nothing is calibrated yet"));
    assert!(!lab.bench.path("tracking/workbench.db").exists());
    insta::assert_snapshot!("calibrate_unknown", calibrate(&lab, &["othr"]).shown());
    assert_eq!(calibrate(&lab, &["--pairs", "3"]).code, 2);
    assert_eq!(calibrate(&lab, &["B001"]).code, 4, "not built yet");
}

#[test]
fn a_noise_that_moved_is_told_and_charted() {
    // The noise comes by the environment, so that the workload stays the same one.
    let lab = lab("noise: 0.005, luck: 1, louder: true");
    let once = |loud: &str| {
        let mut command = lab.command(&["calibrate", "toy", "--seed", "7"]);
        Ran::new(&command.env("TOY_LOUDER", loud).output().unwrap(), &lab.bench.root())
    };
    let quiet = once("1");
    assert_eq!(quiet.code, 0, "{}", quiet.stdout);
    let loud = once("4");
    assert!(loud.stdout.contains("the machine is not what it was"), "{}", loud.stdout);
    let history = json(&calibrate(&lab, &["toy", "--history", "--json"]));
    let of_main: Vec<&Value> = history["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["workload"].as_str().unwrap().contains("louder"))
        .collect();
    assert_eq!(of_main.iter().map(|entry| entry["in_control"].as_bool().unwrap()).collect::<Vec<_>>(), [true, false]);
    let chart = calibrate(&lab, &["--history"]).stdout;
    assert_eq!(chart.lines().filter(|line| line.contains('●') || line.contains('◆')).count(), 4, "{chart}");
}

#[test]
fn a_session_begins_with_a_look_at_the_noise_and_calibrates_what_has_moved() {
    let lab = lab("effect: 0.4, batch: 8, noise: 0.005, luck: 1");
    lab.bench.replace("workbench.yaml", "lab: {slices: 2,", "lab: {slices: 2, session_s: 0,");
    assert_eq!(calibrate(&lab, &["T003", "--seed", "7"]).code, 0);
    let apply = |loud: &str| {
        let mut command = lab.command(&["apply", "T003", "--no-profile", "--seed", "3", "--limit", "5"]);
        Ran::new(&command.env("TOY_LOUDER", loud).output().unwrap(), &lab.bench.root())
    };
    let loud = apply("12");
    assert!(loud.stderr.contains("3 pairs of a binary against itself"), "{}", loud.stderr);
    assert!(loud.stderr.contains("12 pairs of a binary against itself"), "{}", loud.stderr);
    let history = json(&calibrate(&lab, &["toy", "--history", "--json"]));
    let of_main = |entry: &&Value| entry["workload"].as_str().unwrap().contains("effect");
    let noises: Vec<f64> = history["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(of_main)
        .map(|entry| entry["noise"].as_f64().unwrap())
        .collect();
    assert_eq!(noises.len(), 2, "{history}");
    assert!(noises[1] > 3.0 * noises[0], "{noises:?}");
    // Experiments: the calibration, the three pairs, the twelve, the apply, which uses what the twelve said.
    let noise = lab.experiment(4).plan.workloads[0].noise.gain().0;
    assert!((noise - noises[1]).abs() < 1e-9, "{noise} {noises:?}");
    // While a session is open nobody looks again.
    lab.bench.replace("workbench.yaml", "session_s: 0", "session_s: 3600");
    assert!(!apply("12").stderr.contains("against itself"));
}

#[test]
fn killed_it_goes_on_and_calibrates_once() {
    let slow = "noise: 0.02, luck: 1, sleep_ms: 20";
    let lab = Lab::with(slow, slow, slow);
    let start = |args: &[&str]| {
        let mut command = lab.command(&[&["calibrate", "T003", "--pairs", "8"], args].concat());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    for pairs in [3, 9, 17] {
        let mut child = start(&["--resume"]);
        lab.wait_for_pairs(pairs);
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGKILL).unwrap();
        child.wait().unwrap();
    }
    let kept = lab.pairs();
    let ran = calibrate(&lab, &["T003", "--pairs", "8", "--resume", "--json"]);
    assert!([0, 4].contains(&ran.code), "{}", ran.stderr);
    assert!(lab.pairs().starts_with(&kept) && lab.pairs().len() == 24);
    let history = json(&calibrate(&lab, &["--history", "--json"]));
    let entries = history["data"].as_array().unwrap();
    assert_eq!(entries.len(), 3, "one for each workload: {history}");
    assert!(entries.iter().all(|entry| entry["experiment"] == 1 && entry["pairs"] == 8), "{history}");
}

#[test]
fn a_busy_machine_is_exit_75() {
    let lab = lab(NOISY);
    let _lease = lab.lease("apply B001");
    let ran = calibrate(&lab, &["toy"]);
    assert_eq!(ran.code, 75, "{}", ran.stderr);
    assert!(ran.stderr.contains("the machine is busy: apply B001 in /elsewhere by "), "{}", ran.stderr);
    assert!(ran.stderr.contains("calibrate --wait"), "{}", ran.stderr);
}

#[test]
fn a_machine_too_busy_to_calibrate_on_is_exit_75_and_freezes_nothing() {
    let lab = lab("noise: 0.02, luck: 1, sleep_ms: 30");
    // The smallest limit there is: any other process breaks it.
    lab.bench.replace("workbench.yaml", "foreign_cpu_max: 1,", "foreign_cpu_max: 0.000000001,");
    let mut noise = std::process::Command::new("/bin/sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let ran = calibrate(&lab, &["toy"]);
    noise.kill().unwrap();
    noise.wait().unwrap();
    assert_eq!(ran.code, 75, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("dropped: foreign CPU") && ran.stderr.contains("calibrate --resume"), "{}", ran.stderr);
    assert!(lab.pairs().iter().all(|pair| pair.dropped.is_some()));
    assert!(calibrate(&lab, &["--history"]).stdout.starts_with("nothing is calibrated yet"));
}
