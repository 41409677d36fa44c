//! The commands that read and write the store: status and verdict.

use serde_json::Value;
use sqlx::Connection;
use workbench::improvements::Direction;
use workbench::lab::experiment::{Pair, Run, Verdict};
use workbench::lab::journal::{Event, Journal};
use workbench::tracking::{Reader, Store};

use super::bench::{Bench, Ran};
use super::store::{decide, decide_on, pair, plan, ruling};

async fn open(bench: &Bench) -> Store {
    Store::open_at(&bench.path("tracking/workbench.db"), &bench.path("profiles")).await.unwrap()
}

/// A project in which T003 is proven.
pub(crate) async fn proven() -> Bench {
    let bench = Bench::new();
    let mut store = open(&bench).await.crediting(&[1]);
    let (_, ruling) = decide(&mut store, &plan("T003")).await;
    assert_eq!(ruling.verdict, Verdict::Proven);
    store.close().await;
    bench
}

/// Times and machines differ from run to run.
pub(crate) fn steady(ran: &Ran) -> String {
    let mut text = String::new();
    for line in ran.shown().lines() {
        let line = match line.split_once("machine  ") {
            Some((before, _)) => format!("{before}machine  …"),
            None => line.to_owned(),
        };
        text += &(blank_times(&line) + "\n");
    }
    text
}

