//! No size and no key may make it panic.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

use super::fixtures::{idle, measuring};
use super::plans::planned;
use super::profiles::profiled;
use super::works::handed_in;
use crate::tui::model::{Model, Screen, Zoom};
use crate::tui::msg::Msg;
use crate::tui::update::update;
use crate::tui::view::view;

fn draw(model: &mut Model, width: u16, height: u16) {
    update(model, Msg::Resize(Size { width, height }));
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap();
}

fn press(model: &mut Model, code: KeyCode) {
    update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
}

#[test]
fn every_screen_draws_at_every_size() {
    let makes: [fn(u16, u16, bool) -> Model; 5] =
        [idle, |width, height, ascii| measuring(width, height, ascii, 5), profiled, planned, handed_in];
    for make in makes {
        for screen in Screen::ALL {
            for zoom in [Zoom::Normal, Zoom::Half, Zoom::Full] {
                let mut model = make(80, 24, false);
                model.screen = screen;
                model.zoom = zoom;
                for width in (0..=130).step_by(10).chain([59, 61, 99, 101]) {
                    for height in (0..=50).step_by(5).chain([1, 2, 14, 16]) {
                        draw(&mut model, width, height);
                    }
                }
            }
        }
    }
}

#[test]
fn every_overlay_draws_at_every_size() {
    for keys in ["?", "?zzz", ":", ":t", "jja", "y", "/status:", "2x", "3?", "3/fs", "!j", "s", "sbwhy"] {
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

#[test]
fn no_sequence_of_keys_makes_it_panic() {
    let keys: Vec<KeyCode> = "jkgGJK+/ao yOhlq?:123467![]wvxfT:t003scpi#nN<>-SueR"
        .chars()
        .map(KeyCode::Char)
        .chain([
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
        ])
        .chain([KeyCode::PageDown, KeyCode::PageUp, KeyCode::Home, KeyCode::End, KeyCode::Backspace, KeyCode::Right])
        .collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound as u64) as usize
    };
    for round in 0..90 {
        let mut model = match round % 4 {
            0 => idle(80, 24, false),
            1 => measuring(80, 24, true, 4),
            2 => profiled(80, 24, false),
            _ => planned(80, 24, false),
        };
        for step in 0..200 {
            let modifiers = if next(12) == 0 { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
            update(&mut model, Msg::Key(KeyEvent::new(keys[next(keys.len())], modifiers)));
            if step % 10 == 0 {
                let (width, height) = (next(140) as u16, next(55) as u16);
                draw(&mut model, width, height);
            }
        }
    }
}
