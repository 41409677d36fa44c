//! What every command owes: help with examples that run, JSON of a shape that is shipped, a golden.
//!
//! The commands come from the program itself, so that none can be forgotten; [`table`] says of each what to run.
//! `WORKBENCH_BLESS=1 cargo test --test e2e commands` writes `schemas/output/` anew.

pub(crate) mod table;

mod shape;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use self::table::{Of, Row, TABLE};
use super::apply_bench::Lab;
use super::assign::handed_back;
use super::bench::{Ran, WORKBENCH};
use super::compare::two_commits;
use super::screen_bench::Screens;
use super::store_commands::proven;

/// A project in which T003 was measured, with evidence and documents beside it; made once, copied for each command.
struct Place {
    lab: Lab,
}

impl Place {
    fn new() -> Self {
        static MEASURED: OnceLock<Place> = OnceLock::new();
        let measured = MEASURED.get_or_init(|| {
            let lab = Lab::new(0.4);
            let applied = lab.apply(&["--seed", "1"]);
            assert_eq!(applied.code, 0, "{}", applied.shown());
            assert_eq!(lab.run(&["export", "--to", "evidence"]).code, 0);
            assert_eq!(lab.run(&["report"]).code, 0);
            let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/seeds");
            for (seed, name) in [
                ("rustydb-tracking-document.md", "TRACKING.md"),
                ("rustydb-tracking-document.md", "rustydb-tracking-document.md"),
                ("kotadb-index-optimization.md", "kotadb-index-optimization.md"),
            ] {
                fs::copy(seeds.join(seed), lab.bench.path(name)).unwrap();
            }
            Self { lab }
        });
        Self { lab: measured.lab.another() }
    }

    /// The project that a command's examples are about.
    fn of(row: &Row) -> Self {
        match row.of {
            Of::Measured => Self::new(),
            Of::Many => Self { lab: Screens::with("noise: 0.01, batch: 8").lab },
            Of::Commits => {
                let lab = two_commits("noise: 0.01");
                lab.bench.replace("toy/src/main.rs", "8_000.0", "9_000.0"); // the working tree is a third revision
                Self { lab }
            }
            Of::Assigned => Self { lab: handed_back() },
        }
    }

    /// Runs a line as a shell would, with the binary under test in its path.
    fn shell(&self, line: &str) -> Ran {
        let programs = self.lab.bench.path("programs");
        if !programs.exists() {
            fs::create_dir(&programs).unwrap();
            std::os::unix::fs::symlink(WORKBENCH, programs.join("workbench")).unwrap();
        }
        let path = std::env::join_paths(
            std::iter::once(programs).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        );
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).current_dir(self.lab.bench.root()).env("PATH", path.unwrap());
        for (name, value) in self.lab.command(&[]).get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
        Ran::new(&command.output().unwrap(), &self.lab.bench.root())
    }
}

/// The lines under `Example:` in a command's help, without what follows a pipe or explains them.
fn examples(command: &clap::Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().skip_while(|line| !line.starts_with("Example")).skip(1);
    let lines = lines.take_while(|line| !line.trim().is_empty()).map(str::trim);
    lines
        .filter(|line| line.starts_with("workbench "))
        .map(|line| {
            let line = line.split("  ").next().unwrap_or_default();
            line.split(" | ").next().unwrap_or_default().trim().to_owned()
        })
        .collect()
}

#[test]
fn every_example_runs() {
    let program = workbench::cli::tree();
    for command in program.get_subcommands() {
        let Some(row) = Row::of(command.get_name()) else { continue }; // read:: tells that it is missing
        let place = Place::of(row);
        for line in examples(command) {
            if let Some((_, why)) = row.not_run.iter().find(|(word, _)| line.contains(word)) {
                assert!(!why.is_empty(), "{line}: say why it is not run");
                continue;
            }
            let line = row.names.iter().fold(line, |line, (name, ours)| line.replace(name, ours));
            let ran = place.shell(&line);
            assert!(
                row.exits.contains(&ran.code),
                "the example `{line}` of `workbench {}` ends with {} and not with one of {:?}; mend the example, or say in \
                 tests/e2e/commands/table.rs which exit codes it may have\n{}",
                row.command,
                ran.code,
                row.exits,
                ran.shown()
            );
        }
    }
}

