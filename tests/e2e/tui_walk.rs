//! Whole errands in a real terminal: every screen, an A/B from the first key to the report, an agent begun and stopped.

use std::process::Command;
use std::time::{Duration, Instant};

use super::apply_bench::Lab;
use super::assign_bench::Yard;
use super::pty::Pty;

/// How long anything may take: the machine may be busy compiling.
const PATIENCE: Duration = Duration::from_secs(60);

const KEYS: [(&str, &str); 5] =
    [("<Enter>", "\r"), ("<Esc>", "\x1b"), ("<Tab>", "\t"), ("<Down>", "\x1b[B"), ("<Left>", "\x1b[D")];

fn in_a_terminal(mut command: Command) -> Option<Pty> {
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").env_remove("NO_COLOR");
    for name in ["LC_ALL", "LC_CTYPE"] {
        command.env_remove(name);
    }
    Pty::start(command, 120, 40)
}

/// The keys of a script, as a terminal sends them.
fn keys(script: &str) -> Vec<String> {
    let (mut keys, mut rest) = (Vec::new(), script);
    while let Some(symbol) = rest.chars().next() {
        let named = KEYS.iter().find(|(name, _)| rest.starts_with(name));
        let (key, used) = match (named, symbol) {
            (Some((name, key)), _) => ((*key).to_owned(), name.len()),
            (None, '^') => (char::from(rest.as_bytes()[1] & 0x1f).to_string(), 2),
            (None, symbol) => (symbol.to_string(), symbol.len_utf8()),
        };
        keys.push(key);
        rest = &rest[used..];
    }
    keys
}

/// Presses keys and waits until a text is on the screen, drawn anew; how many keys it were.
#[track_caller]
fn walk(pty: &mut Pty, script: &str, then: &str) -> usize {
    let keys = keys(script);
    for key in &keys {
        pty.press(key);
        if key == "\x1b" {
            // A key right after it would be one with Alt.
            std::thread::sleep(Duration::from_millis(60));
        }
    }
    look(pty, then);
    keys.len()
}

/// Waits until a text is on the screen, which is drawn whole first.
#[track_caller]
fn look(pty: &mut Pty, then: &str) {
    let began = Instant::now();
    pty.press("\x0c");
    while !pty.screen().contains(then) {
        assert!(began.elapsed() < PATIENCE, "never on the screen: {then:?}\n{}", pty.screen());
        std::thread::sleep(Duration::from_millis(30));
    }
}

#[test]
fn a_walk_of_a_hundred_and_twenty_keys_through_every_screen() {
    let yard = Yard::new(
        "echo hello from the agent; echo mine > README.md; git add .; git commit -qm mine; workbench submit --note done",
    );
    assert_eq!(yard.assign().code, 4, "README.md is not the agent's");
    let Some(mut pty) = in_a_terminal(yard.lab.command(&[])) else { return };
    pty.until("T001", 0);
    let mut pressed = 0;
    for line in include_str!("tui_walk.keys").lines().filter(|line| !line.starts_with('#')) {
        let (script, then) = line.split_once('|').unwrap();
        pressed += walk(&mut pty, script.trim_end(), then.trim());
    }
    assert!(pressed >= 120, "{pressed} keys");
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
}

/// Measured, watched, its flame graphs compared, a status set, the report written: in one terminal, in few keys.
#[test]
fn an_a_b_from_the_first_key_to_the_report_takes_fewer_than_twenty_five() {
    let lab = Lab::new(0.4);
    let Some(mut pty) = in_a_terminal(lab.command(&[])) else { return };
    pty.until("T003", 0);
    let mut pressed = walk(&mut pty, "ja", "Measure T003");
    pressed += walk(&mut pty, "s", "Experiments");
    look(&mut pty, "ended: accepted");
    look(&mut pty, "PROVEN");
    pressed += 1;
    // The verdict is on the screen a moment before the profiles are.
    let began = Instant::now();
    while !pty.screen().contains("Functions") {
        assert!(began.elapsed() < PATIENCE, "no profile is shown:\n{}", pty.screen());
        pty.press("p");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(pty.screen().contains("per operation"), "no difference is told:\n{}", pty.screen());
    pressed += walk(&mut pty, "1", "● Complete");
    pressed += walk(&mut pty, "si", "why?");
    pressed += walk(&mut pty, "again<Enter>", "In Progress");
    pressed += walk(&mut pty, "R", "TRACKING.md");
    assert!(pressed < 25, "{pressed} keys");
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
    let report = std::fs::read_to_string(lab.bench.path("tracking/reports/TRACKING.md")).unwrap();
    assert!(report.contains("T003") && report.contains("PROVEN"), "{report}");
}

/// An agent that does not want to end is begun, followed and stopped from here.
#[test]
fn an_agent_is_begun_followed_and_stopped() {
    let yard = Yard::new("trap '' INT TERM; while :; do echo still at it; sleep 0.1; done");
    let Some(mut pty) = in_a_terminal(yard.lab.command(&[])) else { return };
    pty.until("T003", 0);
    walk(&mut pty, "jA", "to an agent?");
    walk(&mut pty, "1", "is with agent 1");
    walk(&mut pty, "4", "● working");
    walk(&mut pty, "<Enter>", "Agent 1 on T003, attempt 1");
    look(&mut pty, "still at it");
    walk(&mut pty, "x", "Stop agent 1 on T003?");
    walk(&mut pty, "s", "TERM was sent to its process group");
    look(&mut pty, "ended by KILL");
    yard.ended();
    walk(&mut pty, "<Esc>!", "ended and handed in nothing");
    pty.press("\x1b");
    std::thread::sleep(Duration::from_millis(60));
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
}

#[test]
fn what_another_terminal_measures_is_seen_here() {
    let lab = Lab::new(0.4);
    let Some(mut pty) = in_a_terminal(lab.command(&[])) else { return };
    pty.until("T003", 0);
    walk(&mut pty, "2vv", "Nothing is calibrated");
    let ran = lab.run(&["calibrate", "T003", "--pairs", "8"]);
    assert!(matches!(ran.code, 0 | 4), "{}", ran.shown());
    look(&mut pty, "Control");
    look(&mut pty, "an arm against itself");
    // Its last facts may come later than those that are looked at; quitting before asks.
    pty.press("q");
    let began = Instant::now();
    while !pty.output().contains("\x1b[?1049l") && began.elapsed() < PATIENCE {
        if pty.screen().contains("Quit while an experiment runs?") {
            pty.press("l");
            break;
        }
        std::thread::sleep(Duration::from_millis(30));
    }
    assert_eq!(pty.end().code(), Some(0));
}
