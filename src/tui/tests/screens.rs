//! Whole screens at the three sizes that people have, in Unicode and in ASCII.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::fixtures::{empty, experiment, idle, measuring, now, ruling, screen, typed};
use crate::improvements::Direction;
use crate::tui::facts::LogLine;
use crate::tui::model::Model;
use crate::tui::msg::Msg;
use crate::tui::theme::{Look, ThemeName};
use crate::tui::update::update;
use crate::tui::view::view;
use crate::units::{Interval, LogRatio};

/// The sizes of every picture.
const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (60, 20)];

/// Compares the screen with the stored one of that name.
pub(super) fn check(name: &str, model: &Model) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/tui"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, screen(model)));
}

/// At every size, in both sets of symbols.
pub(super) fn check_all(name: &str, make: impl Fn(u16, u16, bool) -> Model) {
    for (width, height) in SIZES {
        for (ascii, suffix) in [(false, ""), (true, "-ascii")] {
            check(&format!("{name}-{width}x{height}{suffix}"), &make(width, height, ascii));
        }
        without_colour(&make(width, height, false), make(width, height, false));
    }
}

/// In mono the same words stand in the same cells, and no cell has a colour.
fn without_colour(coloured: &Model, mut mono: Model) {
    mono.look = Look::new(ThemeName::Mono, mono.look.glyphs.ascii);
    assert_eq!(screen(&mono), screen(coloured), "a word is told by colour");
    let mut terminal = Terminal::new(TestBackend::new(mono.size.width, mono.size.height)).unwrap();
    terminal.draw(|frame| view(&mono, frame)).unwrap();
    let cells = &terminal.backend().buffer().content;
    assert!(cells.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset), "mono has a colour");
}

/// Types characters; capital words in angle brackets would be keys, so far only Enter and Esc are needed.
fn press(model: &mut Model, keys: &str) {
    for symbol in keys.chars() {
        update(model, typed(symbol));
    }
}

pub(super) fn with(mut model: Model, keys: &str) -> Model {
    press(&mut model, keys);
    model
}

#[test]
fn register() {
    check_all("register", |width, height, ascii| with(idle(width, height, ascii), "jjjjj"));
}

#[test]
fn register_full_detail() {
    check_all("register-full", |width, height, ascii| with(idle(width, height, ascii), "jj\n"));
}

#[test]
fn register_filter() {
    check("register-filter-80x24", &with(idle(80, 24, false), "/agent:6 "));
    check("register-filter-mistake-80x24", &with(idle(80, 24, false), "/statsu:blocked "));
    check("register-filter-nothing-80x24", &with(idle(80, 24, false), "/zzz\n"));
}

#[test]
fn register_sorted_and_marked() {
    check("register-sorted-120x40", &with(idle(120, 40, false), "ooooooo  "));
}

#[test]
fn register_before_and_without_a_register() {
    check("register-reading-80x24", &empty(80, 24, false));
    let mut broken = empty(80, 24, false);
    let report = "register::unknown_key\n\n  × unknown key `claims`\n   ╭─[improvements/T003.yaml:8:1]\n 8 │ claims:\n   · ───┬──\n   ·    ╰── did you mean `claim`?\n   ╰────";
    update(&mut broken, Msg::Register(Err(report.to_owned())));
    check("register-broken-80x24", &broken);
}

#[test]
fn lab_running() {
    check_all("lab", |width, height, ascii| with(measuring(width, height, ascii, 6), "2w"));
}

/// The same figures, of a metric that should fall.
#[test]
fn what_should_fall_is_shown_falling() {
    let mut model = measuring(120, 40, false, 6);
    let experiment = model.facts.running.as_mut().unwrap();
    experiment.plan.workloads[0].metric = "unreclaimed".to_owned();
    experiment.plan.workloads[0].better = Direction::Lower;
    check("lab-falling-120x40", &with(model, "2w"));

    let mut model = idle(120, 40, false);
    let row = model.facts.rows.iter_mut().find(|row| row.entry.id.0 == "I002").unwrap();
    row.entry.claim.better = Direction::Lower;
    row.entry.claim.text = "-40% memory overhead".to_owned();
    (row.entry.claim.low, row.entry.claim.high) = (Some(0.4), Some(0.4));
    let measured = row.progress.measured.as_mut().unwrap();
    measured.better = Direction::Lower;
    measured.workload = "unreclaimed (less is better) on stalled-reader".to_owned();
    row.progress.verdicts.iter_mut().for_each(|verdict| verdict.better = Direction::Lower);
    let main = &mut row.progress.workloads[0];
    (main.metric, main.better, main.means) = ("unreclaimed".to_owned(), Direction::Lower, Some((24e6, 26e3)));
    main.standing.estimate = LogRatio((24e6_f64 / 26e3).ln());
    main.standing.bounds = Interval { low: main.standing.estimate.0 - 0.1, high: f64::INFINITY };
    let place = model.facts.rows.iter().position(|row| row.entry.id.0 == "I002").unwrap();
    check("register-falling-120x40", &with(model, &"j".repeat(place)));
}

#[test]
fn lab_building_before_the_first_pair() {
    check("lab-building-120x40", &with(measuring(120, 40, false, 0), "2"));
}

#[test]
fn lab_past() {
    check_all("lab-past", |width, height, ascii| {
        let mut model = with(idle(width, height, ascii), "2");
        let mut ended = experiment(6);
        ended.id = model.facts.past[0].id;
        ended.note(now(), &crate::lab::journal::Event::Ruled(Box::new(ruling())));
        update(&mut model, Msg::Opened(Box::new(ended)));
        model
    });
}

#[test]
fn lab_with_nothing() {
    let mut model = empty(80, 24, false);
    update(&mut model, Msg::Store(Ok(Box::default())));
    check("lab-nothing-80x24", &with(model, "2"));
}

#[test]
fn agents() {
    check_all("agents", |width, height, ascii| with(measuring(width, height, ascii, 3), "4"));
}

#[test]
fn log() {
    check_all("log", |width, height, ascii| with(idle(width, height, ascii), "7"));
    let mut long = with(idle(80, 24, false), "7");
    let line = |seq| LogLine {
        seq,
        at: now(),
        kind: "pair".into(),
        subject: "T003".into(),
        text: format!("line {seq} {}", "long ".repeat(40)),
    };
    update(&mut long, Msg::Log((200..300).map(line).collect()));
    check("log-long-80x24", &long);
}

#[test]
fn help_palette_and_questions() {
    check("help-120x40", &with(idle(120, 40, false), "?"));
    check("help-search-80x24", &with(idle(80, 24, false), "?mark"));
    check("help-60x20-ascii", &with(idle(60, 20, true), "2?"));
    check("palette-80x24", &with(idle(80, 24, false), ":"));
    check("palette-improvement-80x24", &with(idle(80, 24, false), ":t00"));
    check("apply-question-80x24", &with(idle(80, 24, false), "jja"));
    check("apply-refused-80x24", &with(idle(80, 24, false), "ja"));
    check("quit-question-60x20", &with(measuring(60, 20, false, 2), "q"));
    check("status-question-80x24", &with(idle(80, 24, false), "js"));
    check("status-reason-80x24", &with(idle(80, 24, false), "jsbwaits for B002"));
    check("yank-question-60x20", &with(idle(60, 20, false), "y"));
}

#[test]
fn too_small() {
    check("too-small-40x10", &idle(40, 10, false));
    check("too-small-59x14", &idle(59, 14, false));
}
