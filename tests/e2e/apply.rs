//! `workbench apply`: each word the verdict has, on a driver whose truth is known.

use std::io::{BufRead, BufReader};

use workbench::lab::experiment::{Run, Verdict};
use workbench::lab::verdict::replay;

use super::apply_bench::Lab;

#[test]
fn a_planted_gain_is_proven_and_everything_about_it_kept() {
    let lab = Lab::new(0.4);
    let ran = lab.apply(&["--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let result: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(result["data"]["verdict"], "PROVEN");
    assert_eq!(result["data"]["claim"]["text"], "+25-30% TPS");
    let lines = result["data"]["workloads"].as_array().unwrap();
    let roles: Vec<_> =
        lines.iter().map(|line| (line["role"].as_str().unwrap(), line["run"].as_str().unwrap())).collect();
    assert_eq!(roles, [("main", "decision"), ("main", "confirmation"), ("guard", "decision"), ("control", "decision")]);
    let confirmed = lines[1]["gain"].as_f64().unwrap();
    assert!((confirmed - 0.4f64.exp_m1()).abs() < 0.05, "{confirmed}");
    assert_eq!(result["data"]["mechanism"]["b"].as_f64().unwrap().round(), 8.0);

    let experiment = lab.experiment(1);
    let verdict = experiment.verdict.unwrap();
    let pairs: Vec<_> = experiment.pairs.into_iter().map(|fact| fact.pair).collect();
    assert_eq!(replay(&experiment.plan, &pairs).unwrap(), verdict.ruling);
    assert_eq!(pairs.iter().filter(|pair| pair.run == Run::Confirmation).count(), 5);
    assert_eq!(experiment.profiles.len(), 16, "four processes of each arm, CPU and waiting");
    assert_eq!(lab.leftovers(), 0);

    // Accepted, so it stands in the stack and in the register; applied again, it is measured against the rest.
    assert!(lab.run(&["show", "T003"]).stdout.contains("PROVEN"));
    let again = lab.apply(&["--dry-run"]);
    assert!(again.stdout.starts_with("T003: A = no improvement (built), B = t003 (built)"), "{}", again.stdout);
}

#[test]
fn each_truth_gets_its_word() {
    let quiet = "noise: 0.003";
    let cases = [
        ("a loss", "effect: -0.2, noise: 0.01, batch: 8", quiet, quiet, "REJECTED", "the gain is at most"),
        ("nothing", "effect: 0, noise: 0.005, batch: 8", quiet, quiet, "REJECTED", "the gain is at most"),
        (
            "a guard lost",
            "effect: 0.4, noise: 0.01, batch: 8",
            "effect: -0.1, noise: 0.003",
            quiet,
            "REJECTED",
            "regressed",
        ),
        (
            "the control too",
            "effect: 0.4, noise: 0.01, batch: 8",
            quiet,
            "effect: 0.1, noise: 0.003",
            "REJECTED",
            "moved",
        ),
        (
            "no mechanism",
            "effect: 0.4, noise: 0.01, batch: 1",
            quiet,
            quiet,
            "BROKEN",
            "commits per sync is 1.000 in arm B",
        ),
        (
            "wrong answers",
            "effect: 0.4, fault: wrong, only: with",
            quiet,
            quiet,
            "BROKEN",
            "wrong answer in arm B (toy, pair 1)",
        ),
        ("two truths", "effect: 0.4, fault: disagree", quiet, quiet, "BROKEN", "the arms disagree"),
        ("no figure", "effect: 0.4, fault: zero, only: with", quiet, quiet, "BROKEN", "it cannot be compared"),
    ];
    for (name, main, guard, control, verdict, reason) in cases {
        let ran = Lab::with(main, guard, control).apply(&["--no-profile"]);
        assert_eq!(ran.code, 4, "{name}: {}{}", ran.stdout, ran.stderr);
        let (headline, rest) = ran.stdout.split_once('\n').unwrap();
        assert_eq!(headline, format!("T003 WAL group commit optimization: {verdict}"), "{name}: {rest}");
        assert!(rest.contains(reason), "{name}: {rest}");
    }
}

#[test]
fn what_noise_hides_is_inconclusive_and_says_what_it_would_take() {
    let lab = Lab::with("effect: 0.1, noise: 0.3, batch: 8", "noise: 0.003", "noise: 0.003");
    let ran = lab.apply(&["--limit", "8", "--no-profile", "--seed", "1"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stdout.contains("INCONCLUSIVE\n8 pairs leave"), "{}", ran.stdout);
    let experiment = lab.experiment(1);
    assert_eq!((experiment.pairs.len(), experiment.verdict.unwrap().ruling.verdict), (8, Verdict::Inconclusive));
}

#[test]
fn the_plan_is_printed_and_nothing_done() {
    let lab = Lab::new(0.4);
    let ran = lab.apply(&["--dry-run"]);
    insta::assert_snapshot!(ran.shown());
    assert!(!lab.bench.path("tracking/workbench.db").exists());
    let json: serde_json::Value = serde_json::from_str(&lab.apply(&["--dry-run", "--json"]).stdout).unwrap();
    assert_eq!(json["meta"]["arm_b"], serde_json::json!(["t003"]));
    assert_eq!(json["data"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_not_built_yet_is_never_faked() {
    let lab = Lab::new(0.4);
    insta::assert_snapshot!(lab.run(&["apply", "B001"]).shown());
    assert!(!lab.bench.path("tracking/workbench.db").exists());
}

#[test]
fn a_binary_against_itself_is_not_accepted() {
    // Five live ones at different noise; the many are replayed from pairs by sign flips (lab::stats::sign_flips).
    for noise in ["0.002", "0.01", "0.03", "0.1", "0.3"] {
        let ran = Lab::with(&format!("noise: {noise}, batch: 8"), "noise: 0.003", "noise: 0.003").apply(&[
            "--limit",
            "12",
            "--no-profile",
            "--seed",
            "3",
        ]);
        assert_eq!(ran.code, 4, "noise {noise}: {}", ran.stdout);
        assert!(ran.stdout.contains("REJECTED") || ran.stdout.contains("INCONCLUSIVE"), "{}", ran.stdout);
    }
}

#[test]
fn a_busy_machine_is_exit_75_and_names_the_owner() {
    let lab = Lab::new(0.4);
    let lease = lab.lease("calibrate");
    let ran = lab.apply(&[]);
    assert_eq!(ran.code, 75, "{}{}", ran.stdout, ran.stderr);
    let pid = std::process::id();
    for wanted in
        ["the machine is busy: calibrate in /elsewhere by ", &format!("pid {pid}, since "), "apply T003 --wait"]
    {
        assert!(ran.stderr.replace("\n  │ ", " ").contains(wanted), "{wanted}: {}", ran.stderr);
    }
    let ran = lab.apply(&["--wait=1s"]);
    assert_eq!(ran.code, 75, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("waiting for the machine: calibrate"), "{}", ran.stderr);
    assert_eq!(lab.apply(&["--wait=soon"]).code, 2);

    // With --wait it goes on as soon as the other ends.
    let mut waiting = lab.start(&["--wait", "--no-profile", "--seed", "1"]);
    let mut said = BufReader::new(waiting.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line.contains("waiting for the machine: calibrate")));
    drop(lease);
    let rest: Vec<String> = said.collect();
    assert_eq!(waiting.wait().unwrap().code(), Some(0), "{rest:?}");
}

#[test]
fn a_machine_too_busy_to_measure_on_is_exit_75_and_nothing_is_decided() {
    let lab = Lab::new(0.4);
    // The smallest limit there is: any other process breaks it.
    lab.bench.replace("workbench.yaml", "foreign_cpu_max: 1,", "foreign_cpu_max: 0.000000001,");
    lab.bench.replace("improvements/T003.yaml", "effect: 0.4", "effect: 0.4, sleep_ms: 30");
    let mut noise = std::process::Command::new("/bin/sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let ran = lab.apply(&["--no-profile"]);
    noise.kill().unwrap();
    noise.wait().unwrap();
    assert_eq!(ran.code, 75, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("3 of 3 pairs were dropped"), "{}", ran.stderr);
    assert!(lab.pairs().iter().all(|pair| pair.dropped.is_some()));

    // A quiet machine later: the dropped pairs are kept, and count for nothing.
    lab.bench.replace("workbench.yaml", "foreign_cpu_max: 0.000000001,", "foreign_cpu_max: 1,");
    let ran = lab.apply(&["--resume", "--no-profile"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(lab.pairs().iter().filter(|pair| pair.dropped.is_some()).count(), 3);
}
