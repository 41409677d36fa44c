//! The Profile: pictures, keys, and a hundred thousand places.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::fixtures::{empty, idle, screen, typed};
use super::screens::{check, check_all, with};
use crate::lab::experiment::ExperimentId;
use crate::profiles::{Arm, Capture, Difference, Kind, Profile, Stretch, waits};
use crate::tui::facts::ProfileFacts;
use crate::tui::model::{Model, Overlay, Screen};
use crate::tui::msg::{Effect, Msg, ProfileKey};

use crate::tui::update::update;
use crate::tui::view::view;

/// Stacks of an engine, in samples of a millisecond.
const CPU_A: &str = "\
engine::run;engine::buffer::fetch;engine::buffer::lru::touch 210
engine::run;engine::buffer::fetch;engine::buffer::lru::touch;core::mutex::lock 160
engine::run;engine::buffer::fetch;engine::buffer::table::find 120
engine::run;engine::index::descend;engine::buffer::fetch;engine::buffer::lru::touch 140
engine::run;engine::index::descend;engine::index::node::search 190
engine::run;engine::index::descend 35
engine::run;engine::transaction::commit;engine::wal::append;engine::wal::checksum 70
engine::run;engine::transaction::commit;engine::wal::append 40
engine::run;engine::transaction::commit;engine::wal::sync 25
engine::run;engine::sql::decode 60
engine::run;alloc::realloc 4
engine::run;core::hash 3
engine::run 30
driver::read_command 12
";
const CPU_B: &str = "\
engine::run;engine::buffer::fetch;engine::buffer::arc::touch 90
engine::run;engine::buffer::fetch;engine::buffer::table::find 122
engine::run;engine::index::descend;engine::buffer::fetch;engine::buffer::arc::touch 45
engine::run;engine::index::descend;engine::index::node::search 186
engine::run;engine::index::descend 36
engine::run;engine::transaction::commit;engine::wal::append;engine::wal::checksum 72
engine::run;engine::transaction::commit;engine::wal::append 41
engine::run;engine::transaction::commit;engine::wal::sync 24
engine::run;engine::buffer::arc::ghosts 55
engine::run;engine::sql::decode 61
engine::run;alloc::realloc 5
engine::run;core::hash 2
engine::run 31
driver::read_command 12
";
const WAIT_A: &str = "tpcc;fsync 9000000\ntpcc;page_read 4100000\ntpcc;lock 120000\n";
const WAIT_B: &str = "tpcc;fsync 8900000\ntpcc;page_read 1300000\ntpcc;lock 118000\ntpcc;ghost_latch 60000\n";

const TIMES_A: &str = "tpcc;fsync 900\ntpcc;page_read 4100\ntpcc;lock 70\n";
const TIMES_B: &str = "tpcc;fsync 890\ntpcc;page_read 1300\ntpcc;lock 71\ntpcc;ghost_latch 12\n";

/// Four processes that disagree a little, and a sampler that lost one sample in fifty.
fn arm(arm: Arm, kind: Kind, folded: &str) -> Profile {
    let stretch = |n: u64| {
        let mut text = String::new();
        let mut total = 0;
        for line in folded.lines() {
            let (stack, count) = line.rsplit_once(' ').unwrap();
            let count: u64 = count.parse().unwrap();
            let count = count + (count * (n * 7 % 5)) / 100;
            total += count;
            writeln!(text, "{stack} {count}").unwrap();
        }
        let (cpu, measured) =
            (Duration::from_millis(total * 104 / 100), Some(Duration::from_millis(total * 102 / 100)));
        let (period, weight, ops) = (Some(Duration::from_millis(1)), None, 1_000);
        let capture = Capture {
            arm,
            kind,
            folded: &text,
            samples: if kind == Kind::Cpu { total } else { 4_900 },
            cpu,
            measured,
            period,
            weight,
            ops,
        };
        Stretch::of(&capture).unwrap()
    };
    Profile { arm, kind, stretches: (0..4).map(stretch).collect() }
}

