//! The workload driver on the protocol: a golden transcript for what does not depend on time, and mistakes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Cursor;

use engine_driver::SUBJECT;
use engine_workload::driver::WorkloadDriver;
use probe::driver::{Ending, converse, decode_latency};
use probe::protocol::{Event, Hello};

const TINY: &str = r#"{"cmd":"load","workload":"tpcc","seed":7,"params":{"store":"memory","warehouses":2,"districts":2,"customers":10,"items":20,"sessions":1}}"#;

fn answers(lines: &[&str]) -> (Vec<Event>, Ending) {
    let mut output = Vec::new();
    let ending = converse(WorkloadDriver::new(&SUBJECT), Cursor::new(lines.join("\n")), &mut output).unwrap();
    let events = output.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    // How often progress is told depends on how fast the machine is.
    (events.filter(|event| !matches!(event, Event::Progress(_))).collect(), ending)
}

#[test]
fn hello_describes_every_workload() {
    let (events, _) = answers(&[r#"{"cmd":"hello"}"#]);
    let Event::Hello(Hello { protocol: 1, driver, workloads, features, .. }) = &events[0] else { panic!("{events:?}") };
    let names: Vec<_> = workloads.iter().map(|workload| workload.name.as_str()).collect();
    assert_eq!(
        (driver.as_str(), names),
        (
            "engine-driver",
            vec![
                "tpcc",
                "commit-storm",
                "point-read",
                "ycsb",
                "insert",
                "alloc-micro",
                "lock-micro",
                "hot-row",
                "transfer",
                "stalled-reader"
            ]
        )
    );
    assert_eq!(features.contains(&"t003".to_owned()), cfg!(feature = "t003"));
    for workload in workloads {
        let (common, own) = workload.metrics.split_at(14);
        let names: Vec<_> = common.iter().map(|metric| metric.name.as_str()).collect();
        let of_transactions = ["tps", "p50", "p95", "p99", "p999", "retries"];
        let of_store = ["leaf_hit_rate", "detection_ns", "worst_second"];
        let of_footprint = ["peak_memory", "resident", "heap_in_use", "fragmentation", "disk"];
        assert_eq!(names, [&of_transactions[..], &of_store, &of_footprint].concat());
        let own: Vec<_> = own.iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(own == ["unreclaimed"], workload.name == "stalled-reader", "{own:?}");
        for name in ["sessions", "workers", "durability", "pool_mb", "store", "dir"] {
            assert!(!workload.params[name].help.is_empty(), "{name}");
        }
    }
}

#[test]
fn a_seed_gives_the_same_answers_every_time() {
    let conversation = [
        TINY,
        r#"{"cmd":"slice","ops":150}"#,
        r#"{"cmd":"slice","ops":50}"#,
        r#"{"cmd":"check"}"#,
        r#"{"cmd":"finish"}"#,
    ];
    let run = || {
        let (events, ending) = answers(&conversation);
        assert_eq!(ending, Ending::Finished);
        let [
            Event::Loaded(loaded),
            Event::Slice(first),
            Event::Slice(second),
            Event::Check(check),
            Event::Finished(end),
        ] = &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!((first.ops, second.ops), (150, 50));
        assert!(first.values["tps"] > 0.0 && first.elapsed_ns > 0 && first.cpu_ns > 0);
        let latency = decode_latency(first.latency.as_ref().unwrap()).unwrap();
        assert_eq!(latency.len(), 150);
        assert_eq!(latency.value_at_quantile(0.99) as f64, first.values["p99"]);
        assert!(check.ok, "{:?}", check.findings);
        (loaded.rows, first.counters.clone(), end.totals.clone(), check.state_hash.clone())
    };
    let (rows, counters, totals, hash) = run();
    assert_eq!((rows, counters.clone(), totals.clone(), hash.clone()), run());
    assert_eq!(counters["txn.new_order"] + counters["txn.rolled_back"], 70);
    assert_eq!(totals["txn.payment"], 87);
    assert_eq!(hash.as_deref(), Some("5edcf98a5c491787"));
}

#[test]
fn mistakes_name_themselves_and_their_remedy() {
    let cases = [
        (r#"{"cmd":"load","workload":"tpc"}"#, "unknown workload `tpc`", "did you mean `tpcc`?"),
        (
            r#"{"cmd":"load","workload":"tpcc","params":{"warehouse":1}}"#,
            "unknown parameter `warehouse`",
            "did you mean `warehouses`?",
        ),
        (
            r#"{"cmd":"load","workload":"commit-storm","params":{"sessions":0}}"#,
            "parameter `sessions` cannot be 0",
            "give a whole number from 1 to 4096",
        ),
        (
            r#"{"cmd":"load","workload":"point-read","params":{"durability":"some"}}"#,
            r#"parameter `durability` cannot be "some""#,
            "give one of full, group_async, off",
        ),
        (r#"{"cmd":"check"}"#, "nothing is loaded to check", "send load first"),
    ];
    for (line, message, remedy) in cases {
        let (events, _) = answers(&[line]);
        let Event::Error(failure) = &events[0] else { panic!("{events:?}") };
        assert_eq!((failure.message.as_str(), failure.remedy.as_str()), (message, remedy));
    }
    let (events, _) = answers(&[TINY, r#"{"cmd":"slice","ops":1,"params":{"sessions":3}}"#]);
    let Event::Error(failure) = &events[1] else { panic!("{events:?}") };
    assert_eq!(failure.message, "parameter `sessions` cannot be set for a slice");
}

/// Every workload on the engine, in a directory of its own; and the durable ones with what they are about: syncs.
#[test]
fn the_engine_runs_every_workload_and_a_used_directory_is_refused() {
    for (workload, params) in [
        ("tpcc", r#""warehouses":1,"districts":2,"customers":10,"items":50"#),
        ("commit-storm", r#""row_bytes":100"#),
        ("point-read", r#""rows":500"#),
        ("insert", r#""order":"random""#),
        ("lock-micro", r#""keys":1000"#),
        ("hot-row", r#""own_rows":1"#),
        ("transfer", r#""accounts":8"#),
        ("stalled-reader", r#""rows":500,"stall_ms":2"#),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let load = format!(
            r#"{{"cmd":"load","workload":"{workload}","params":{{{params},"sessions":4,"pool_mb":8,"dir":{data:?}}}}}"#
        );
        let conversation = [
            &load[..],
            r#"{"cmd":"profile","state":"on","kinds":["wait"]}"#,
            r#"{"cmd":"slice","ops":100}"#,
            r#"{"cmd":"profile","state":"off"}"#,
            r#"{"cmd":"check"}"#,
        ];
        let (mut events, ending) = answers(&conversation);
        assert_eq!(ending, Ending::EndOfInput);
        // On a slow disk the load takes long enough to say how far it is.
        events.retain(|event| !matches!(event, Event::Progress(_)));
        let [
            Event::Loaded(_),
            Event::Profile(_),
            Event::Slice(slice),
            Event::Profile(profile),
            Event::Check(check),
            Event::Finished(end),
        ] = &events[..]
        else {
            panic!("{events:?}")
        };
        assert!(check.ok, "{:?}", check.findings);
        assert_eq!((slice.ops, end.totals["wal.syncs"]), (100, slice.counters["wal.syncs"]));
        let waited = profile.profiles[0].folded.contains(&format!("{workload};fsync "));
        let writes = !["point-read", "lock-micro"].contains(&workload);
        assert_eq!((waited, slice.counters["wal.commits"] > 0), (writes, writes), "{workload}");

        let (events, _) = answers(&[&load[..]]);
        let Event::Error(failure) = &events[0] else { panic!("{events:?}") };
        assert!(failure.message.ends_with("is not empty"), "{failure}");
    }
}
