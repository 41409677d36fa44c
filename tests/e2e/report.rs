//! `workbench report`: written, checked, printed.

use std::fs;

use serde_json::Value;

use super::bench::Bench;
use super::store_commands::proven;

const FILE: &str = "tracking/reports/TRACKING.md";

#[tokio::test]
async fn the_same_facts_give_the_same_bytes() {
    let bench = proven().await;
    assert_eq!(bench.run(&["report", "--check"]).code, 4, "there is no report yet");
    let dry = bench.run(&["report", "--dry-run"]);
    assert!(dry.stdout.contains("would be written: tracking/reports/TRACKING.md"), "{}", dry.shown());
    assert!(!bench.path(FILE).exists());

    assert!(bench.run(&["report"]).stdout.ends_with(", changed\n"));
    let first = fs::read(bench.path(FILE)).unwrap();
    assert!(bench.run(&["report"]).stdout.ends_with(", unchanged\n"));
    assert_eq!(fs::read(bench.path(FILE)).unwrap(), first);
    assert_eq!(bench.run(&["report", "--check"]).code, 0);

    let text = String::from_utf8(first).unwrap();
    assert!(text.contains("[PROVEN](#verdict-1)") && text.contains("#### Verdict 1"), "{text}");
    assert!(text.contains("(../../profiles/T003/1/diff.cpu.svg)"), "links lead from the report to the profiles");

    assert_eq!(bench.run(&["status", "B001", "blocked", "--reason", "later"]).code, 0);
    let old = bench.run(&["report", "--check"]);
    assert_eq!(old.code, 4, "{}", old.shown());
    assert!(old.stderr.contains("does not say what the facts say"));
}

#[tokio::test]
async fn is_printed_as_text_or_json() {
    let bench = proven().await;
    let printed = bench.run(&["report", "--output", "-"]).stdout;
    assert!(printed.starts_with("# A small register - Tracking Document\n"), "{printed}");
    assert!(printed.contains("(./profiles/T003/1/a.cpu.svg)"), "{printed}");
    let json: Value = serde_json::from_str(&bench.run(&["report", "--json"]).stdout).unwrap();
    assert_eq!(json["data"]["counts"]["improvements"], 3);
    assert_eq!(json["data"]["improvements"][1]["verdict"], "PROVEN");
    assert!(!bench.path(FILE).exists());
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_with_a_remedy() {
    let bench = Bench::new();
    bench.write("blocked", "a file where a folder is needed");
    let ran = bench.run(&["report", "--output", "blocked/TRACKING.md"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(ran.stderr.contains("report::cannot_write") && ran.stderr.contains("--output"), "{}", ran.stderr);
}
