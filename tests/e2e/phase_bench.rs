//! A project on which ten scripted agents work at once: three make a seam faster, seven do what they should not.
//!
//! `tests/fixtures/phase` holds what they work on, what each of them does, and its patch.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use workbench::agents::Stage;
use workbench::agents::facts::{Attempt, Decision, Life};
use workbench::agents::supervisor::TOKEN_VARIABLE;
use workbench::machine::processes::marked;

use super::apply_bench::Lab;
use super::assign_bench::Yard;
use super::bench::{Bench, copy, eventually};

/// Somebody in the play.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) id: &'static str,
    pub(crate) agent: u32,
    seam: char,
    /// What becomes of it: `merged`, or who refused it and why, as the beginning of the reason.
    pub(crate) fate: &'static str,
}

const fn part(agent: u32, id: &'static str, seam: char, fate: &'static str) -> Part {
    Part { id, agent, seam, fate }
}

/// The whole cast.
pub(crate) const CAST: [Part; 10] = [
    part(1, "T101", 'a', "merged"),
    part(2, "T102", 'b', "merged"),
    part(3, "T103", 'c', "merged"),
    part(4, "T104", 'd', "verdict: "),
    part(5, "T105", 'e', "merge train: on top of what landed before it, it does not hold: build: arm A does not build"),
    part(6, "T106", 'f', "tests: the tests of arm B failed"),
    part(7, "T107", 'g', "harness: protected: toy/src/timer.rs"),
    part(8, "T108", 'h', "equivalence: "),
    part(9, "T109", 'i', "harness: protected: toy/src/main.rs"),
    part(10, "T110", 'j', "nothing was handed in: it took longer than 3 s"),
];

/// Files that no agent may change: what measures, and what checks.
const PROTECTED: &str = "toy/src/main.rs, toy/src/timer.rs, toy/src/seams/mod.rs, toy/Cargo.toml, toy/Cargo.lock";

/// A project with a cast. Its one phase is theirs.
pub(crate) struct Play {
    pub(crate) yard: Yard,
    cast: Vec<Part>,
    /// The checkout as it was: the commit, the branch, every file by its hash.
    before: String,
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/phase")
}

impl Play {
    pub(crate) fn of(cast: &[Part]) -> Self {
        let bench = Bench::new();
        copy(&fixture(), &bench.root());
        for name in ["tmp", "tracking"] {
            fs::create_dir(bench.path(name)).unwrap();
        }
        for name in ["agents", "improvements/T001.yaml", "improvements/T003.yaml", "improvements/B001.yaml"] {
            bench.remove(name);
        }
        fs::create_dir(bench.path("agents")).unwrap();
        for part in cast {
            let Part { id, agent, seam, .. } = part;
            bench.write(&format!("improvements/{id}.yaml"), improvement(part));
            let limits = if *id == "T110" { "limits: {minutes: 0.05}\n" } else { "" };
            bench.write(
                &format!("agents/agent-{agent:02}.yaml"),
                format!(
                    "number: {agent}\nname: Agent {agent}\nspecialization: Seam {seam}\nmodules: [toy/src/seams/{seam}.rs]\n{limits}\
                     runner: {{kind: command, command: [/bin/sh, \"{}\", \"{{id}}\", \"{}\"]}}\n",
                    bench.path("agent.sh").display(),
                    cast.len()
                ),
            );
        }
        let members: Vec<&str> = cast.iter().map(|part| part.id).collect();
        let phases = fs::read_to_string(bench.path("improvements/phases.yaml")).unwrap();
        let (first, _) = phases.split_once("  - number: 2").unwrap();
        bench.write("improvements/phases.yaml", first.replace("[T001, T003]", &format!("[{}]", members.join(", "))));
        bench.replace("improvements/register.yaml", "orchestrator: 2", "orchestrator: 1");
        bench.write(
            "workbench.yaml",
            format!(
                "target: {{package: toy, driver: toy, workspace: toy, profile: lab, layouts: 1, tests: [toy]}}
policy: {{noise: 0.015, confirmation_pairs: 5}}
machine: {{foreign_cpu_max: 1, steal_max: 1, cpu_pressure_max: 100, io_pressure_max: 100}}
lab: {{slices: 2, answer_limit_s: 60, profile_s: 0}}
agents: {{parallel: 12, review: 12, attempts: 1, minutes: 5, grace_ms: 300, protected: [{PROTECTED}]}}
"
            ),
        );
        bench.write(".gitignore", "tracking/\ntmp/\ntarget/\nmachine/\nprofiles/\n/agent.sh\n/patches/\n");
        let yard = Yard { lab: Lab { bench } };
        yard.git(&["init", "-q", "-b", "trunk"]);
        yard.git(&["add", "."]);
        yard.git(&["commit", "-q", "-m", "base"]);
        let before = checkout(&yard);
        Self { yard, cast: cast.to_vec(), before }
    }

