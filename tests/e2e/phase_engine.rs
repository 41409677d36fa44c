//! A phase on the real engine, driven unattended: three optimized variants are set back to a slower form, and three agents bring today's;
//! five others do what they should not.
//!
//! `cargo test --release --test e2e phase_on_the_engine -- --ignored --nocapture`: some thirty minutes of a machine that does nothing else.
//! It works in a clone of this repository's last commit; `tests/fixtures/phase_engine` holds the patches, which must fit that commit. `WORKBENCH_CAST=FILE` records what
//! it shows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use workbench::agents::facts::Life;
use workbench::agents::supervisor::TOKEN_VARIABLE;
use workbench::machine::processes::marked;
use workbench::tracking::Reader;

use super::bench::{WORKBENCH, copy};
use super::cast::record;
use super::phase_bench::fate;

/// Who works on what, in which files, and what becomes of it, as the beginning of the reason.
const CAST: [(&str, u32, &str, &str); 8] = [
    ("T003", 13, "transaction/wal", "merged"),
    ("I001", 14, "index/split", "merged"),
    ("T004", 15, "transaction/deadlock", "merged"),
    ("M001", 16, "memory/pool", "verdict: "),
    ("T001", 17, "transaction/mvcc", "tests: the tests of arm B failed"),
    ("B001", 18, "buffer/replacer", "harness: protected: probe/src/driver/conversation.rs"),
    ("T002", 19, "concurrent/lock_table", "merge train: on top of what landed before it, it does not hold: build: "),
    ("I002", 20, "index/hash", "nothing was handed in: it took longer than 60 s"),
];

/// Times of the recording: half an hour in a minute and a half.
const SPEED: f64 = 20.0;

struct EngineClone {
    folder: tempfile::TempDir,
}

