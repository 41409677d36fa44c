//! The commands that read: list, show, agents, and what they do with names that do not exist.

use std::process::Command;

use serde_json::Value;

use crate::bench::{Bench, Ran, WORKBENCH};

fn snapshot(name: &str, ran: &Ran) {
    insta::assert_snapshot!(name, ran.shown());
}

#[test]
fn tables() {
    let bench = Bench::new();
    snapshot("list", &bench.run(&["list"]));
    snapshot("list_markdown", &bench.run(&["list", "--format", "md"]));
    snapshot("list_csv", &bench.run(&["list", "--format", "csv", "--phase", "2"]));
    snapshot("show_measurable", &bench.run(&["show", "t003"]));
    snapshot("show_not_built", &bench.run(&["show", "B001"]));
    snapshot("agents", &bench.run(&["agents"]));
}

#[test]
fn json_keeps_its_shape() {
    let bench = Bench::new();
    snapshot("list_json", &bench.run(&["list", "--json", "--category", "buffer pool"]));
    snapshot("show_json", &bench.run(&["show", "T003", "--json"]));
    snapshot("agents_json", &bench.run(&["agents", "--json"]));
}

#[test]
fn filters_combine() {
    let bench = Bench::new();
    let ids = |args: &[&str]| {
        let ran = bench.run(&[&["list", "--json"], args].concat());
        let value: Value = serde_json::from_str(&ran.stdout).unwrap();
        let lines = value["data"].as_array().unwrap().clone();
        assert_eq!(value["meta"]["count"], lines.len());
        lines.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[]), ["T001", "T003", "B001"]);
    assert_eq!(ids(&["--agent", "2"]), ["B001"]);
    assert_eq!(ids(&["--priority", "critical", "--phase", "1"]), ["T001", "T003"]);
    assert_eq!(ids(&["--measurable"]), ["T003"]);
    assert_eq!(ids(&["--status", "planned", "--status", "blocked"]).len(), 3);
    assert_eq!(ids(&["--status", "complete"]).len(), 0);
}

#[test]
fn what_does_not_exist_ends_with_3_and_a_suggestion() {
    let bench = Bench::new();
    snapshot("no_such_improvement", &bench.run(&["show", "T03"]));
    snapshot("no_such_category", &bench.run(&["list", "--category", "Bufer Pool"]));
    snapshot("no_such_agent", &bench.run(&["list", "--agent", "7"]));
    snapshot("no_such_phase", &bench.run(&["list", "--phase", "9"]));
}

#[test]
fn usage_errors_end_with_2() {
    let bench = Bench::new();
    for args in [&["lst"][..], &["list", "--status", "bloked"], &["show"], &["list", "--json", "--format", "csv"]] {
        let ran = bench.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn every_command_has_what_it_owes() {
    let debts = super::commands::table::debts();
    assert!(debts.is_empty(), "{}", debts.join("\n"));
}

#[test]
fn without_a_command_and_a_terminal_the_table_is_printed() {
    let bench = Bench::new();
    assert_eq!(bench.run(&[]).stdout, bench.run(&["list"]).stdout);
}

#[test]
fn a_project_is_found_from_below_or_by_name() {
    let bench = Bench::new();
    let from = |folder: &std::path::Path, args: &[&str]| {
        let output =
            Command::new(WORKBENCH).args(args).current_dir(folder).env_remove("WORKBENCH_PROJECT").output().unwrap();
        Ran::new(&output, &bench.root())
    };
    assert_eq!(from(&bench.path("improvements"), &["list"]).code, 0);
    let elsewhere = tempfile::tempdir().unwrap();
    let root = bench.root();
    assert_eq!(from(elsewhere.path(), &["list", "--project", root.to_str().unwrap()]).code, 0);
    let lost = from(elsewhere.path(), &["list"]);
    assert_eq!(lost.code, 3, "{}", lost.stderr);
    assert!(lost.stderr.contains("--project DIR"), "{}", lost.stderr);
    let wrong = from(elsewhere.path(), &["list", "--project", elsewhere.path().to_str().unwrap()]);
    assert_eq!(wrong.code, 3, "{}", wrong.stderr);
}

#[test]
fn the_bundled_register_lists_33() {
    let output = Command::new(WORKBENCH)
        .args(["list", "--json", "--project", env!("CARGO_MANIFEST_DIR")])
        .env_remove("WORKBENCH_PROJECT")
        .output()
        .unwrap();
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["data"].as_array().unwrap().len(), 33);
    assert_eq!(value["meta"]["count"], 33);
}
