//! Ten thousand improvements and a million samples: how long a message and its frame take.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::fixtures::{empty, entry, events, experiment, now};
use crate::improvements::Priority;
use crate::lab::experiment::{Question, Side};
use crate::lab::journal::Event;
use crate::tui::model::Model;
use crate::tui::msg::{Msg, RegisterNews};
use crate::tui::update::update;
use crate::tui::view::view;

/// A debug build on a busy machine may take this long; a release build stays below a 16 ms frame (printed).
const BOUND: Duration = Duration::from_millis(if cfg!(debug_assertions) { 250 } else { 16 });

fn large() -> Model {
    let mut model = empty(120, 40, false);
    let entries = (0..10_000)
        .map(|number| {
            let title = format!("improvement number {number} of the page table");
            entry(&format!("T{number:05}"), &title, "Transaction", Priority::High, &[number % 12], "+25-30% TPS")
        })
        .collect();
    update(&mut model, Msg::Register(Ok(Box::new(RegisterNews { entries, ..Default::default() }))));
    let mut running = experiment(0);
    running.plan.question = Question::AddOneIn(model.facts.rows[4_321].entry.id.clone());
    for (at, event) in events(6) {
        running.note(at, &event);
    }
    for sample in 0..1_000_000_u32 {
        let side = if sample % 2 == 0 { Side::A } else { Side::B };
        running.note(now(), &Event::Slice { workload: 0, side, rate: f64::from(sample % 977) });
    }
    update(&mut model, Msg::Running(Some(Box::new(running))));
    model
}

/// 99th percentile of the times that the keys take, each with its frame.
fn p99(model: &mut Model, keys: &[KeyCode], rounds: usize) -> Duration {
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    let mut times: Vec<Duration> = (0..rounds)
        .map(|round| {
            let began = Instant::now();
            update(model, Msg::Key(KeyEvent::new(keys[round % keys.len()], KeyModifiers::NONE)));
            terminal.draw(|frame| view(model, frame)).unwrap();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

#[test]
fn ten_thousand_improvements_and_a_million_samples_keep_the_frame_rate() {
    let mut model = large();
    let chars = |text: &str| text.chars().map(KeyCode::Char).collect::<Vec<_>>();
    let cases = [
        ("moving", chars("jjjGgjk"), 200),
        ("filtering", [chars("/status:pl agent:3 page"), vec![KeyCode::Esc]].concat(), 200),
        ("sorting", chars("o"), 100),
        ("the lab", chars("2w"), 200),
        ("going through screens", chars("1247"), 200),
        ("the palette", [chars(":t04321"), vec![KeyCode::Esc]].concat(), 200),
    ];
    for (name, keys, rounds) in cases {
        let time = p99(&mut model, &keys, rounds);
        println!("{name}: p99 {time:?} for a key and its frame");
        assert!(time < BOUND, "{name} took {time:?}, more than {BOUND:?}");
        model.overlay = None;
        update(&mut model, Msg::Key(KeyEvent::new(KeyCode::Char('1'), KeyModifiers::NONE)));
    }
}
