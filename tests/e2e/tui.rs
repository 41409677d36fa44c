//! The terminal interface in a real terminal: it draws, and gives the terminal back whatever happens.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::apply_bench::Lab;
use super::bench::{Bench, WORKBENCH};
use super::pty::Pty;

const MOUSE_OFF: &str = "\x1b[?1000l";
const PASTE_OFF: &str = "\x1b[?2004l";
const OTHER_SCREEN: &str = "\x1b[?1049h";
const FIRST_SCREEN: &str = "\x1b[?1049l";
const CURSOR_ON: &str = "\x1b[?25h";

fn workbench(bench: &Bench, args: &[&str]) -> Command {
    let mut command = Command::new(WORKBENCH);
    command.args(args).current_dir(bench.root()).env("TERM", "xterm-256color").env_remove("NO_COLOR");
    for name in ["WORKBENCH_PROJECT", "LC_ALL", "LC_CTYPE", "LANG"] {
        command.env_remove(name);
    }
    command
}

/// Everything that was switched on is off again, the mouse first, and the shell can read lines.
#[track_caller]
fn assert_given_back(pty: &Pty) {
    // What it wrote last may still be on its way to us.
    let until = Instant::now() + Duration::from_secs(10);
    while pty.output().rfind(FIRST_SCREEN) < pty.output().rfind(OTHER_SCREEN) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = pty.output();
    let last = |text: &str| output.rfind(text).unwrap_or_else(|| panic!("never wrote {text:?}: {output:?}"));
    assert!(last(OTHER_SCREEN) < last(MOUSE_OFF), "the mouse is still on");
    assert!(last(MOUSE_OFF) < last(FIRST_SCREEN), "the mouse must go first");
    assert!(last(PASTE_OFF) < last(FIRST_SCREEN));
    assert!(last(FIRST_SCREEN) < last(CURSOR_ON));
    assert!(pty.is_cooked(), "still raw");
}

#[test]
fn it_draws_the_register_and_quits() {
    let bench = Bench::new();
    let Some(mut pty) = Pty::start(workbench(&bench, &[]), 100, 30) else { return };
    pty.until("Register", 0);
    pty.until("T001", 0);
    assert!(!pty.is_cooked());
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
    assert_given_back(&pty);
}

#[test]
fn every_ending_signal_gives_the_terminal_back() {
    let bench = Bench::new();
    for (signal, code) in [(Signal::SIGHUP, 129), (Signal::SIGINT, 130), (Signal::SIGQUIT, 131), (Signal::SIGTERM, 143)]
    {
        let Some(mut pty) = Pty::start(workbench(&bench, &[]), 100, 30) else { return };
        pty.until("T001", 0);
        pty.signal(signal);
        assert_eq!(pty.end().code(), Some(code), "{signal}");
        assert_given_back(&pty);
    }
}

#[test]
fn it_stops_for_the_shell_and_comes_back() {
    let bench = Bench::new();
    let Some(mut pty) = Pty::start(workbench(&bench, &[]), 100, 30) else { return };
    pty.until("T001", 0);
    for _ in 0..2 {
        pty.signal(Signal::SIGTSTP);
        pty.until_stopped();
        assert_given_back(&pty);
        let seen = pty.output().len();
        pty.signal(Signal::SIGCONT);
        pty.until("T001", seen);
        pty.until_cooked(false);
    }
    pty.press("?");
    pty.until("search", 0);
    pty.press("\x1b");
    std::thread::sleep(Duration::from_millis(200));
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
    assert_given_back(&pty);
}

#[test]
fn suspending_where_nobody_could_continue_it_is_refused() {
    let bench = Bench::new();
    let Some(mut pty) = Pty::start(workbench(&bench, &[]), 100, 30) else { return };
    pty.until("T001", 0);
    // It leads its session: there is no shell behind it.
    pty.press("\x1a");
    pty.until("shell", 0);
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
}

#[test]
fn a_small_terminal_says_what_it_needs_and_a_large_one_draws_again() {
    let bench = Bench::new();
    let Some(mut pty) = Pty::start(workbench(&bench, &[]), 40, 10) else { return };
    pty.until("needed", 0);
    let seen = pty.output().len();
    pty.resize(100, 30);
    pty.until("T001", seen);
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
}

#[test]
fn no_color_means_no_colour_and_the_selection_still_shows() {
    let bench = Bench::new();
    let mut command = workbench(&bench, &[]);
    command.env("NO_COLOR", "1");
    let Some(mut pty) = Pty::start(command, 100, 30) else { return };
    pty.until("T001", 0);
    pty.press("T");
    pty.until("NO_COLOR", 0);
    pty.press("q");
    pty.end();
    let output = pty.output();
    let coloured = output.split("\x1b[").skip(1).any(|rest| {
        let parameters = rest.split('m').next().unwrap_or_default();
        ["38;", "48;", "38:", "48:"].iter().any(|colour| parameters.starts_with(colour))
    });
    assert!(!coloured, "{output:?}");
    assert!(output.contains("\x1b[7m"), "nothing is reversed: {output:?}");
}

