//! `workbench plan`: the phases and their criteria, judged from evidence.

use serde_json::Value;

use super::bench::Bench;
use super::store_commands::proven;

#[test]
fn is_printed_without_a_store() {
    let bench = Bench::new();
    insta::assert_snapshot!("plan", bench.run(&["plan"]).shown());
    insta::assert_snapshot!("plan_phase", bench.run(&["plan", "--phase", "1", "--format", "md"]).shown());
}

#[tokio::test]
async fn says_what_the_report_says() {
    let bench = proven().await;
    let data = |args: &[&str]| -> Value {
        let ran = bench.run(args);
        serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.shown()))["data"].take()
    };
    let (plan, report) = (data(&["plan", "--json"]), data(&["report", "--json"]));
    for part in ["phases", "metrics", "risks", "parity"] {
        assert_eq!(plan[part], report[part], "{part}");
    }
    assert_eq!(plan["status"], report["header"]["status"]);
}

#[tokio::test]
async fn strict_asks_for_phases_that_are_done() {
    let bench = proven().await;
    assert_eq!(bench.run(&["plan"]).code, 0);
    let strict = bench.run(&["plan", "--strict"]);
    assert_eq!(strict.code, 4, "{}", strict.shown());
    assert_eq!(bench.run(&["plan", "--phase", "99"]).code, 3);
    let open = bench.run(&["plan", "--open", "--format", "csv"]);
    assert!(!open.stdout.contains(",met,"), "{}", open.shown());
}
