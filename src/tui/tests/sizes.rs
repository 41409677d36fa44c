//! No size and no key may make it panic.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

use super::fixtures::{idle, measuring};
use super::labs::viewed;
use super::plans::planned;
use super::profiles::profiled;
use super::works::handed_in;
use super::{labs, profiles, works};
use crate::tui::model::{Model, Screen, Zoom};
use crate::tui::msg::{Effect, Msg};
use crate::tui::update::update;
use crate::tui::view::view;

fn draw(model: &mut Model, width: u16, height: u16) {
    update(model, Msg::Resize(Size { width, height }));
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap();
}

/// Whether something is another afterwards, outside the interface.
fn changes(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::StartApply(_) | Effect::StopApply(_) | Effect::StopAttempt(_) | Effect::RunCommand(_) | Effect::Edit(_)
    )
}

fn press(model: &mut Model, code: KeyCode) {
    update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
}

/// Every kind of model, on every screen, in every zoom.
fn shown() -> Vec<Model> {
    let makes: [fn(u16, u16, bool) -> Model; 9] = [
        idle,
        |width, height, ascii| measuring(width, height, ascii, 5),
        profiled,
        planned,
        handed_in,
        |width, height, ascii| viewed(width, height, ascii, "2v"),
        |width, height, ascii| viewed(width, height, ascii, "2vj"),
        |width, height, ascii| viewed(width, height, ascii, "2vv"),
        |width, height, ascii| viewed(width, height, ascii, "2jt"),
    ];
    let mut models = Vec::new();
    for (place, make) in makes.into_iter().enumerate() {
        for screen in Screen::ALL {
            for zoom in [Zoom::Normal, Zoom::Half, Zoom::Full] {
                let mut model = make(80, 24, place % 2 == 1);
                (model.screen, model.zoom) = (screen, zoom);
                models.push(model);
            }
        }
    }
    let mut output = handed_in(80, 24, false);
    press(&mut output, KeyCode::Char('4'));
    press(&mut output, KeyCode::Char('j'));
    let effects = update(&mut output, Msg::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    works::answer(&mut output, &effects);
    models.push(output);
    models
}

/// All 20,331 sizes, each with another model; and each model with many sizes.
#[test]
fn every_screen_draws_at_every_size() {
    let mut models = shown();
    let count = models.len();
    let sizes = (0..=250).flat_map(|width| (0..=80).map(move |height| (width, height)));
    for (place, (width, height)) in sizes.enumerate() {
        draw(&mut models[place % count], width, height);
    }
}

#[test]
fn every_overlay_draws_at_every_size() {
    for keys in ["?", "?zzz", ":", ":t", "jja", "y", "/status:", "2x", "3?", "3/fs", "!j", "s", "sbwhy", "A", "4a", "R"]
    {
        for width in (0..=130).step_by(13).chain([60, 61]) {
            for height in (0..=50).step_by(7).chain([15, 16]) {
                let mut model = measuring(80, 24, false, 2);
                keys.chars().for_each(|key| press(&mut model, KeyCode::Char(key)));
                draw(&mut model, width, height);
            }
        }
    }
}

/// A size that is not the model's (a resize is on its way) must not matter either.
#[test]
fn the_frame_may_have_another_size_than_the_model() {
    for (width, height) in [(60, 15), (200, 60), (61, 49), (0, 0)] {
        for screen in Screen::ALL {
            let mut model = measuring(120, 40, false, 5);
            model.screen = screen;
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| view(&model, frame)).unwrap();
        }
    }
}

/// A hundred thousand steps: keys, sizes now and then, and an answer to whatever is asked for. Some may look only.
#[test]
fn no_sequence_of_keys_makes_it_panic() {
    let named = [
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::PageDown,
        KeyCode::PageUp,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Backspace,
        KeyCode::Enter,
        KeyCode::Esc,
    ];
    let keys: Vec<KeyCode> =
        "jkgGJK+/ao yOhlq?:1234567![]wvxfT:t003scpi#nN<>-SueRAMr".chars().map(KeyCode::Char).chain(named).collect();
    let walk = |seed: u64, makes: [fn(u16, u16, bool) -> Model; 4]| {
        let mut state = seed;
        let mut next = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % bound as u64) as usize
        };
        for round in 0..125 {
            let mut model = makes[round % makes.len()](80, 24, round % 3 == 0);
            model.read_only = round % 5 == 4;
            for step in 0..400 {
                let modifiers = if next(12) == 0 { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
                let effects = update(&mut model, Msg::Key(KeyEvent::new(keys[next(keys.len())], modifiers)));
                works::answer(&mut model, &effects);
                assert!(!model.read_only || !effects.iter().any(changes), "{effects:?}");
                for effect in &effects {
                    labs::answer(&mut model, effect);
                }
                profiles::answer(&mut model, effects);
                if step % 40 == 0 {
                    let (width, height) = (next(251) as u16, next(81) as u16);
                    draw(&mut model, width, height);
                }
            }
        }
    };
    std::thread::scope(|threads| {
        threads.spawn(|| walk(0x9e37_79b9_7f4a_7c15, [idle, profiled, handed_in, planned]));
        threads.spawn(|| {
            let measuring = |width, height, ascii| measuring(width, height, ascii, 4);
            let screens = |width, height, ascii| viewed(width, height, ascii, "2v");
            let output = |width, height, ascii| viewed(width, height, ascii, "2vv");
            walk(0x2545_f491_4f6c_dd1d, [measuring, screens, handed_in, output]);
        });
    });
}