#[test]
fn ascii_and_no_mouse_are_obeyed() {
    let bench = Bench::new();
    let Some(mut pty) = Pty::start(workbench(&bench, &["--ascii", "--no-mouse", "--theme", "cb"]), 100, 30) else {
        return;
    };
    pty.until("T001", 0);
    pty.press("q");
    pty.end();
    let output = pty.output();
    assert!(output.is_ascii(), "{output:?}");
    assert!(!output.contains("\x1b[?1000h"), "took the mouse");
}

#[test]
fn a_broken_register_is_shown_and_heals_when_it_is_mended() {
    let bench = Bench::new();
    let entry = "improvements/T001.yaml";
    let sound = std::fs::read_to_string(bench.path(entry)).unwrap();
    bench.write(entry, format!("{sound}\nclaims: 3\n"));
    let Some(mut pty) = Pty::start(workbench(&bench, &[]), 120, 40) else { return };
    pty.until("claims", 0);
    let seen = pty.output().len();
    bench.write(entry, sound);
    pty.until("T001", seen);
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
}

#[test]
fn without_a_terminal_on_stdout_the_list_is_printed() {
    let bench = Bench::new();
    let output = workbench(&bench, &[]).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(text.contains("T001") && !text.contains('\x1b'), "{text}");
}

/// Keys, no documentation: the status with a reason, the report, the file in an editor, each as the command would.
#[test]
fn a_status_is_set_the_report_written_and_a_file_edited() {
    let bench = Bench::new();
    bench.write("editor", "#!/bin/sh\nsed -i 's/MVCC version chain/MVCC edited chain/' \"$2\"\n");
    bench.make_executable("editor");
    let mut command = workbench(&bench, &[]);
    command.env_remove("VISUAL").env("EDITOR", format!("{} --wait", bench.path("editor").display()));
    let Some(mut pty) = Pty::start(command, 120, 40) else { return };
    pty.until("T001", 0);
    pty.press("sb");
    pty.until("why?", 0);
    pty.press("needs the lock table\r");
    pty.until("Blocked", 0);
    pty.press("R");
    pty.until("TRACKING.md", 0);
    let seen = pty.output().len();
    pty.press("e");
    pty.until("edited", seen);
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
    assert_given_back(&pty);
    let shown = bench.run(&["status", "T001"]).stdout;
    assert!(shown.contains("Blocked") && shown.contains("needs the lock table"), "{shown}");
    let report = std::fs::read_to_string(bench.path("tracking/reports/TRACKING.md")).unwrap();
    assert!(report.contains("Blocked"), "{report}");
}

/// Every screen, sizes in between, and a terminal that reads slowly: it goes on, and ends as it should.
#[test]
fn a_storm_of_sizes_over_every_screen() {
    let bench = Bench::new();
    let Some(mut pty) = Pty::start(workbench(&bench, &[]), 100, 30) else { return };
    pty.until("T001", 0);
    for (round, key) in
        ["1", "2", "3", "4", "6", "7", "!", "\x1b", ":", "\x1b", "?", "\x1b"].iter().cycle().take(60).enumerate()
    {
        pty.press(key);
        let round = u16::try_from(round).unwrap();
        pty.resize(20 + round * 37 % 180, 5 + round * 17 % 60);
    }
    pty.resize(100, 30);
    // Out of whatever is open. A key that follows Esc at once would be one with Alt.
    for key in ["\x1b", "\x1b", "\x1b", "1"] {
        std::thread::sleep(Duration::from_millis(200));
        pty.press(key);
    }
    let seen = pty.output().len();
    pty.press("\x0c");
    pty.until("T001", seen);
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
    assert_given_back(&pty);
}

/// It has a session of its own: neither the interface's end nor the terminal's reaches it.
#[test]
fn an_apply_started_here_goes_on_without_the_interface() {
    let lab = Lab::with("effect: 0.7, noise: 0.01, batch: 8, sleep_ms: 50", "noise: 0.003", "noise: 0.003");
    let mut command = lab.command(&[]);
    command.env("TERM", "xterm-256color").env_remove("LC_ALL");
    let Some(mut pty) = Pty::start(command, 120, 40) else { return };
    pty.until("T003", 0);
    pty.press("ja");
    pty.until("Measure", 0);
    pty.press("s");
    pty.until("Stages", 0);
    pty.signal(Signal::SIGHUP);
    assert_eq!(pty.end().code(), Some(129));
    assert_given_back(&pty);
    let began = Instant::now();
    loop {
        let shown = lab.run(&["show", "T003", "--json"]).stdout;
        if shown.contains("PROVEN") {
            return;
        }
        assert!(began.elapsed().as_secs() < 120, "no verdict came: {shown}");
        std::thread::sleep(Duration::from_millis(300));
    }
}