impl EngineClone {
    /// The last commit, its three variants set back, its register and rules cut to what can be measured soon.
    fn set_back() -> Self {
        let clone = Self { folder: tempfile::tempdir().unwrap() };
        let origin = env!("CARGO_MANIFEST_DIR");
        copy(&Path::new(origin).join("tests/fixtures/phase_engine"), clone.folder.path());
        let output = Command::new("git").args(["clone", "-q", origin]).arg(clone.root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        clone.git(&["checkout", "-q", "-B", "trunk"]);
        clone.git(&["apply", "../set-back.patch"]);
        clone.change_places("T004", "B002");
        for (id, agent, modules, _) in CAST {
            clone.give(id, agent, modules);
        }
        clone.cut_rules();
        clone.git(&["add", "-A"]);
        clone.git(&["commit", "-q", "-m", "base"]);
        clone
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("repository")
    }

    /// `late` comes in the phase of `early`, which waits in its stead: it is of the first phase, and gains what no noise hides.
    fn change_places(&self, late: &str, early: &str) {
        let phase = |id: &str| {
            let text = fs::read_to_string(self.root().join(format!("improvements/{id}.yaml"))).unwrap();
            text.lines().find(|line| line.starts_with("phase: ")).unwrap().to_owned()
        };
        for (id, from, to) in [(late, phase(late), phase(early)), (early, phase(early), phase(late))] {
            self.rewrite(&format!("improvements/{id}.yaml"), |text| text.replace(&from, &to));
        }
        self.rewrite("improvements/phases.yaml", |text| {
            text.replace(late, "?").replace(early, late).replace('?', early)
        });
    }

    /// An improvement in an agent's hands, judged by its main workload alone.
    fn give(&self, id: &str, agent: u32, modules: &str) {
        self.rewrite(&format!("improvements/{id}.yaml"), |text| {
            let agents = text.lines().find(|line| line.starts_with("agents: ")).unwrap().to_owned();
            let (before, rest) = text.split_once("  guards:").unwrap_or((&text, ""));
            let after =
                rest.find("\n  mechanism:").or_else(|| rest.find("\n  references:")).map_or("", |at| &rest[at + 1..]);
            format!("{before}{after}").replace(&agents, &format!("agents: [{agent}]"))
        });
        let limits = if id == "I002" { "limits: {minutes: 1}\n" } else { "" };
        let script = self.folder.path().canonicalize().unwrap().join("agent.sh");
        let text = format!(
            "number: {agent}\nname: Agent {agent}\nspecialization: {id}\nmodules: [\"engine/src/{modules}/**\"]\n{limits}\
             runner: {{kind: command, command: [/bin/sh, \"{}\", \"{{id}}\", \"{}\"]}}\n",
            script.display(),
            CAST.len()
        );
        fs::write(self.root().join(format!("agents/agent-{agent}.yaml")), text).unwrap();
    }

    /// Short pairs, few tests, quick builds: this is about who is let in, not about the last per cent.
    fn cut_rules(&self) {
        self.rewrite("workbench.yaml", |text| {
            let (before, rest) = text.split_once("  test_args: [").unwrap();
            let (_, after) = rest.split_once("]\n").unwrap();
            let mut text = format!("{before}  test_args: [--test, composed, --, txn_database, txn_model]\n{after}");
            for (from, to) in [
                ("tests: [engine, engine-driver]", "tests: [engine]"),
                ("test_profile: gate", "test_profile: lab"),
                ("  driver: workload\n", "  driver: workload\n  layouts: 1\n"),
                ("foreign_cpu_max: 0.05", "foreign_cpu_max: 0.5"),
                ("cpu_pressure_max: 20", "cpu_pressure_max: 100"),
                ("io_pressure_max: 20", "io_pressure_max: 100"),
                ("  slices: 6", "  slices: 2"),
                ("profile_s: 12", "profile_s: 0"),
                ("parallel: 2", "parallel: 12"),
                ("review: 4", "review: 12"),
                ("attempts: 3", "attempts: 1"),
            ] {
                assert!(text.contains(from), "workbench.yaml does not hold {from:?}");
                text = text.replacen(from, to, 1);
            }
            text
        });
        self.rewrite("Cargo.toml", |text| {
            let (before, rest) = text.split_once("[profile.lab]").unwrap();
            let rest = rest.replacen("opt-level = 3", "opt-level = 2", 1).replacen(
                "codegen-units = 1\n",
                "codegen-units = 16\n",
                1,
            );
            format!("{before}[profile.lab]{}", rest.replacen("debug = \"line-tables-only\"", "debug = false", 1))
        });
    }

    fn rewrite(&self, name: &str, change: impl FnOnce(String) -> String) {
        let path = self.root().join(name);
        fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
    }

    fn git(&self, args: &[&str]) -> String {
        let who = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").arg("-C").arg(self.root()).args(who).args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The command, on the machine's own lease: whoever else builds or measures here is to know.
    fn workbench(&self, args: &[&str]) -> Command {
        let mut command = Command::new(WORKBENCH);
        command.args(args).current_dir(self.root()).env_remove("WORKBENCH_PROJECT").env("NO_COLOR", "1");
        command
    }

    async fn lives(&self) -> Vec<Life> {
        let store = self.root().join("tracking/workbench.db");
        Reader::open_at(&store).await.unwrap().expect("a store").lives().await.unwrap()
    }
}

/// Not ignored: patches that fit no more are found at once.
#[test]
fn the_patches_of_the_phase_on_the_engine_fit() {
    let clone = EngineClone::set_back();
    let checked = clone.workbench(&["run", "--phase", "1", "--dry-run", "--json"]).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    for (id, agent, _, _) in CAST {
        let line = told["data"].as_array().unwrap().iter().find(|line| line["improvement"] == id).unwrap();
        assert_eq!((&line["agent"], &line["reason"]), (&agent.into(), &"it is next in the queue".into()), "{line}");
        let patch = format!("../{id}.patch");
        if clone.folder.path().join(format!("{id}.patch")).exists() {
            clone.git(&["apply", "--check", &patch]);
        }
    }
}

#[tokio::test]
#[ignore = "builds the engine a dozen times and measures it: half an hour of a machine that does nothing else"]
async fn phase_on_the_engine() {
    let clone = EngineClone::set_back();
    let (head, began) = (clone.git(&["rev-parse", "HEAD"]), Instant::now());
    let mut run = clone.workbench(&["run", "--phase", "1"]);
    match std::env::var("WORKBENCH_CAST") {
        Ok(file) => {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            record(run, &clone.root(), "A phase on the engine, twenty times as fast as it was", SPEED, &file);
        }
        Err(_) => drop(run.stdin(Stdio::null()).status().unwrap()),
    }
    println!("the phase took {:.0} min", began.elapsed().as_secs_f64() / 60.0);
    let lives = clone.lives().await;
    let told: BTreeMap<String, String> =
        lives.iter().map(|life| (life.assignment.improvement.0.clone(), fate(life))).collect();
    for (id, fate) in &told {
        println!("{id}: {}", fate.lines().next().unwrap_or_default());
    }
    for args in [&["report", "--output", "-"][..], &["standup", "--after", "0"]] {
        let output = clone.workbench(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let text = text.split_once("## WORK OF AGENTS").map_or(text.as_str(), |(_, rest)| rest);
        println!("{}", text.split("\n---").next().unwrap_or_default());
    }

    for (id, _, _, fate) in CAST {
        assert!(told.get(id).is_some_and(|found| found.starts_with(fate)), "{id}: {fate:?}\n{told:#?}");
    }
    // What landed is today's engine, and nothing else.
    assert_eq!(clone.git(&["diff", "--name-only", &format!("{head}^"), "integration", "--", "engine", "probe"]), "");
    // The checkout is as it was, and nobody is left.
    assert_eq!((clone.git(&["rev-parse", "HEAD"]), clone.git(&["status", "--porcelain"])), (head, String::new()));
    for attempt in lives.iter().flat_map(|life| &life.attempts) {
        assert_eq!(marked(TOKEN_VARIABLE, &attempt.token), []);
    }
}
