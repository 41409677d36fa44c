//! `workbench init` in a crate that knows nothing of the workbench, and what follows from there.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::bench::{Ran, WORKBENCH, copy};

/// A copy of `tests/fixtures/foreign`, removed afterwards.
struct Foreign {
    folder: tempfile::TempDir,
}

impl Foreign {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/foreign"), &folder.path().join("crate"));
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        Self { folder }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("crate").canonicalize().unwrap()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn run(&self, args: &[&str]) -> Ran {
        let output = Command::new(WORKBENCH)
            .args(args)
            .current_dir(self.root())
            .env_remove("WORKBENCH_PROJECT")
            .env("NO_COLOR", "1")
            .env("WORKBENCH_LEASE", self.folder.path().join("lease"))
            .env("TMPDIR", self.folder.path().join("tmp"))
            .output()
            .unwrap();
        Ran::new(&output, &self.root())
    }
}

/// All of its features, with the bench that writes what criterion writes.
const INIT: [&str; 9] = [
    "init",
    "--reads",
    "criterion",
    "--features",
    "fast,wide,small,broken",
    "--workload",
    "sum/10",
    "--control",
    "walk",
];

#[test]
fn features_become_improvements_and_what_does_not_compile_is_told() {
    let foreign = Foreign::new();
    let ran = foreign.run(&INIT);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    insta::assert_snapshot!(ran.stdout);
    insta::assert_snapshot!("init_workbench_yaml", foreign.read("workbench.yaml"));
    insta::assert_snapshot!("init_entry", foreign.read("improvements/F003.yaml"));
    assert_eq!(foreign.run(&["list", "--json"]).code, 0);

    // Nothing else of the crate is touched, and what was found is not looked for again.
    assert!(foreign.read("tracking/.gitignore").starts_with('*'));
    let again = foreign.run(&INIT);
    assert!(again.code == 1 && again.stderr.contains("init::exists"), "{}", again.shown());
    for entry in ["workbench.yaml", "improvements", "agents"] {
        let path = foreign.root().join(entry);
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
    }
    let ran = foreign.run(&INIT);
    assert!(ran.stdout.contains("9 sets of features were compiled, 9 of them earlier"), "{}", ran.shown());
}

#[test]
fn a_default_feature_is_measured_by_leaving_it_out() {
    let foreign = Foreign::new();
    let ran = foreign.run(&INIT);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    // The figures are made up: how busy this machine is does not matter.
    let config = foreign.read("workbench.yaml");
    let config =
        format!("{config}machine: {{foreign_cpu_max: 1, steal_max: 1, cpu_pressure_max: 100, io_pressure_max: 100}}\n");
    std::fs::write(foreign.root().join("workbench.yaml"), config).unwrap();
    let applied = foreign.run(&["apply", "F001", "--json"]);
    assert_eq!(applied.code, 0, "{}", applied.shown());
    let result: serde_json::Value = serde_json::from_str(&applied.stdout).unwrap();
    assert_eq!(result["data"]["verdict"], "PROVEN");
    let gain = result["data"]["workloads"][1]["gain"].as_f64().unwrap();
    assert!((gain - 3.0 / 7.0).abs() < 0.02, "{gain}");
    assert_eq!(result["data"]["workloads"][2]["role"], "control");

    let builds = std::fs::read_dir(foreign.root().join("tracking/lab/builds")).unwrap().flatten();
    let mut enabled: Vec<String> = builds
        .map(|build| std::fs::read_to_string(build.path().join("build.json")).unwrap())
        .map(|text| serde_json::from_str::<serde_json::Value>(&text).unwrap()["enabled"].to_string())
        .collect();
    enabled.sort();
    assert_eq!(enabled, [r#"["fast","std"]"#, r#"["std"]"#]);

    // What nobody changed is neither built nor stale, though facts have been written beside the sources since.
    let plan = foreign.run(&["apply", "F002", "--dry-run"]);
    assert!(plan.stdout.starts_with("F002: A = fast (built), B = fast + wide (to be built)"), "{}", plan.shown());
    assert!(!foreign.run(&["show", "F001"]).stdout.contains("stale"));
    let refused = foreign.run(&["apply", "F003"]);
    assert_eq!(refused.code, 4, "{}", refused.shown());
    assert!(refused.stderr.contains("F003 and F001 cannot be built together"), "{}", refused.stderr);
    assert_eq!(foreign.run(&["report", "--output", "-"]).code, 0);
}

#[test]
fn a_dry_run_writes_and_builds_nothing() {
    let foreign = Foreign::new();
    let ran = foreign.run(&["init", "--dry-run", "--features", "wide"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    insta::assert_snapshot!(ran.stdout);
    let json = foreign.run(&["init", "--dry-run", "--features", "wide", "--json"]);
    insta::assert_snapshot!("init_json", json.stdout);
    let elsewhere = foreign.run(&["init", "--dry-run", "--features", "wide", "--to", "made"]);
    assert_eq!(elsewhere.code, 0, "{}", elsewhere.shown());
    for made in ["workbench.yaml", "improvements", "agents", "tracking", "made"] {
        assert!(!foreign.root().join(made).exists(), "{made}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_told_with_what_there_is() {
    let foreign = Foreign::new();
    let refused = |args: &[&str], code: i32, parts: &[&str]| {
        let ran = foreign.run(&[&["init"], args].concat());
        assert_eq!(ran.code, code, "{}", ran.shown());
        for part in parts {
            assert!(ran.stderr.contains(part), "{part:?}: {}", ran.stderr);
        }
        assert!(!foreign.root().join("workbench.yaml").exists());
    };
    refused(&[], 2, &["it is not said which feature", "--features", "broken, fast, perf, small, std, wide"]);
    refused(&["--features", "fats"], 3, &["no feature `fats`", "did you mean `fast`?"]);
    refused(&["--features", "fast", "--bench", "sum"], 3, &["no bench `sum`", "did you mean `sums`?"]);
    refused(&["--features", "fast", "--package", "other"], 3, &["no package `other`"]);
    refused(&["--features", "fast", "--reads", "bmf"], 2, &["behind `--`"]);
    refused(&["src", "--features", "fast"], 3, &["there is no Cargo.toml in src"]);
}