    /// What became of everybody is what should have.
    pub(crate) fn came_out_right(&self) {
        let lives = self.yard.lives();
        let told: BTreeMap<&str, String> =
            lives.iter().map(|life| (life.assignment.improvement.0.as_str(), fate(life))).collect();
        assert_eq!(told.len(), self.cast.len(), "each is assigned once: {told:#?}");
        assert_eq!(lives.len(), self.cast.len(), "each is assigned once: {told:#?}");
        for Part { id, fate, .. } in &self.cast {
            assert!(told[id].starts_with(fate), "{id}: {fate:?}\n{told:#?}");
        }
        assert_eq!(self.yard.git(&["rev-parse", "integration^{tree}"]), self.expected(), "what landed");
    }

    /// The checkout was not touched, nobody runs any more, and the store is whole.
    pub(crate) fn is_left_tidy(&self) {
        assert_eq!(checkout(&self.yard), self.before);
        self.yard.checkout_is_untouched();
        // A supervisor writes down how all ended, and then ends itself.
        eventually("nobody is left", || self.processes().is_empty());
        assert_eq!(self.yard.lab.problems(), Vec::<String>::new());
    }

    /// Whoever belongs to the project: works in it, was made in it, or bears the token of an attempt.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let lives = self.yard.lives();
        let attempts = lives.iter().flat_map(|life| &life.attempts);
        let of_agents = attempts.clone().flat_map(|attempt| marked(TOKEN_VARIABLE, &attempt.token));
        let workers = attempts.flat_map(|attempt: &Attempt| &attempt.workers).filter(|worker| worker.is_alive());
        let mut all = self.yard.lab.processes();
        all.extend(of_agents.map(|stat| stat.pid).chain(workers.map(|worker| worker.pid)));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The files that the integration branch must have: the base's, with the patches of those that are merged.
    fn expected(&self) -> String {
        let scratch = self.yard.lab.bench.path("tmp/expected").display().to_string();
        let _ = fs::remove_dir_all(&scratch);
        self.yard.git(&["worktree", "add", "-q", "--detach", "--force", &scratch, "trunk"]);
        for part in self.cast.iter().filter(|part| part.fate == "merged") {
            let patch = self.yard.lab.bench.path(&format!("patches/{}.patch", part.id));
            self.yard.git(&["-C", &scratch, "apply", "--index", &patch.display().to_string()]);
        }
        let tree = self.yard.git(&["-C", &scratch, "write-tree"]);
        self.yard.git(&["worktree", "remove", "--force", &scratch]);
        tree
    }
}

/// What became of an assignment, and why, without what differs from run to run.
pub(crate) fn fate(life: &Life) -> String {
    let stage = Stage::now(life);
    if stage != Stage::Withdrawn {
        return stage.to_string();
    }
    let Some(submission) = life.submission() else {
        let ended = life.last_attempt().and_then(|attempt| attempt.ended.as_ref());
        return format!("nothing was handed in: {}", ended.map_or("", |ended| &ended.reason));
    };
    let sent_back = submission.reviews.iter().find(|review| review.decision == Decision::SentBack);
    let refused = submission.refused().map(|found| format!("{}: {}", found.gate, found.reason));
    sent_back.map(|review| format!("{}: {}", review.author, review.comment)).or(refused).unwrap_or_default()
}

fn checkout(yard: &Yard) -> String {
    let mut told = String::new();
    for args in [&["rev-parse", "HEAD"][..], &["symbolic-ref", "HEAD"], &["ls-files", "--stage"], &["stash", "list"]] {
        writeln!(told, "{}", yard.git(args)).unwrap();
    }
    // What is there, by its hash; of the index's own time stamps nothing is asked.
    for file in yard.git(&["ls-files"]).lines() {
        let bytes = fs::read(yard.lab.bench.path(file)).unwrap_or_default();
        writeln!(told, "{file} {}", bytes.len()).unwrap();
        told += &String::from_utf8_lossy(&bytes);
    }
    told + &yard.git(&["status", "--porcelain"])
}

fn improvement(Part { id, agent, seam, .. }: &Part) -> String {
    format!(
        "id: {id}
title: Seam {seam} by a prepared patch
category: Transaction
priority: critical
agents: [{agent}]
modules: [toy/src/seams/{seam}.rs]
claim: {{text: \"+30-40% TPS\", metric: tps, better: higher, low: 0.3, high: 0.4}}
phase: 1
feature: {seam}
variants:
  baseline: An operation costs ten microseconds.
  optimized: It costs less.
  seam: toy/src/seams/{seam}.rs
  workload: {{workload: toy, params: {{seam: {seam}, noise: 0.003}}, metric: tps}}
  references: [Aether]
"
    )
}