fn facts(key: ProfileKey, a: &str, b: &str, times: Option<(&str, &str)>) -> ProfileFacts {
    let of = |kind, a, b| Difference::of(arm(Arm::A, kind, a), arm(Arm::B, kind, b));
    let difference = of(key.kind, a, b);
    let often = times.map(|(a, b)| of(Kind::Times, a, b));
    let waits = if often.is_some() { waits(&difference, often.as_ref()) } else { Vec::new() };
    ProfileFacts::of(key, &difference, &waits)
}

/// Answers what was asked for.
pub(super) fn answer(model: &mut Model, effects: Vec<Effect>) {
    for effect in effects {
        let Effect::ReadProfile(key) = effect else { continue };
        let read = match key.kind {
            Kind::Wait => facts(key.clone(), WAIT_A, WAIT_B, Some((TIMES_A, TIMES_B))),
            _ => facts(key.clone(), CPU_A, CPU_B, None),
        };
        update(model, Msg::Profile(key, Ok(Box::new(read))));
    }
}

/// The Profile of B001.
pub(super) fn profiled(width: u16, height: u16, ascii: bool) -> Model {
    let mut model = idle(width, height, ascii);
    press(&mut model, "3");
    model
}

/// Presses keys and answers what they ask for.
fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut all = Vec::new();
    for symbol in keys.chars() {
        let effects = update(model, typed(symbol));
        answer(model, effects.clone());
        all.extend(effects);
    }
    all
}

fn cursor(model: &Model) -> &str {
    model.shown_profile().unwrap().flame.name(model.profile.cursor)
}

#[test]
fn pictures() {
    check_all("profile", |width, height, ascii| with(profiled(width, height, ascii), "gjj"));
}

#[test]
fn pictures_of_one_arm_a_search_and_the_table() {
    check_all("profile-search", |width, height, ascii| with(profiled(width, height, ascii), "cigj/touch"));
    let mut zoomed = profiled(120, 40, false);
    press(&mut zoomed, "gjjl\n");
    check("profile-zoomed-120x40", &zoomed);
    let mut table = profiled(80, 24, false);
    press(&mut table, "v+ssjj");
    check("profile-table-80x24", &table);
    let mut full = profiled(120, 40, false);
    press(&mut full, "++gjj");
    check("profile-full-120x40", &full);
}

#[test]
fn pictures_of_waiting() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut model = profiled(width, height, false);
        press(&mut model, "wgj");
        check(&format!("profile-waits-{width}x{height}"), &model);
    }
}

#[test]
fn pictures_of_nothing() {
    let mut model = empty(80, 24, false);
    update(&mut model, Msg::Store(Ok(Box::default())));
    check("profile-nothing-80x24", &with(model, "3"));
    let mut model = idle(80, 24, false);
    press(&mut model, "2");
    let effects = update(&mut model, typed('3'));
    let [Effect::ReadProfile(key)] = &effects[..] else { panic!("{effects:?}") };
    let key = key.clone();
    assert!(screen(&model).contains("Reading the CPU profiles of B001"));
    update(&mut model, Msg::Profile(key, Err("cannot read profiles/B001/12/a.cpu.folded".to_owned())));
    check("profile-broken-80x24", &model);
}

#[test]
fn keys_walk_the_tree_and_give_the_width() {
    let mut model = profiled(120, 40, false);
    assert_eq!(cursor(&model), "engine::run", "where the trees fork");
    press(&mut model, "gj");
    assert_eq!(cursor(&model), "engine::run");
    press(&mut model, "j");
    let dearest = cursor(&model).to_owned();
    press(&mut model, "l");
    assert_ne!(cursor(&model), dearest, "its neighbour");
    press(&mut model, "h");
    assert_eq!(cursor(&model), dearest);
    press(&mut model, "\n");
    assert_eq!(model.profile.zoom, model.profile.cursor);
    press(&mut model, "G");
    let depth = |model: &Model| model.shown_profile().unwrap().flame.spot(model.profile.cursor).unwrap().depth;
    assert!(depth(&model) > 2);
    press(&mut model, "g");
    assert_eq!(cursor(&model), dearest);
    press(&mut model, "\x08");
    assert_eq!(model.shown_profile().unwrap().flame.name(model.profile.zoom), "engine::run");
    press(&mut model, "kk");
    assert_eq!((cursor(&model), model.profile.zoom), ("all", 0), "above what has the width the width goes along");
    press(&mut model, "ik");
    assert_eq!(cursor(&model), "engine::run", "flames grow upwards");
}

