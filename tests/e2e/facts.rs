//! What the store knows stands beside what the register claims.

use serde_json::Value;
use workbench::improvements::{ImprovementId, Status};
use workbench::project::Project;
use workbench::tracking::Store;

use crate::bench::Bench;

/// Records that a person blocked T001 and forced B001.
fn with_statuses(project: &Project) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(project).await.unwrap();
        let id = |id: &str| ImprovementId(id.to_owned());
        store.set_status(&id("T001"), Status::Blocked, "waits for T003", "ann", false).await.unwrap();
        store.set_status(&id("B001"), Status::Complete, "the demo is today", "bob", true).await.unwrap();
        store.close().await;
    });
}

#[test]
fn statuses_of_the_store_are_listed_and_filtered() {
    let bench = Bench::new();
    with_statuses(&Project::at(&bench.root()).unwrap());
    let value: Value = serde_json::from_str(&bench.run(&["list", "--json"]).stdout).unwrap();
    let statuses: Vec<&str> =
        value["data"].as_array().unwrap().iter().map(|line| line["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["Blocked", "Planned", "Complete"]);
    assert_eq!(value["meta"]["statuses"]["Blocked"], 1);
    let blocked = bench.run(&["list", "--status", "blocked", "--format", "csv"]).stdout;
    assert_eq!(blocked.lines().count(), 2, "{blocked}");
    assert!(bench.run(&["show", "T001"]).stdout.contains("waits for T003"));
    for command in [&["list"][..], &["show", "B001"]] {
        let text = bench.run(command).stdout;
        assert!(text.contains("Complete (forced"), "{text}");
    }
    let agents: Value = serde_json::from_str(&bench.run(&["agents", "--json"]).stdout).unwrap();
    assert_eq!((&agents["data"][0]["blocked"], &agents["data"][1]["complete"]), (&1.into(), &1.into()));
}

#[test]
fn the_store_is_where_the_configuration_puts_it() {
    let bench = Bench::new();
    bench.write("workbench.yaml", "target: {package: p, driver: d}\nstore: {url: 'sqlite:elsewhere/facts.db'}\n");
    std::fs::create_dir(bench.path("elsewhere")).unwrap();
    let project = Project::at(&bench.root()).unwrap().with_store("elsewhere/facts.db");
    with_statuses(&project);
    assert!(bench.path("elsewhere/facts.db").is_file());
    assert!(bench.run(&["list"]).stdout.contains("1 Blocked"));
}

#[test]
fn a_store_that_is_no_database_is_told_and_left_alone() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("tracking")).unwrap();
    bench
        .write("tracking/workbench.db", "this is no database, but long enough to look like the head of one ".repeat(9));
    let before = std::fs::read(bench.path("tracking/workbench.db")).unwrap();
    let ran = bench.run(&["list"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("workbench.db") && ran.stderr.contains("move"), "{}", ran.stderr);
    assert_eq!(std::fs::read(bench.path("tracking/workbench.db")).unwrap(), before);
}
