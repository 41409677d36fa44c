//! `profile --capture`: profiles without pairs and without a verdict.

use serde_json::Value;

use super::apply_bench::Lab;

#[test]
fn profiles_are_taken_without_a_verdict_and_more_of_them_join() {
    let lab = Lab::new(0.4);
    let none = lab.run(&["profile", "T003"]);
    assert_eq!(none.code, 3, "{}", none.shown());
    assert!(none.stderr.contains("--capture"), "{}", none.stderr);

    let ran = lab.run(&["profile", "T003", "--capture", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&json["data"]["experiment"], &json["data"]["a"]["processes"]), (&1.into(), &4.into()));
    let experiment = lab.experiment(1);
    assert!(experiment.pairs.is_empty(), "nothing was measured");
    let of = |kind: &str| experiment.profiles.iter().filter(|profile| profile.kind == kind).count();
    assert_eq!((of("cpu"), of("wait"), of("alloc")), (8, 8, 0), "the toy knows nothing of memory");

    let shown = lab.run(&["show", "T003"]).stdout;
    assert!(shown.contains("not measured yet") && shown.contains("CPU per operation"), "{shown}");
    let shown: Value = serde_json::from_str(&lab.run(&["show", "T003", "--json"]).stdout).unwrap();
    assert!(shown["data"]["functions"][0]["name"].is_string(), "{shown}");

    assert_eq!(lab.run(&["profile", "T003", "--capture"]).code, 0);
    assert_eq!(
        lab.experiment(1).profiles.len(),
        2 * experiment.profiles.len(),
        "the same question, the same experiment"
    );
    // It can still be decided, and keeps its profiles.
    assert_eq!(lab.apply(&["--resume", "--no-profile"]).code, 0);
    assert!(!lab.experiment(1).pairs.is_empty());
    assert_eq!(lab.leftovers(), 0);
}

#[test]
fn a_capture_says_what_it_cannot_do() {
    let lab = Lab::new(0.4);
    assert_eq!(lab.run(&["profile", "T003", "--alone"]).code, 2, "of what?");
    assert_eq!(lab.run(&["profile", "T003", "--capture", "--experiment", "1"]).code, 2, "it makes its own");
    lab.bench.replace("workbench.yaml", "profile_s: 1", "profile_s: 0");
    let ran = lab.run(&["profile", "T003", "--capture"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(ran.stderr.contains("profile::no_time"), "{}", ran.stderr);
}