#[test]
fn a_search_is_coloured_counted_and_gone_through() {
    let mut model = profiled(120, 40, false);
    press(&mut model, "/lru::(touch|evict)\n");
    assert_eq!(model.profile.found.places, 2);
    press(&mut model, "n");
    assert_eq!(cursor(&model), "engine::buffer::lru::touch");
    let first = model.profile.cursor;
    press(&mut model, "n");
    assert!(cursor(&model).ends_with("touch") && model.profile.cursor != first);
    press(&mut model, "n");
    assert_eq!(model.profile.cursor, first, "going round");
    press(&mut model, "N");
    assert_ne!(model.profile.cursor, first);
    assert!(screen(&model).contains("2 places"));
    press(&mut model, "\x1b");
    assert!(model.profile.found.is_empty());
    press(&mut model, "n");
    assert!(model.notice.as_ref().unwrap().text.contains("/ searches"));
    press(&mut model, "/(\n");
    assert_eq!(model.profile.found.places, 0, "no expression: searched for as it stands");
    press(&mut model, "\x1bg#");
    assert!(model.profile.found.is_empty(), "the whole is no function");
}

#[test]
fn the_table_leads_into_the_graph() {
    let mut model = profiled(120, 40, false);
    press(&mut model, "vssj");
    let name = |model: &Model| {
        let facts = model.shown_profile().unwrap();
        facts.lines[model.profile.order[model.profile.list.selected]].cost.name.clone()
    };
    assert_eq!(name(&model), "engine::buffer::fetch", "by cost with callees, after run");
    press(&mut model, "\n");
    assert_eq!((cursor(&model), model.profile.in_table), ("engine::buffer::fetch", false));
    assert_eq!(model.profile.found.places, 2);
    assert_eq!(press(&mut model, "yn"), [Effect::Copy("engine::buffer::fetch".to_owned())]);
    let command = "workbench profile B001 --kind cpu --experiment 12".to_owned();
    assert_eq!(press(&mut model, "yc"), [Effect::Copy(command)]);
}

#[test]
fn other_profiles_and_kinds_are_asked_for_once() {
    let mut model = idle(120, 40, false);
    let kinds = |effects: Vec<Effect>| -> Vec<(i64, Kind)> {
        let key = |effect| match effect {
            Effect::ReadProfile(key) => Some((key.experiment.0, key.kind)),
            _ => None,
        };
        effects.into_iter().filter_map(key).collect()
    };
    assert_eq!(kinds(press(&mut model, "3")), [(12, Kind::Cpu)]);
    assert_eq!(kinds(press(&mut model, "jkc23")), []);
    assert_eq!(kinds(press(&mut model, "w")), [(12, Kind::Wait)]);
    assert_eq!(kinds(press(&mut model, "w")), [(12, Kind::Cpu)]);
    assert_eq!(kinds(press(&mut model, ">")), [(11, Kind::Cpu)]);
    assert_eq!(kinds(press(&mut model, ">")), []);
    assert!(model.notice.as_ref().unwrap().text.contains("oldest"));
    assert_eq!(kinds(press(&mut model, "1jjjjjp")), [(12, Kind::Cpu)], "of the improvement that is selected");
    assert_eq!((model.screen, model.profile.chosen), (Screen::Profile, Some(ExperimentId(12))));
    press(&mut model, "1ggp");
    let refused = &model.notice.as_ref().unwrap().text;
    assert_eq!(refused, "p: T001 has no profile: `workbench profile T001 --capture` takes one");
}

#[test]
fn an_answer_that_comes_too_late_is_dropped() {
    let mut model = profiled(120, 40, false);
    let late = ProfileKey { experiment: ExperimentId(1), subject: "T001".to_owned(), kind: Kind::Cpu, captures: 2 };
    update(&mut model, Msg::Profile(late, Err("late".to_owned())));
    assert_eq!(model.shown_profile().unwrap().key.subject, "B001");
}

