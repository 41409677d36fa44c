//! `workbench doctor`: every finding with its state, what was found, and a remedy.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::bench::{Bench, Ran, WORKBENCH};

/// A kernel whose every file says what nobody wants to read.
const BAD: &[(&str, &str)] = &[
    ("proc/loadavg", "7.50 7.00 6.00 9/900 4711"),
    ("proc/stat", "cpu  600 0 200 100 0 0 0 100 0 0"),
    ("proc/pressure/cpu", "some avg10=61.00 avg60=40.00 avg300=20.00 total=1"),
    ("proc/pressure/io", "some avg10=35.50 avg60=40.00 avg300=20.00 total=1"),
    ("proc/pressure/memory", "some avg10=8.00 avg60=4.00 avg300=2.00 total=1"),
    ("proc/self/status", "Name:\tworkbench\nCpus_allowed_list:\t2-3\n"),
    ("proc/self/cgroup", "0::/box"),
    ("proc/self/personality", "00040000"),
    ("proc/self/mountinfo", "1 1 0:1 / / rw - tmpfs tmpfs rw"),
    ("proc/sys/kernel/randomize_va_space", "2"),
    ("proc/sys/kernel/perf_event_paranoid", "4"),
    ("proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 300000 kB\nSwapTotal: 2000000 kB\nSwapFree: 500000 kB"),
    ("sys/fs/cgroup/box/cpu.max", "150000 100000"),
    ("sys/devices/system/cpu/online", "0-7"),
    ("sys/devices/system/cpu/cpu2/topology/thread_siblings_list", "2-3"),
    ("sys/devices/system/cpu/cpu2/cpufreq/scaling_governor", "powersave"),
    ("sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "schedutil"),
    ("sys/devices/system/cpu/intel_pstate/no_turbo", "0"),
    ("sys/devices/system/clocksource/clocksource0/current_clocksource", "acpi_pm"),
    ("sys/devices/system/clocksource/clocksource0/available_clocksource", "hpet acpi_pm"),
    ("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never"),
];

/// What the kernel alone tells, whatever the machine of this test.
const TOLD: &[&str] = &[
    "load",
    "steal",
    "CPU pressure",
    "I/O pressure",
    "memory pressure",
    "cores",
    "CPU quota",
    "SMT",
    "CPU governor",
    "turbo",
    "clock source",
    "ASLR",
    "huge pages",
    "memory",
    "swap",
    "file system",
];

fn findings(bench: &Bench, args: &[&str]) -> Vec<Value> {
    let ran = bench.run(&[&["doctor", "--json"], args].concat());
    let value: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    let count = |state| value["data"].as_array().unwrap().iter().filter(|finding| finding["state"] == state).count();
    assert_eq!(
        (&value["meta"]["missing"], &value["meta"]["doubtful"]),
        (&count("missing").into(), &count("doubtful").into())
    );
    assert_eq!(ran.code, i32::from(count("missing") > 0));
    value["data"].as_array().unwrap().clone()
}

fn told(findings: &[Value]) -> String {
    let of = |check: &&str| findings.iter().find(|finding| finding["check"] == **check).unwrap();
    TOLD.iter()
        .map(of)
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or("-").to_owned();
            format!("{:15} {:9} {}\n{:25} → {}\n", text("check"), text("state"), text("found"), "", text("remedy"))
        })
        .collect()
}

fn with_kernel(files: &[(&str, &str)]) -> Bench {
    let bench = Bench::new();
    for (path, text) in files {
        let path = bench.path("kernel").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    bench
}

#[test]
fn a_bad_machine_is_judged_bad_in_every_respect() {
    let bench = with_kernel(BAD);
    let kernel = bench.path("kernel").display().to_string();
    insta::assert_snapshot!("doctor_bad_machine", told(&findings(&bench, &["--root", &kernel])));
}

#[test]
fn a_machine_that_does_not_tell_is_not_guessed_at() {
    let bench = with_kernel(&[("none", "")]);
    let kernel = bench.path("kernel").display().to_string();
    insta::assert_snapshot!("doctor_silent_machine", told(&findings(&bench, &["--root", &kernel])));
}

#[test]
fn this_machine_is_judged_with_a_remedy_for_everything_that_is_not_good() {
    let bench = Bench::new();
    let findings = findings(&bench, &[]);
    let finding = |check: &str| findings.iter().find(|finding| finding["check"] == check).unwrap();
    let state = |check: &str| finding(check)["state"].clone();
    assert!(findings.iter().all(|finding| (finding["state"] == "good") == finding["remedy"].is_null()), "{findings:?}");
    assert_eq!((state("cargo"), state("rustc"), state("register")), ("good".into(), "good".into(), "good".into()));
    assert_eq!(state("lease"), "good");
    // The small project has no Cargo workspace to build.
    assert_eq!(state("target"), "missing");
    // What is measured here has a figure.
    for check in ["sync", "clock", "CPU speed", "foreign CPU", "disk space"] {
        assert!(finding(check)["found"].as_str().unwrap().contains(|c: char| c.is_ascii_digit()), "{}", finding(check));
    }
    assert!(!bench.path("tracking").exists(), "looking changes nothing");
}

#[test]
fn doctor_goes_on_without_programs_register_or_store() {
    let bench = Bench::new();
    bench.replace("improvements/T001.yaml", "critical", "urgent");
    fs::create_dir(bench.path("tracking")).unwrap();
    bench.write("tracking/workbench.db", "this is no database");
    let output = Command::new(WORKBENCH)
        .arg("doctor")
        .current_dir(bench.root())
        .env("PATH", "/nowhere")
        .env_remove("CC")
        .output()
        .unwrap();
    let ran = Ran::new(&output, &bench.root());
    assert_eq!(ran.code, 1);
    for wanted in
        ["✗ cargo", "✗ rustc", "✗ C compiler", "✗ git", "! callgrind", "✗ register", "✗ store", "https://rustup.rs"]
    {
        assert!(ran.stdout.contains(wanted), "{wanted}: {}", ran.stdout);
    }
}
