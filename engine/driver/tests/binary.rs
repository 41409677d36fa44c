//! The driver binary from outside: what it says of its waits, and what the kernel saw it sync.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use probe::protocol::{Event, FoldedProfile, FoldedUnit, ProfileKind, SliceDone};

const WORKLOAD: &str = env!("CARGO_BIN_EXE_workload");

/// Small durable commits of more sessions than workers, so that somebody always waits for somebody else's sync.
fn commit_storm(data: &Path, more: &[&str]) -> String {
    let load = format!(
        r#"{{"cmd":"load","workload":"commit-storm","seed":7,"params":{{"sessions":16,"workers":4,"durability":"full","pool_mb":8,"dir":{data:?}}}}}"#
    );
    [&[&load[..]], more, &[r#"{"cmd":"finish"}"#]].concat().join("\n") + "\n"
}

/// Runs `command` on a whole conversation.
fn answers(command: &mut Command, conversation: &str) -> Vec<Event> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(conversation.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    output.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

fn slice(events: &[Event]) -> &SliceDone {
    events.iter().find_map(|event| if let Event::Slice(done) = event { Some(done) } else { None }).unwrap()
}

#[test]
fn a_durable_run_shows_where_it_waits() {
    let folder = tempfile::tempdir().unwrap();
    let on = r#"{"cmd":"profile","state":"on","kinds":["cpu","wait"]}"#;
    let off = r#"{"cmd":"profile","state":"off"}"#;
    let conversation = commit_storm(&folder.path().join("data"), &[on, r#"{"cmd":"slice","ops":4000}"#, off]);
    let events = answers(&mut Command::new(WORKLOAD), &conversation);
    let profiles = events.iter().find_map(|event| match event {
        Event::Profile(profile) if !profile.profiles.is_empty() => Some(&profile.profiles),
        _ => None,
    });
    let wait = profiles.unwrap().iter().find(|profile| profile.kind == ProfileKind::Wait).unwrap();
    let FoldedProfile { unit, folded, samples, .. } = wait;
    assert_eq!(*unit, FoldedUnit::Ns);
    let waited: BTreeMap<&str, u64> = folded
        .lines()
        .map(|line| line.rsplit_once(' ').map(|(stack, ns)| (stack, ns.parse().unwrap())).unwrap())
        .collect();
    for cause in ["commit-storm;fsync", "commit-storm;log_wait"] {
        assert!(waited.get(cause).is_some_and(|ns| *ns > 1_000), "{cause}: {folded}");
    }
    // Every sync was a wait, and somebody waited for it besides.
    let syncs = slice(&events).counters["wal.syncs"];
    assert!(*samples > syncs, "{samples} waits, {syncs} syncs");
    let slice = slice(&events);
    assert_eq!(slice.waits["fsync"], waited["commit-storm;fsync"], "the slice and its profile tell the same");
}

/// The engine counts its own syncs; here the kernel does.
#[test]
fn the_kernel_sees_as_many_syncs_as_the_engine_counts() {
    const OPS: u64 = 2_000;
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        let mut stderr = std::io::stderr();
        let _ = writeln!(stderr, "SKIPPED: strace is missing, so nobody but the engine has counted its syncs");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let traced = |name: &str, more: &[&str]| {
        let trace = folder.path().join(format!("{name}.strace"));
        let mut command = Command::new("strace");
        command
            .args(["-f", "-qq", "-e", "trace=fdatasync,fsync,sync_file_range,msync", "-o"])
            .arg(&trace)
            .arg(WORKLOAD);
        let events = answers(&mut command, &commit_storm(&folder.path().join(name), more));
        let trace = std::fs::read_to_string(trace).unwrap();
        // A call that another thread interrupts in the trace has two lines: only the first names it with a bracket.
        (events, trace.lines().filter(|line| line.contains("sync(")).count() as u64)
    };
    let (_, idle) = traced("idle", &[]);
    let (events, busy) = traced("busy", &[&format!(r#"{{"cmd":"slice","ops":{OPS}}}"#)]);
    let counters = &slice(&events).counters;
    let (commits, counted) = (counters["wal.commits"], counters["wal.syncs"] + counters["wal.syncs_other"]);
    let seen = busy - idle;
    let _ = writeln!(
        std::io::stderr(),
        "{commits} commits, {seen} syncs seen by strace ({counted} counted): {:.2} commits per sync",
        commits as f64 / seen as f64
    );
    assert_eq!(commits, OPS);
    // Closing and checkpoints sync, too, and not always equally often.
    assert!(seen.abs_diff(counted) <= 8 + counted / 50, "{seen} seen, {counted} counted");
    let per_sync = commits as f64 / seen as f64;
    if cfg!(feature = "t003") {
        assert!(per_sync > 4.0, "group commit: {per_sync}");
    } else {
        assert!((0.9..=1.0).contains(&per_sync), "every commit its own: {per_sync}");
    }
}
