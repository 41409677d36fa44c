//! A panic leaves the terminal as it was, and its report readable. This test program runs itself in a terminal.

use std::process::Command;

use super::pty::Pty;
use crate::tui::term::Term;

/// What the other test runs.
#[test]
#[ignore = "panics on purpose, for the test beside it"]
fn panics() {
    let _term = Term::take(true).unwrap();
    panic!("on purpose");
}

/// A panic in another thread takes the terminal away too; the loop sees it.
#[test]
#[ignore = "panics on purpose, for the test beside it"]
fn panics_elsewhere() {
    let term = Term::take(true).unwrap();
    assert!(!term.was_lost());
    std::thread::spawn(|| panic!("on purpose")).join().unwrap_err();
    assert!(term.was_lost());
    println!("seen");
}

fn run(name: &str) -> Option<Pty> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([&format!("tui::tests::manners::{name}"), "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    Pty::start(command, 100, 30)
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_reported() {
    let Some(mut pty) = run("panics") else { return };
    assert!(!pty.end().success());
    let output = pty.output();
    let place = |text: &str| output.find(text).unwrap_or_else(|| panic!("never wrote {text:?}: {output:?}"));
    assert!(place("\x1b[?1000l") < place("\x1b[?1049l"), "the mouse goes first");
    assert!(place("\x1b[?1049l") < place("on purpose"), "the report stands on the first screen");
    assert!(pty.is_cooked());
}

#[test]
fn a_panic_in_another_thread_is_noticed() {
    let Some(mut pty) = run("panics_elsewhere") else { return };
    assert!(pty.end().success(), "{}", pty.output());
    assert!(pty.output().contains("seen") && pty.is_cooked());
}
