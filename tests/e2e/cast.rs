//! What a command shows in a terminal, recorded as it comes: an asciicast (version 2), for players and web pages.
//!
//! `WORKBENCH_CAST=docs/phase.cast cargo test --test e2e cast:: -- --ignored`

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::bench::WORKBENCH;
use super::phase_bench::{CAST, Play};
use super::pty::Pty;

const COLUMNS: u16 = 140;
const ROWS: u16 = 40;

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Runs `command` in a terminal and writes what it shows, with its times, to `file`. Where `root` is named stands `/srv/project`.
pub(crate) fn record(command: Command, root: &Path, title: &str, file: &Path) {
    let Some(mut pty) = Pty::start(command, COLUMNS, ROWS) else { return };
    let mut cast = json!({ "version": 2, "width": COLUMNS, "height": ROWS, "title": title }).to_string() + "\n";
    let (began, mut seen) = (Instant::now(), 0);
    loop {
        let over = pty.is_over();
        let output = pty.output();
        if let Some(new) = output.get(seen..).filter(|new| !new.is_empty()) {
            let shown = new.replace(&root.display().to_string(), "/srv/project");
            let at = (began.elapsed().as_secs_f64() * 1e3).round() / 1e3;
            cast += &(json!([at, "o", shown]).to_string() + "\n");
            seen = output.len();
        }
        if over {
            break;
        }
        std::thread::sleep(LOOK);
    }
    fs::write(file, cast).unwrap();
}

/// What is typed is shown as somebody would have typed it.
const STORY: &str = r#"show() { printf '\n$ %s\n' "$*"; "$@"; }
show workbench assign
show workbench run --phase 1
show git log --format='%h %an: %s' trunk..integration
show workbench report
printf "\n\$ sed -n '/WORK OF AGENTS/,/^---/p' tracking/reports/TRACKING.md\n"
sed -n '/WORK OF AGENTS/,/^---/p' tracking/reports/TRACKING.md
show git status --short --branch
sleep 0.2"#;

#[test]
#[ignore = "records docs/phase.cast"]
fn phase_cast() {
    let file = std::env::var("WORKBENCH_CAST").expect("WORKBENCH_CAST names the file");
    let play = Play::of(&CAST);
    let root = play.yard.lab.bench.root();
    let programs = Path::new(WORKBENCH).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("/bin/sh");
    command.args(["-c", STORY]).current_dir(&root).env_remove("WORKBENCH_PROJECT").env("PATH", path);
    command.env("WORKBENCH_LEASE", root.join("machine")).env("TMPDIR", root.join("tmp")).env("TERM", "xterm-256color");
    command.env("GIT_PAGER", "cat").env("LANG", "C.UTF-8");
    record(
        command,
        &root,
        "A phase driven by workbench run: ten agents, three of whom hold what they promise",
        Path::new(env!("CARGO_MANIFEST_DIR")).join(file).as_path(),
    );
    play.came_out_right();
    play.is_left_tidy();
}
