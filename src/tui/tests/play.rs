//! The fixtures on a real terminal, to look at: run the test binary itself with
//! `tui::tests::play::live --ignored --nocapture`. The experiment goes on by one round of pairs a second.

use std::time::Duration;

use crossterm::event::{Event, poll, read};
use jiff::Timestamp;

use super::fixtures;
use crate::tui::msg::{Effect, Msg};
use crate::tui::term::Term;
use crate::tui::theme::{Look, ThemeName};
use crate::tui::update::update;

#[test]
#[ignore = "needs a terminal and a person"]
fn live() {
    let mut model = fixtures::idle(80, 24, std::env::var_os("ASCII").is_some());
    if let Some(theme) = std::env::var("THEME").ok().and_then(|name| ThemeName::parse(&name)) {
        model.look = Look::new(theme, model.look.glyphs.ascii);
    }
    let start = Timestamp::now();
    let mut term = Term::take(true).unwrap();
    let mut rounds = 0;
    loop {
        model.size = term.size().unwrap();
        let elapsed = Timestamp::now().duration_since(start).as_secs();
        if elapsed >= i64::from(rounds) && rounds < 7 && std::env::var_os("IDLE").is_none() {
            update(&mut model, Msg::Running(Some(Box::new(fixtures::experiment(rounds)))));
            rounds += 1;
        }
        term.draw(&model).unwrap();
        let mut effects = Vec::new();
        if poll(Duration::from_millis(50)).unwrap() {
            match read().unwrap() {
                Event::Key(key) => effects = update(&mut model, Msg::Key(key)),
                Event::Mouse(mouse) => effects = update(&mut model, Msg::Mouse(mouse)),
                _ => {}
            }
        }
        if effects.contains(&Effect::Quit) {
            return;
        }
        super::plans::answer(&mut model, &effects);
        super::profiles::answer(&mut model, effects);
    }
}
