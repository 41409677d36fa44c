//! `workbench run --phase 1`: a phase driven to its end by scripts, unattended; and the stand-up about it.

use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use workbench::agents::Stage;
use workbench::agents::facts::{Decision, Ending, Life, Role};
use workbench::agents::supervisor::TOKEN_VARIABLE;
use workbench::machine::processes::marked;

use super::assign_bench::{Yard, eventually};
use super::commands::steady;

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

/// Agent 1 makes the toy faster; agent 2 edits its judge.
fn yard() -> Yard {
    let yard = Yard::built(
        "case $1 in
         T003) sed -i 's/10_000.0/11_000.0/' toy/src/main.rs ;;
         T001) echo '# no limits' >> workbench.yaml ;;
         esac
         git commit -qam \"[Agent] $1\"; workbench submit --note 'done'",
    );
    with_second(yard, 2)
}

#[test]
fn a_phase_ends_with_what_holds_merged_and_the_rest_given_up() {
    let yard = yard();
    let looked = yard.run(&["run", "--phase", "1", "--dry-run"]);
    assert_eq!(looked.code, 0, "{}", looked.shown());
    assert!(!yard.lab.bench.path("tracking/work").exists(), "nothing was done");
    let ran = yard.run(&["run", "--phase", "1", "--json"]);
    assert_eq!(ran.code, 4, "one was given up: {}", ran.shown());
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    let line =
        |id: &str| told["data"].as_array().unwrap().iter().find(|line| line["improvement"] == id).cloned().unwrap();
    assert_eq!((&line("T003")["stage"], &line("T003")["attempts"]), (&"merged".into(), &1.into()), "{}", ran.shown());
    assert_eq!(
        (&line("T001")["stage"], &line("T001")["attempts"]),
        (&"withdrawn".into(), &2.into()),
        "{}",
        ran.shown()
    );
    let reason = line("T001")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("2 attempts were made; the last: harness: protected: workbench.yaml"), "{reason}");
    assert!(ran.stderr.contains("T003: agent 1 begins attempt 1: it is next in the queue"), "{}", ran.stderr);
    assert!(ran.stderr.contains("T001: agent 2 begins attempt 2: again, since harness:"), "{}", ran.stderr);
    assert_eq!(yard.git(&["log", "--format=%an", "trunk..integration"]), "Agent 1");
    yard.checkout_is_untouched();

    // Every decision is a fact with its reason.
    let lives: Vec<Life> = yard.lives();
    let merged = lives.iter().find(|life| Stage::now(life) == Stage::Merged).unwrap();
    let review = &merged.submissions[0].reviews[0];
    assert_eq!((review.decision, review.author.as_str()), (Decision::Approved, "orchestrator"));
    let given_up = lives.iter().find_map(|life| life.withdrawn.as_ref()).unwrap();
    assert_eq!(given_up.author, "orchestrator");

    // Run again it finds nothing more to do.
    let again = yard.run(&["run", "--phase", "1", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&again.stdout).unwrap()["meta"]["decisions"], 0, "{}", again.shown());
    let standup = yard.run(&["standup", "--after", "0"]);
    assert_eq!(standup.code, 0, "{}", standup.shown());
    for told in [
        "Agent 1\n  did\n    - T003: assigned to agent 1 on agent1/t003-",
        "T003: gate verdict passed: PROVEN",
        "T003: approved by orchestrator: every gate let it on",
        "T003: merged into integration as ",
        "T001: gate harness refuses: protected: workbench.yaml",
        "T001: taken back from agent 2 by orchestrator: 2 attempts were made",
    ] {
        assert!(standup.stdout.contains(told), "{told}\n{}", standup.stdout);
    }
}

#[test]
fn a_killed_supervisor_costs_an_attempt_and_nobody_else() {
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

#[test]
fn killed_again_and_again_it_comes_to_its_end_and_leaves_nothing() {
    let work = "echo $1 > README.md; git add .; git commit -qm $1; workbench submit; setsid sleep 1000 & sleep 0.1";
    let yard = two_agents(work, 3);
    let mut random = 7_u64;
    for _ in 0..6 {
        let mut run = start(&yard);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_millis(50 + (random >> 33) % 500));
        // Everything at once: the orchestrator, every supervisor, every agent.
        run.kill().unwrap();
        run.wait().unwrap();
        for life in yard.lives() {
            for worker in life.attempts.iter().flat_map(|attempt| &attempt.workers).filter(|worker| worker.is_alive()) {
                let _ = kill(Pid::from_raw(worker.pid), Signal::SIGKILL);
            }
        }
    }
    let ran = yard.run(&["run", "--phase", "1"]);
    assert_eq!(ran.code, 4, "{}", ran.shown());
    assert_eq!(yard.run(&["recover"]).code, 0);
    let lives = yard.lives();
    assert_eq!(lives.len(), 2, "each improvement was assigned once");
    for life in &lives {
        let id = &life.assignment.improvement;
        assert_eq!(Stage::now(life), Stage::Withdrawn, "{id}");
        for attempt in &life.attempts {
            assert!(attempt.ended.is_some(), "attempt {} of {id} has no end", attempt.number);
            assert_eq!(marked(TOKEN_VARIABLE, &attempt.token), [], "processes of {id} are left");
        }
        assert!(life.withdrawn.as_ref().unwrap().reason.contains("attempts were made"), "{id}");
    }
    assert_eq!(yard.lab.problems(), Vec::<String>::new());
    yard.checkout_is_untouched();
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
