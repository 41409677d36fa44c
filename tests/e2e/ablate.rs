//! `workbench ablate`: what the stack loses without an improvement, on a driver whose truth is known.

use workbench::improvements::ImprovementId;
use workbench::lab::experiment::{Question, Verdict};

use super::apply_bench::Lab;
use super::commands::steady;

#[test]
fn what_still_brings_its_gain_is_needed_and_both_figures_are_shown() {
    let lab = Lab::new(0.4);
    let empty = lab.run(&["ablate"]);
    assert_eq!(empty.code, 4, "{}", empty.stdout);
    assert!(empty.stderr.contains("the stack is empty"), "{}", empty.stderr);

    assert_eq!(lab.apply(&["--no-profile", "--seed", "1"]).code, 0);
    let planned = lab.run(&["ablate", "--dry-run"]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    assert!(planned.stdout.contains("to be measured") && planned.stdout.contains("a stack of 1"), "{}", planned.stdout);
    insta::assert_snapshot!("ablate_plan", steady(&planned));

    let ran = lab.run(&["ablate", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["meta"]["stack"], serde_json::json!(["t003"]));
    let line = &json["data"][0];
    assert_eq!((&line["id"], &line["found"], &line["verdict"]), (&"T003".into(), &"needed".into(), &"PROVEN".into()));
    // It brought half as much again; without it a third is lost.
    assert!((line["added"]["estimate"].as_f64().unwrap() - 0.49).abs() < 0.05, "{line}");
    assert!((line["left_out"]["estimate"].as_f64().unwrap() + 0.33).abs() < 0.03, "{line}");

    let experiment = lab.experiment(2);
    assert_eq!(experiment.plan.question, Question::LeaveOneOut(ImprovementId("T003".to_owned())));
    assert_eq!(experiment.plan.workloads.len(), 1, "its own workload alone");
    let reason = experiment.verdict.unwrap().ruling.reason;
    assert!(reason.starts_with("the gain that is lost without it is at least +"), "{reason}");

    let shown = lab.run(&["show", "T003"]).stdout;
    assert!(shown.contains("Left out") && shown.contains("−3") && shown.contains("+25-30% TPS"), "{shown}");
    assert_eq!(lab.run(&["report"]).code, 0);
    let report = std::fs::read_to_string(lab.bench.path("tracking/reports/TRACKING.md")).unwrap();
    assert!(report.contains("| Left out |") && report.contains("left out: PROVEN"), "{report}");
    let cited = lab.run(&["verdict", "T003", "--experiment", "2", "--replay"]);
    assert!(cited.stdout.contains("lead to the same verdict"), "{}{}", cited.stdout, cited.stderr);
}

#[test]
fn what_brings_nothing_any_more_is_redundant_and_its_status_stays() {
    let lab = Lab::new(0.4);
    assert_eq!(lab.apply(&["--no-profile"]).code, 0);
    lab.bench.replace("improvements/T003.yaml", "effect: 0.4", "effect: 0");
    let ran = lab.run(&["ablate", "T003"]);
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("0 of 1 needed"), "{}", ran.stdout);
    assert!(ran.stdout.contains("the gain that is lost without it is at most"), "{}", ran.stdout);
    assert_eq!(lab.experiment(2).verdict.unwrap().ruling.verdict, Verdict::Rejected);
    let shown = lab.run(&["show", "T003"]).stdout;
    assert!(shown.contains("status    Complete"), "only what was added decides a status: {shown}");
    assert!(lab.run(&["status"]).stdout.contains("T003"), "and the stack");

    // Decided is decided: nothing is measured again.
    let again = lab.run(&["ablate", "--resume"]);
    assert_eq!(again.code, 4, "{}", again.stderr);
    assert!(again.stderr.contains("experiment 2 has decided it"), "{}", again.stderr);
}

#[test]
fn a_named_stack_and_one_workload_for_all() {
    let lab = Lab::with("effect: 0.4, noise: 0.01, batch: 8", "noise: 0.003", "noise: 0.003");
    let ran = lab.run(&["ablate", "--all-on", "--workload", "other effect=0.3", "--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&json["data"][0]["workload"], &json["data"][0]["added"]), (&"other".into(), &serde_json::Value::Null));
    let missing = lab.run(&["ablate", "T003", "--stack", "t001"]);
    assert_eq!(missing.code, 4);
    assert!(missing.stderr.contains("T003 is not in the stack"), "{}", missing.stderr);
}

#[test]
fn killed_it_goes_on() {
    let lab = Lab::with("effect: 0.4, noise: 0.01, batch: 8, sleep_ms: 60", "noise: 0.003", "noise: 0.003");
    let mut child = lab.command(&["ablate", "--all-on"]).spawn().unwrap();
    lab.wait_for_pairs(2);
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = lab.pairs();
    let ran = lab.run(&["ablate", "--all-on", "--resume"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("going on with experiment 1"), "{}", ran.stderr);
    assert!(lab.pairs().starts_with(&kept));
    assert_eq!(lab.leftovers(), 0);
}
