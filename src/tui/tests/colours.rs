//! What is really written to a terminal.

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::fixtures::{idle, measuring};
use crate::tui::model::{Model, Screen};
use crate::tui::theme::{Look, Theme, ThemeName};
use crate::tui::view::view;

/// The bytes of a frame.
fn written(model: &Model) -> String {
    let mut bytes = Vec::new();
    let viewport = Viewport::Fixed(Rect::new(0, 0, model.size.width, model.size.height));
    let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut bytes), TerminalOptions { viewport }).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap();
    drop(terminal);
    String::from_utf8(bytes).unwrap()
}

/// Parameters of the sequences that set how characters look.
fn graphics(written: &str) -> Vec<String> {
    written
        .split("\x1b[")
        .skip(1)
        .filter_map(|rest| {
            let end = rest.find(|symbol: char| symbol.is_ascii_alphabetic())?;
            (rest[end..].starts_with('m')).then(|| rest[..end].to_owned())
        })
        .collect()
}

/// Whether it asks for a colour; 39 and 49 only go back to the terminal's own.
fn is_colour(parameters: &str) -> bool {
    let first = parameters.split([';', ':']).next().and_then(|number| number.parse::<u32>().ok());
    matches!(first, Some(30..=38 | 40..=48 | 90..=97 | 100..=107))
}

#[test]
fn mono_asks_for_no_colour_and_still_shows_the_selection() {
    for screen in Screen::ALL {
        for mut model in [idle(120, 40, false), measuring(120, 40, false, 5)] {
            model.screen = screen;
            model.look = Look::new(ThemeName::Mono, false);
            let all = graphics(&written(&model));
            assert!(all.iter().all(|parameters| !is_colour(parameters)), "{screen:?}: {all:?}");
            assert!(all.iter().any(|parameters| parameters == "7"), "{screen:?} shows nothing reversed");
        }
    }
}

#[test]
fn the_other_themes_do_ask_for_colour() {
    for theme in [ThemeName::Dark, ThemeName::Light, ThemeName::ColourBlind] {
        let mut model = idle(120, 40, false);
        model.look = Look::new(theme, false);
        assert!(graphics(&written(&model)).iter().any(|parameters| is_colour(parameters)), "{theme:?}");
    }
}

#[test]
fn ascii_writes_ascii_only() {
    for screen in Screen::ALL {
        for mut model in [idle(120, 40, true), measuring(80, 24, true, 5)] {
            model.screen = screen;
            let foreign: String = written(&model).chars().filter(|symbol| !symbol.is_ascii()).collect();
            assert_eq!(foreign, "", "{screen:?}");
        }
    }
}

#[test]
fn themes_go_round_and_are_found_by_name() {
    let mut theme = ThemeName::Dark;
    for _ in 0..4 {
        assert_eq!(ThemeName::parse(theme.name()), Some(theme));
        assert_eq!(Theme::named(theme).name, theme);
        theme = theme.next();
    }
    assert_eq!(theme, ThemeName::Dark);
    assert!(Theme::named(ThemeName::Mono).selected.add_modifier.contains(Modifier::REVERSED));
}
