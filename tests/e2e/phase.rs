//! `workbench run --phase 1`: a phase driven to its end by scripts, unattended; and the stand-up about it.

use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use workbench::agents::Stage;
use workbench::agents::facts::{Decision, Ending, Life, Role};
use workbench::agents::supervisor::TOKEN_VARIABLE;
use workbench::machine::processes::marked;

use super::assign_bench::Yard;
use super::bench::eventually;
use super::commands::steady;
use super::phase_bench::{CAST, Play};

/// Agents 1 and 2 do `script` for T003 and T001, in files of their own; so many attempts each.
fn two_agents(script: &str, attempts: u32) -> Yard {
    with_second(Yard::new(script), attempts)
}

fn with_second(yard: Yard, attempts: u32) -> Yard {
    let first = std::fs::read_to_string(yard.lab.bench.path("agents/agent-01.yaml")).unwrap();
    let second = first
        .replace("number: 1", "number: 2")
        .replace("Agent 1", "Agent 2")
        .replace("toy/src/**\", notes", "docs/**\"");
    yard.lab.bench.write("agents/agent-02.yaml", second);
    yard.lab.bench.replace("improvements/T001.yaml", "agents: [1]", "agents: [2]");
    yard.configure("workbench.yaml", "grace_ms: 300", &format!("grace_ms: 300, attempts: {attempts}"));
    yard
}

/// Ten at once: three seams are improved; one is made slower, one breaks a test, three cheat (a patched timer, the answers that the test
/// asks for, an edited harness), one rests on what another has changed, one hangs.
#[test]
fn a_phase_ends_with_what_holds_merged_and_the_rest_refused_for_what_they_did() {
    let play = Play::of(&CAST);
    let yard = &play.yard;
    let looked = yard.run(&["run", "--phase", "1", "--dry-run"]);
    assert_eq!(looked.code, 0, "{}", looked.shown());
    assert!(!yard.lab.bench.path("tracking/work").exists(), "nothing was done");
    let ran = yard.run(&["run", "--phase", "1", "--json"]);
    assert_eq!(ran.code, 4, "some were given up: {}", ran.shown());
    play.came_out_right();
    play.is_left_tidy();

    // All of them were at work at once, each at its first attempt.
    let lives = yard.lives();
    let attempt = |life: &Life| life.attempts[0].clone();
    let last_begun = lives.iter().map(|life| attempt(life).at).max().unwrap();
    let first_ended = lives.iter().map(|life| attempt(life).ended.unwrap().at).min().unwrap();
    assert!(last_begun < first_ended, "{last_begun} {first_ended}");
    assert!(lives.iter().all(|life| life.attempts.len() == 1), "{}", ran.stderr);
    assert!(ran.stderr.contains("T101: agent 1 begins attempt 1: it is next in the queue"), "{}", ran.stderr);

    // Every decision is a fact with its reason.
    for life in &lives {
        let approved =
            life.submissions.iter().flat_map(|one| &one.reviews).filter(|said| said.decision == Decision::Approved);
        assert!(approved.into_iter().all(|said| said.author == "orchestrator"), "{life:?}");
        assert!(life.withdrawn.as_ref().is_none_or(|gone| gone.author == "orchestrator"), "{life:?}");
    }
    // What was not committed is kept, though nobody is at work on it any more.
    let hung = lives.iter().find(|life| life.assignment.improvement.0 == "T110").unwrap();
    let kept = attempt(hung).ended.unwrap().snapshot.expect("what it had not committed");
    assert_eq!(yard.git(&["show", &format!("{kept}:toy/src/seams/j.rs")]), "half a thought");

    // Run again it finds nothing more to do.
    let again = yard.run(&["run", "--phase", "1", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&again.stdout).unwrap()["meta"]["decisions"], 0, "{}", again.shown());
    the_story_is_told(yard);
}

/// In the stand-up and in the tracking document.
fn the_story_is_told(yard: &Yard) {
    let standup = yard.run(&["standup", "--after", "0"]);
    assert_eq!(standup.code, 0, "{}", standup.shown());
    for told in [
        "Agent 1\n  did\n    - T101: assigned to agent 1 on agent1/t101-",
        "T101: gate verdict passed: PROVEN",
        "T101: approved by orchestrator: every gate let it on",
        "T101: merged into integration as ",
        "T107: gate harness refuses: protected: toy/src/timer.rs",
        "T109: taken back from agent 9 by orchestrator: 1 attempt was made; it: harness: protected",
    ] {
        assert!(standup.stdout.contains(told), "{told}\n{}", standup.stdout);
    }
    assert_eq!(yard.run(&["report"]).code, 0);
    let report = std::fs::read_to_string(yard.lab.bench.path("tracking/reports/TRACKING.md")).unwrap();
    let row = |id: &str| report.lines().find(|line| line.starts_with(&format!("| {id} |"))).unwrap_or_default();
    for id in ["T101", "T102", "T103"] {
        assert!(row(id).contains("| merged | PROVEN: "), "{}", row(id));
        assert!(row(id).ends_with("on integration |"), "{}", row(id));
    }
    for (id, told) in [
        ("T104", "| 4 | 1 | withdrawn | – | orchestrator: 1 attempt was made; it: verdict: "),
        ("T105", "it: on top of what landed before it, it does not hold: build: "),
        ("T106", "it: tests: the tests of arm B failed"),
        ("T107", "it: harness: protected: toy/src/timer.rs"),
        ("T108", "it: equivalence: "),
        ("T109", "it: harness: protected: toy/src/main.rs"),
        ("T110", "it: nothing was handed in: it took longer than 3 s"),
    ] {
        assert!(row(id).contains(told), "{told}\n{}", row(id));
    }
    assert_eq!(yard.run(&["report", "--check"]).code, 0, "the same facts give the same bytes");
}

#[test]
fn a_killed_supervisor_costs_nobody_else_anything() {
    let script = "[ $1 = T003 ] || sleep 2; [ -e ../first ] || { : > ../first; [ $1 = T001 ] || sleep 1000; }";
    let yard = two_agents(script, 1);
    let mut run = start(&yard);
    let working = |lives: &[Life]| lives.iter().filter(|life| Stage::now(life) == Stage::Working).count();
    eventually("both work", || working(&yard.lives()) == 2);
    let lives = yard.lives();
    let of = |id: &str| lives.iter().find(|life| life.assignment.improvement.0 == id).unwrap().attempts[0].clone();
    let supervisor = of("T003").workers.iter().find(|worker| worker.role == Role::Supervisor).copied().unwrap();
    kill(Pid::from_raw(supervisor.pid), Signal::SIGKILL).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(4));
    let lives = yard.lives();
    let ending = |id: &str| {
        let life = lives.iter().find(|life| life.assignment.improvement.0 == id).unwrap();
        life.attempts[0].ended.as_ref().map(|ended| ended.ending)
    };
    assert_eq!((ending("T003"), ending("T001")), (Some(Ending::Lost), Some(Ending::Finished)));
    assert_eq!(marked(TOKEN_VARIABLE, &of("T003").token), [], "processes are left");
}

fn start(yard: &Yard) -> Child {
    let mut command = yard.lab.command(&["run", "--phase", "1"]);
    command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_phase_of_people_is_left_to_them() {
    let yard = Yard::new("true");
    yard.hand_to_a_person();
    let ran = yard.run(&["run", "--phase", "1"]);
    insta::assert_snapshot!("people", steady(&ran));
    assert_eq!(yard.run(&["run", "--phase", "9"]).code, 3);
    insta::assert_snapshot!("nothing_happened", steady(&yard.run(&["standup"])));
}
