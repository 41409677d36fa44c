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

/// A line that is drawn in the place of the last one stands at least so long, in the recording's time.
const STANDS: f64 = 0.1;

/// How such a line begins.
const AGAIN: &str = "\r\u{1b}[2K";

/// Runs `command` in a terminal and writes what it shows to `file`, with its times, of which the recording has one `speed`th. Where `root` is
/// named stands `/srv/project`.
pub(crate) fn record(command: Command, root: &Path, title: &str, speed: f64, file: &Path) {
    let Some(mut pty) = Pty::start(command, COLUMNS, ROWS) else { return };
    let (mut shown, mut seen) = (Vec::new(), 0);
    let began = Instant::now();
    loop {
        let over = pty.is_over();
        let output = pty.output();
        if let Some(new) = output.get(seen..).filter(|new| !new.is_empty()) {
            shown.push((began.elapsed().as_secs_f64() / speed, unnamed(new, root)));
            seen = output.len();
        }
        if over {
            break;
        }
        std::thread::sleep(LOOK);
    }
    let mut cast = json!({ "version": 2, "width": COLUMNS, "height": ROWS, "title": title }).to_string() + "\n";
    for (at, text) in thinned(shown) {
        cast += &(json!([(at * 1e3).round() / 1e3, "o", text]).to_string() + "\n");
    }
    fs::write(file, cast).unwrap();
}

/// Without the folders of this machine; a line that was cut may end in the middle of one.
fn unnamed(text: &str, root: &Path) -> String {
    let temporary = std::env::temp_dir().join(".tmp").display().to_string();
    let mut text = text.replace(&root.display().to_string(), "/srv/project");
    while let Some(at) = text.find(&temporary) {
        let rest = text[at + temporary.len()..].trim_start_matches(|letter: char| letter.is_ascii_alphanumeric());
        text = format!("{}/srv{rest}", &text[..at]);
    }
    text
}

/// Without lines that nobody could have read, since the next one was drawn in their place at once.
fn thinned(shown: Vec<(f64, String)>) -> Vec<(f64, String)> {
    let is_redrawn = |text: &str| text.starts_with(AGAIN) && !text.contains('\n');
    let mut kept: Vec<(f64, String)> = Vec::new();
    let mut since = f64::NEG_INFINITY; // when the line that stands there was drawn
    for (at, text) in shown {
        match kept.last_mut() {
            Some((_, last)) if is_redrawn(last) && text.starts_with(AGAIN) && at - since < STANDS => *last = text,
            Some(_) | None => {
                since = at;
                kept.push((at, text));
            }
        }
    }
    kept
}

#[test]
fn a_recording_keeps_what_could_be_read() {
    let line = |at: f64, text: &str| (at, format!("{AGAIN}{text}"));
    let all =
        vec![line(0.0, "a"), line(0.05, "b"), line(0.09, "c"), line(0.2, "d\n"), line(0.21, "e"), line(0.25, "f")];
    let kept: Vec<_> =
        thinned(all).into_iter().map(|(at, text)| format!("{at} {}", text.trim_start_matches(AGAIN))).collect();
    assert_eq!(kept, ["0 c", "0.2 d\n", "0.21 f"]);
    let folder = std::env::temp_dir().join(".tmpAb12");
    let text = format!(
        "in {0}/repository/x and {0}, cut {1}",
        folder.display(),
        std::env::temp_dir().join(".tmpAb").display()
    );
    assert_eq!(unnamed(&text, &folder.join("repository")), "in /srv/project/x and /srv, cut /srv");
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
        1.0,
        Path::new(env!("CARGO_MANIFEST_DIR")).join(file).as_path(),
    );
    play.came_out_right();
    play.is_left_tidy();
}