#[test]
fn json_has_the_shape_that_is_shipped() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/output");
    let bless = std::env::var_os("WORKBENCH_BLESS").is_some();
    let mut wrong = Vec::new();
    let mut shipped = BTreeSet::new();
    for row in TABLE {
        let place = Place::of(row);
        for (name, args) in row.json {
            let ran = place.lab.run(&[*args, &["--json"][..]].concat());
            let value: Value = serde_json::from_str(&ran.stdout)
                .unwrap_or_else(|error| panic!("`workbench {} --json`: {error}\n{}", args.join(" "), ran.shown()));
            let file = folder.join(format!("{name}.schema.json"));
            shipped.insert(file.clone());
            if bless {
                let title = format!("workbench {} --json", args.join(" "));
                fs::create_dir_all(&folder).unwrap();
                fs::write(&file, serde_json::to_string_pretty(&shape::schema(&title, &value)).unwrap() + "\n").unwrap();
            }
            let schema = fs::read_to_string(&file).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
            match schema {
                None => wrong.push(format!("schemas/output/{name}.schema.json is missing")),
                Some(schema) => {
                    let misfits = shape::misfits(&schema, &value);
                    wrong.extend(
                        misfits.into_iter().map(|misfit| format!("workbench {} --json: {misfit}", args.join(" "))),
                    );
                }
            }
        }
    }
    let files: BTreeSet<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    wrong.extend(files.difference(&shipped).map(|file| format!("{} belongs to no command", file.display())));
    assert!(
        wrong.is_empty(),
        "scripts rely on these shapes: mend the output, or run with WORKBENCH_BLESS=1 and tell it in CHANGELOG.md\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_shape_that_changes_is_found() {
    let value = serde_json::json!({ "data": [{ "id": "T003", "gain": 1.5, "at": null }, { "id": "B", "gain": 2, "at": "x" }],
                                    "meta": { "schema": 1, "statuses": { "In Progress": 1 } } });
    let schema = shape::schema("x", &value);
    assert!(shape::misfits(&schema, &value).is_empty());
    for (changed, told) in [
        (serde_json::json!({ "data": [{ "id": 3, "gain": 1.5, "at": null }] }), "/data/0/id is"),
        (serde_json::json!({ "data": [{ "gain": 1.5, "at": null }] }), "/data/0 lacks `id`"),
        (serde_json::json!({ "data": [{ "id": "x", "gain": 1.5, "at": null, "mood": 1 }] }), "/data/0 has `mood`"),
        (serde_json::json!({ "data": [{ "id": "x", "gain": null, "at": null }] }), "/data/0/gain is null"),
        (serde_json::json!({ "data": {} }), "/data is"),
    ] {
        let mut value = value.clone();
        value["data"] = changed["data"].clone();
        let misfits = shape::misfits(&schema, &value);
        assert!(misfits.iter().any(|misfit| misfit.contains(told)), "{told}: {misfits:?}");
    }
    let mut more = value.clone();
    more["meta"]["statuses"]["Blocked"] = 2.into();
    assert!(shape::misfits(&schema, &more).is_empty(), "a map may have other keys");
}

/// Times, digests and machines differ from run to run; columns are as wide as they need to be.
pub(crate) fn steady(ran: &Ran) -> String {
    let mut text = ran.shown();
    for (what, word) in [
        (r"\d{4}-\d\d-\d\d( \d\d:\d\dZ)?", "(time)"),
        (r"\b[0-9a-f]{12,}", "(digest)"),
        (r"\([0-9a-f]{7}\)", "(commit)"),
        (r" {2,}", "  "),
    ] {
        text = regex::Regex::new(what).unwrap().replace_all(&text, word).into_owned();
    }
    text
}