/// Replaces times by a word of their length.
fn blank_times(line: &str) -> String {
    const TIME: &[u8] = b"0000-00-00 00:00:00Z";
    let mut bytes = line.as_bytes().to_vec();
    for at in 0..bytes.len().saturating_sub(TIME.len() - 1) {
        let like = |(byte, wanted): (&u8, &u8)| byte == wanted || (*wanted == b'0' && byte.is_ascii_digit());
        if bytes[at..].iter().zip(TIME).all(like) {
            bytes[at..at + TIME.len()].copy_from_slice(b"(time of the record)");
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_verdict_is_shown_with_its_evidence_and_derived_again() {
    let bench = proven().await;
    let ran = bench.run(&["verdict", "t003", "--replay"]);
    insta::assert_snapshot!("verdict_replayed", steady(&ran));
    assert_eq!(ran.code, 0);
    let json: Value = serde_json::from_str(&bench.run(&["verdict", "T003", "--json"]).stdout).unwrap();
    assert_eq!(json["data"]["verdict"], "PROVEN");
    assert_eq!(json["data"]["evidence"]["pairs"], 12);
    insta::assert_snapshot!("verdict_none", steady(&bench.run(&["verdict", "T001"])));
    insta::assert_snapshot!("list_measured", steady(&bench.run(&["list"])));
}

/// A pair of a workload whose metric fell to a thousandth, as it should.
fn shrunk(run: Run, index: u32) -> Pair {
    let mut pair = pair(run, index);
    let (a, b) = (24e6 + f64::from(index) * 1e4, 26e3);
    for (arm, value) in [(&mut pair.a, a), (&mut pair.b, b)] {
        arm.values.insert("unreclaimed".to_owned(), value);
    }
    pair.d.0 = (a / b).ln();
    pair
}

#[tokio::test]
async fn a_metric_that_should_fall_is_told_falling() {
    // By the rule of today, and by the one that knew gains only: its verdicts keep their words, and come out the same.
    for rule_version in [2, 1] {
        let bench = Bench::new();
        let mut store = open(&bench).await.crediting(&[1]);
        let mut plan = plan("T003");
        plan.policy.rule_version = rule_version;
        (plan.workloads[0].metric, plan.workloads[0].better) = ("unreclaimed".to_owned(), Direction::Lower);
        decide_on(&mut store, &plan, shrunk).await;
        store.close().await;
        let mut told = String::new();
        for args in [&["verdict", "T003", "--replay"][..], &["list"], &["status"]] {
            told += &format!("$ workbench {}\n{}\n", args.join(" "), steady(&bench.run(args)));
        }
        insta::assert_snapshot!(format!("falling_by_rule_{rule_version}"), told);
        let json: Value = serde_json::from_str(&bench.run(&["verdict", "T003", "--json"]).stdout).unwrap();
        let published = &json["data"]["published"];
        assert!(published["gain"].as_f64().unwrap() > 900.0, "a factor less one, as ever: {published}");
        assert!((published["change"]["estimate"].as_f64().unwrap() + 0.9989).abs() < 1e-4, "{published}");
        assert!(published["low"].as_f64() < published["high"].as_f64(), "{published}");
        assert!(published["change"]["low"].as_f64() < published["change"]["high"].as_f64(), "{published}");
    }
}

#[tokio::test]
async fn a_changed_pair_is_found_by_replay() {
    let bench = proven().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(bench.path("tracking/workbench.db"));
    let mut hand = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let edit = "DROP TRIGGER pair_kept; UPDATE pair SET d = 1.9 WHERE idx = 0 AND run = 'decision'";
    sqlx::raw_sql(edit).execute(&mut hand).await.unwrap();
    hand.close().await.unwrap();
    let ran = bench.run(&["verdict", "T003", "--replay"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(ran.stdout.contains("NOT the same") && ran.stdout.contains("workload 0"), "{}", ran.stdout);
}

#[tokio::test]
async fn what_broke_outside_the_pairs_is_named_as_such() {
    let bench = Bench::new();
    let mut store = open(&bench).await;
    let plan = plan("T003");
    let id = store.open(&plan, false).await.unwrap().id;
    let broken = workbench::lab::verdict::broken(&plan, &[], "3 tests of arm B failed".to_owned());
    store.record(id, &Event::Ruled(Box::new(broken))).await.unwrap();
    store.close().await;
    let ran = bench.run(&["verdict", "T003", "--replay"]);
    assert_eq!(ran.code, 4, "{}", ran.shown());
    assert!(ran.stdout.contains("3 tests of arm B failed"));
    assert!(ran.stdout.contains("what broke it is not in the pairs"), "{}", ran.stdout);
}

#[tokio::test]
async fn a_verdict_that_its_pairs_do_not_support_is_found() {
    let bench = Bench::new();
    let mut store = open(&bench).await;
    let id = store.open(&plan("T003"), false).await.unwrap().id;
    store.record(id, &Event::Ruled(Box::new(ruling(Verdict::Proven)))).await.unwrap();
    store.close().await;
    let ran = bench.run(&["verdict", "T003", "--replay"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("the stored pairs do not decide it"), "{}", ran.stdout);
}

#[tokio::test]
async fn statuses_are_shown_and_set() {
    let bench = proven().await;
    let mut told = String::new();
    for args in [
        &["status"][..],
        &["status", "T003"],
        &["status", "T001", "blocked"],
        &["status", "T001", "blocked", "--reason", "needs T002", "--by", "ann", "--dry-run"],
        &["status", "T001", "blocked", "--reason", "needs T002", "--by", "ann"],
        &["status", "T001", "complete", "--by", "ann"],
        &["status", "B001", "complete", "--force", "--by", "ann"],
        &["status", "B001", "complete", "--force", "--reason", "the customer insists", "--by", "ann"],
        &["status", "B001", "planned", "--by", "bob"],
        &["status", "B001"],
        &["status", "T003", "complete", "--by", "ann", "--json"],
        &["status", "T001", "done"],
        &["list"],
    ] {
        told += &format!("$ workbench {}\n{}\n", args.join(" "), steady(&bench.run(args)));
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn notes_are_shown_and_kept() {
    let bench = proven().await;
    let mut told = String::new();
    for args in [
        &["note", "T001"][..],
        &["note", "T001", "mind the pages of old versions", "--by", "ann", "--dry-run"],
        &["note", "T001", "mind the pages of old versions", "--by", "ann"],
        &["note", "T001", "--by", "bob", "--", "--pages were minded"],
        &["note", "T001", " ", "--by", "ann"],
        &["note", "T999", "who?", "--by", "ann"],
        &["note", "T001"],
        &["show", "T001"],
    ] {
        told += &format!("$ workbench {}\n{}\n", args.join(" "), steady(&bench.run(args)));
    }
    insta::assert_snapshot!(told);
    let report = bench.run(&["report", "--output", "-"]).stdout;
    let noted = report.split_once("### Noted by people").map(|(_, rest)| rest.split_once("\n---").unwrap().0);
    let lines: Vec<&str> = noted.unwrap_or_default().lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 2, "{report}");
    assert!(lines[0].starts_with("- **T001** (") && lines[0].ends_with(", ann): mind the pages of old versions"));
    // Whoever takes the evidence elsewhere takes them along.
    let elsewhere = Bench::new();
    let folder = elsewhere.path("evidence").display().to_string();
    assert_eq!(bench.run(&["export", "--to", &folder]).code, 0);
    let taken = elsewhere.run(&["import", &folder]);
    assert_eq!(taken.code, 0, "{}", taken.shown());
    assert_eq!(elsewhere.run(&["note", "T001"]).stdout, bench.run(&["note", "T001"]).stdout);
}

#[tokio::test]
async fn what_changes_something_is_logged_with_its_words_and_its_end() {
    let bench = proven().await;
    for args in [
        &["status", "T001", "blocked", "--reason", "needs T002", "--by", "ann"][..],
        &["status", "T001", "blocked", "--by", "ann"],
        &["status", "T001", "planned", "--by", "ann", "--dry-run"],
        &["apply", "B001"],
        &["list"],
        &["verdict", "T003"],
    ] {
        bench.run(args);
    }
    let reader = Reader::open_at(&bench.path("tracking/workbench.db")).await.unwrap().unwrap();
    let changes = reader.latest_changes(100).await.unwrap();
    let commands: Vec<&str> =
        changes.iter().filter(|change| change.subject == "command").map(|change| &change.summary[..]).collect();
    let [blocked, refused, apply] = commands[..] else { panic!("{commands:?}") };
    assert_eq!(blocked, "workbench status T001 blocked --reason needs T002 --by ann → exit 0");
    assert!(refused.starts_with("workbench status T001 blocked --by ann → exit "), "{refused}");
    assert_eq!(apply, "workbench apply B001 → exit 4");
}

#[tokio::test]
async fn a_damaged_store_is_an_error_of_every_command_that_needs_it() {
    let bench = proven().await;
    let bytes = std::fs::read(bench.path("tracking/workbench.db")).unwrap();
    bench.write("tracking/workbench.db", &bytes[..bytes.len() / 2]);
    for args in [&["list"][..], &["status"], &["verdict", "T003"], &["status", "T001", "planned"]] {
        let ran = bench.run(args);
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.shown());
        assert!(ran.stderr.contains("is damaged") && ran.stderr.contains("pages are there"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn profiles_are_compared_per_operation() {
    let bench = proven().await;
    let files = ["a.cpu.svg", "b.cpu.svg", "diff.cpu.svg"].map(|name| bench.path("profiles/T003/1").join(name));
    assert!(files.iter().all(|file| file.exists()), "drawn when they were recorded");
    let picture = std::fs::read(&files[2]).unwrap();
    std::fs::remove_file(&files[2]).unwrap();
    insta::assert_snapshot!("profile", steady(&bench.run(&["profile", "t003"])));
    assert_eq!(std::fs::read(&files[2]).unwrap(), picture, "drawn again, the same");
    let json: Value = serde_json::from_str(&bench.run(&["profile", "T003", "--json"]).stdout).unwrap();
    assert_eq!(json["data"]["functions"][0]["name"], "fdatasync");
    assert_eq!(json["data"]["files"].as_array().unwrap().len(), 3);
    for args in
        [&["profile", "T003", "--kind", "wait"][..], &["profile", "T001"], &["profile", "T003", "--experiment", "9"]]
    {
        let ran = bench.run(args);
        assert_eq!(ran.code, 3, "{args:?}: {}", ran.shown());
        assert!(ran.stderr.contains("profile::none"), "{}", ran.stderr);
    }
    bench.write("profiles/T003/1/b.cpu.folded", "garbage");
    let ran = bench.run(&["profile", "T003"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("line 1 is not `frame;frame count`"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_driver_that_sends_garbage_as_its_profile_costs_a_picture_and_not_the_experiment() {
    use std::time::Duration;
    use workbench::lab::experiment::Side;
    let bench = Bench::new();
    let mut store = open(&bench).await;
    let id = store.open(&plan("T003"), false).await.unwrap().id;
    let profiled = |kind: &str| Event::Profiled {
        side: Side::A,
        kind: kind.to_owned(),
        folded: "no stacks".to_owned(),
        samples: 1,
        cpu: Duration::from_secs(1),
        measured: None,
        period: None,
        weight: None,
        ops: 1,
    };
    store.record(id, &profiled("cpu")).await.unwrap();
    assert!(bench.path("profiles/T003/1/a.cpu.folded").exists(), "kept as it came");
    assert!(store.record(id, &profiled("heap")).await.is_err(), "no such kind");
}

/// Two processes of each arm, whose sampler lost a little: A takes 100 µs of CPU per operation and B 60.
async fn profiled() -> Bench {
    use std::time::Duration;
    use workbench::lab::experiment::Side;
    let bench = proven().await;
    let mut store = open(&bench).await;
    let id = store.open(&plan("T003"), false).await.unwrap().id;
    let mut record = async |side, kind: &str, folded: &str, slices_ms| {
        let samples = folded.lines().map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
        let event = Event::Profiled {
            side,
            kind: kind.to_owned(),
            folded: folded.to_owned(),
            samples,
            cpu: Duration::from_millis(slices_ms + 5),
            measured: Some(Duration::from_millis(slices_ms)),
            period: Some(Duration::from_millis(1)),
            weight: None,
            ops: 10_000,
        };
        store.record(id, &event).await.unwrap();
    };
    for more in [0, 6] {
        let a = format!("worker;commit;fdatasync {}\nworker;new_order {}\nworker;commit 40\n", 600 + more, 340 - more);
        let b = format!("worker;commit;ring {}\nworker;new_order {}\nworker;commit 10\n", 200 + more, 380 - more);
        record(Side::A, "cpu", &a, 1_000).await;
        record(Side::B, "cpu", &b, 600).await;
        record(Side::A, "wait", &format!("tpcc;fsync {}\ntpcc;lock 500\n", 900_000 + more), 1_000).await;
        record(Side::B, "wait", &format!("tpcc;log_wait {}\ntpcc;fsync 40000\n", 90_000 + more), 600).await;
        record(Side::A, "times", "tpcc;fsync 10000\ntpcc;lock 5\n", 1_000).await;
        record(Side::B, "times", "tpcc;log_wait 9500\ntpcc;fsync 400\n", 600).await;
    }
    record(Side::A, "instructions", "engine::commit 9000000\nengine::new_order 1000000\n", 0).await;
    record(Side::B, "instructions", "engine::commit 2000000\nengine::new_order 1001000\n", 0).await;
    store.close().await;
    bench
}

#[tokio::test]
async fn the_books_of_a_profile_are_shown_whole() {
    let bench = profiled().await;
    let mut told = String::new();
    for args in [
        &["profile", "T003", "--strict"][..],
        &["profile", "T003", "--top", "1"],
        &["profile", "T003", "--kind", "wait"],
        &["profile", "T003", "--kind", "instructions"],
        &["profile", "T003", "--format", "csv"],
        &["profile", "T003", "--experiment", "1", "--strict"],
    ] {
        told += &format!("$ workbench {}\n{}\n", args.join(" "), steady(&bench.run(args)));
    }
    insta::assert_snapshot!("profile_books", told);
    insta::assert_snapshot!("profile_json", bench.run(&["profile", "T003", "--json"]).stdout);

    // Half of A's samples gone: the functions do not explain the change any more, and that is said.
    let folded = "worker;commit;fdatasync 100\nworker;new_order 340\nworker;commit 40\n";
    bench.write("profiles/T003/2/a.cpu.folded", folded);
    let ran = bench.run(&["profile", "T003", "--strict"]);
    assert_eq!(ran.code, 4, "{}", ran.shown());
    assert!(ran.stdout.contains("the books do NOT close"), "{}", ran.stdout);
    assert_eq!(bench.run(&["profile", "T003"]).code, 0, "told, and no error");
}

/// Every key of the JSON form with its type: what scripts rely on.
#[tokio::test]
async fn the_json_of_a_profile_has_its_shape() {
    fn shape(value: &Value) -> Value {
        match value {
            Value::Null => "null".into(),
            Value::Bool(_) => "bool".into(),
            Value::Number(_) => "number".into(),
            Value::String(_) => "text".into(),
            Value::Array(items) => Value::Array(items.iter().take(1).map(shape).collect()),
            Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        }
    }
    let bench = profiled().await;
    let json: Value = serde_json::from_str(&bench.run(&["profile", "T003", "--json"]).stdout).unwrap();
    let entry = serde_json::json!({ "a": "number", "b": "number", "delta": "number", "noise": "number" });
    let arm = serde_json::json!(
        { "samples": "number", "cpu_s": "number", "ops": "number", "processes": "number", "cost": "number" });
    let wanted = serde_json::json!({
        "data": {
            "id": "text", "experiment": "number", "kind": "text", "a": arm, "b": arm, "delta": "number",
            "functions": [{
                "name": "text", "own_a": "number", "own_b": "number", "total_a": "number", "total_b": "number",
                "delta": "number", "noise": "number", "change": "text",
            }],
            "others": "number",
            "books": {
                "functions": entry,
                "remainder": { "a": "number", "b": "number", "delta": "number", "noise": "null" },
                "measured": entry, "checked": "bool", "gap": "number", "gap_max": "number", "close": "bool",
            },
            "waits": [{
                "cause": "text", "ns_a": "number", "ns_b": "number", "delta": "number", "noise": "number",
                "times_a": "number", "times_b": "number", "change": "text",
            }],
            "files": ["text"], "told": "null",
        },
        "meta": { "schema": "number" },
    });
    assert_eq!(shape(&json), wanted);
    let number = |key: &str| json["data"]["books"][key]["delta"].as_f64().unwrap();
    assert!((number("functions") + number("remainder") - number("measured")).abs() < 1e-6);
    assert!((number("measured") + 40_000.0).abs() < 1e-6, "100 µs to 60");
}

#[tokio::test]
async fn a_profile_is_written_for_other_tools() {
    let bench = profiled().await;
    let to = bench.path("out");
    let export = |shape: &str, of: &str| {
        let file = to.to_str().unwrap();
        let ran = bench.run(&["profile", "T003", "--export", shape, "--of", of, "--to", file]);
        assert_eq!(ran.code, 0, "{}", ran.shown());
        assert!(ran.stdout.ends_with(" bytes\n"), "{}", ran.stdout);
        std::fs::read(&to).unwrap()
    };
    for of in ["a", "b", "difference"] {
        assert_eq!(export("pprof", of)[..3], [0x1f, 0x8b, 8], "gzip, as the format asks");
        let speedscope: Value = serde_json::from_slice(&export("speedscope", of)).unwrap();
        assert_eq!(speedscope["profiles"].as_array().unwrap().len(), if of == "difference" { 4 } else { 1 });
    }
    let folded = String::from_utf8(export("folded", "a")).unwrap();
    assert_eq!(folded, "worker;commit 80\nworker;commit;fdatasync 1206\nworker;new_order 674\n");
    let folded = String::from_utf8(export("folded", "difference")).unwrap();
    assert!(folded.contains("worker;commit;ring 0 20300000000\n"), "{folded}");
    let printed = bench.run(&["profile", "T003", "--export", "folded", "--of", "a", "--to", "-"]).stdout;
    assert!(printed.starts_with("worker;commit 80\n"), "{printed}");

    let ran = bench.run(&["profile", "T003", "--export", "pprof", "--to", "no/such/folder/file"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("profile::cannot_write"), "{}", ran.stderr);
    assert_eq!(bench.run(&["profile", "T003", "--export", "pprof"]).code, 2, "where to?");
    assert_eq!(bench.run(&["profile", "T003", "--to", "x"]).code, 2, "in which format?");
}