#[test]
fn the_pictures_paths_are_shown_and_copied() {
    let mut model = profiled(80, 24, false);
    let effects = press(&mut model, "o");
    assert!(matches!(&effects[..], [Effect::DrawPictures(key)] if key.subject == "B001"), "{effects:?}");
    let files = ["diff", "a", "b"].map(|name| format!("profiles/B001/12/{name}.cpu.svg").into());
    update(&mut model, Msg::Pictures(Ok(files.to_vec())));
    assert!(matches!(model.overlay, Some(Overlay::Dialog(_))));
    check("profile-pictures-80x24", &model);
    assert_eq!(press(&mut model, "\n"), [Effect::Copy("profiles/B001/12/diff.cpu.svg".to_owned())]);
}

#[test]
fn a_click_selects_a_place_and_a_second_one_gives_it_the_width() {
    let mut model = profiled(120, 40, false);
    let click = |model: &mut Model, column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        update(model, Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    };
    click(&mut model, 10, 6);
    assert_eq!(cursor(&model), "engine::run");
    click(&mut model, 10, 6);
    assert_eq!(model.profile.zoom, model.profile.cursor);
    click(&mut model, 10, 30);
    assert!(model.profile.in_table);
}

/// A debug build on a busy machine may take this long; a release build stays below a frame (printed).
const BOUND: Duration = Duration::from_millis(if cfg!(debug_assertions) { 250 } else { 16 });

/// About a hundred thousand places, some deep, most of them tiny.
fn huge() -> String {
    let mut text = String::new();
    for module in 0..40 {
        for function in 0..50 {
            for callee in 0..50 {
                let weight = 1 + 90_000 / (1 + module * 50 + function * 7 + callee);
                writeln!(text, "main;run;m{module}::enter;m{module}::f{function};x{callee}::call {weight}").unwrap();
            }
        }
    }
    let deep: Vec<String> = (0..400).map(|depth| format!("recurse{}", depth % 7)).collect();
    writeln!(text, "main;{} 900000", deep.join(";")).unwrap();
    text
}

#[test]
fn a_hundred_thousand_places_are_drawn_within_a_frame() {
    let mut model = idle(160, 50, false);
    let effects = update(&mut model, typed('3'));
    let [Effect::ReadProfile(key)] = &effects[..] else { panic!("{effects:?}") };
    let of = |arm, folded: &str| {
        let (kind, cpu, period) = (Kind::Cpu, Duration::from_secs(1), Some(Duration::from_micros(1)));
        let capture = Capture { arm, kind, folded, samples: 1, cpu, measured: None, period, weight: None, ops: 1_000 };
        Profile { arm, kind, stretches: vec![Stretch::of(&capture).unwrap()] }
    };
    let difference = Difference::of(of(Arm::A, &huge()), of(Arm::B, &huge().replace("x7", "y7")));
    let read = ProfileFacts::of(key.clone(), &difference, &[]);
    println!("{} places", read.flame.len());
    assert!(read.flame.len() > 100_000);
    update(&mut model, Msg::Profile(key.clone(), Ok(Box::new(read))));
    let mut terminal = Terminal::new(TestBackend::new(160, 50)).unwrap();
    for (name, keys) in [
        ("walking", "jjjjlllkjhhG"),
        ("zooming", "\njl\njl\x08\x08"),
        ("searching", "/x4.*call\nnnN\x1b"),
        ("sorting", "vssssSjjv"),
        ("turning", "cici"),
    ] {
        let mut times: Vec<Duration> = Vec::new();
        for symbol in keys.chars().cycle().take(keys.len() * 5) {
            let began = Instant::now();
            press(&mut model, &symbol.to_string());
            terminal.draw(|frame| view(&model, frame)).unwrap();
            times.push(began.elapsed());
        }
        times.sort_unstable();
        let slowest = times[times.len() * 99 / 100];
        println!("{name}: p99 {slowest:?} for a key and its frame");
        assert!(slowest < BOUND, "{name} took {slowest:?}, more than {BOUND:?}");
    }
}