#[tokio::test]
async fn history_and_check_on_what_was_proven() {
    let bench = proven().await;
    assert_eq!(bench.run(&["export", "--to", "evidence"]).code, 0);
    let mut told = String::new();
    for args in [
        &["history", "t003"][..],
        &["history", "T001"],
        &["check"],
        &["check", "T001"],
        &[
            "check",
            "--evidence",
            "evidence",
            "--against",
            "evidence",
            "--junit",
            "out/check.xml",
            "--summary",
            "out/check.md",
        ],
        &["check", "--evidence", "nowhere"],
    ] {
        told += &format!("$ workbench {}\n{}\n", args.join(" "), steady(&bench.run(args)));
    }
    for file in ["out/check.xml", "out/check.md"] {
        told += &format!("-- {file}\n{}\n", fs::read_to_string(bench.path(file)).unwrap());
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_man_page_of_a_command() {
    let bench = super::bench::Bench::new();
    insta::assert_snapshot!(bench.run(&["man", "completions"]).shown());
    let all = bench.run(&["man", "--to", "man"]);
    assert_eq!(all.code, 0, "{}", all.shown());
    let commands = workbench::cli::tree().get_subcommands().filter(|command| !command.is_hide_set()).count();
    assert_eq!(fs::read_dir(bench.path("man")).unwrap().count(), commands + 1);
    assert_eq!(bench.run(&["man", "appply"]).code, 3);
}

#[test]
fn completions_know_every_command() {
    // Outside any project, too.
    let elsewhere = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output =
            Command::new(WORKBENCH).args(["completions", shell]).current_dir(elsewhere.path()).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        for command in workbench::cli::tree().get_subcommands().filter(|command| !command.is_hide_set()) {
            assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
        }
    }
}

/// What docs/ci.md tells to do, in essence: evidence lies in the repository, a clone checks it, and a change is noticed.
#[test]
fn the_recipe_for_continuous_integration() {
    let place = Place::new();
    let clone = Place::new();
    fs::remove_dir_all(clone.lab.bench.path("tracking")).unwrap();
    let check = "workbench check --evidence evidence --against evidence --junit check.xml --summary check.md";
    let docs = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md")).unwrap();
    assert!(docs.contains(check), "docs/ci.md no longer says `{check}`");
    let ran = clone.shell(check);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(fs::read_to_string(clone.lab.bench.path("check.md")).unwrap().contains("| T003 | replays | passed |"));

    // The sources change: stale, which fails unless it is allowed.
    let driver = clone.lab.bench.path("driver");
    let mut bytes = fs::read(&driver).unwrap();
    bytes.push(0);
    fs::write(&driver, bytes).unwrap();
    let stale = clone.shell(check);
    assert_eq!(stale.code, 4, "{}", stale.shown());
    assert!(stale.stdout.contains("stale: measured at"), "{}", stale.stdout);
    assert_eq!(clone.shell(&format!("{check} --allow-stale")).code, 0);
    let annotated = clone.shell(&format!(
        "GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=summary.md {}",
        "workbench check --evidence evidence"
    ));
    assert!(
        annotated.stderr.contains("::error file=improvements/T003.yaml,title=T003 current::stale"),
        "{}",
        annotated.stderr
    );
    assert!(fs::read_to_string(clone.lab.bench.path("summary.md")).unwrap().contains("## workbench check"));

    // Measured again, and worse: what was accepted is refuted, and the baseline says so.
    place.lab.bench.replace("improvements/T003.yaml", "effect: 0.4", "effect: -0.2");
    assert_eq!(place.lab.apply(&["--no-profile", "--seed", "2"]).code, 4);
    let worse = place.shell("workbench check --against evidence");
    assert_eq!(worse.code, 4, "{}", worse.shown());
    assert!(worse.stdout.contains("REJECTED") && worse.stdout.contains("it brings less"), "{}", worse.stdout);
    let xml = place.shell("workbench check --against evidence --junit worse.xml > /dev/null; cat worse.xml");
    assert!(xml.stdout.contains("<failure message="), "{}", xml.stdout);
}
