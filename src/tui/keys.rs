//! Keys as values: what the action table lists, what a terminal sends, and how a key is written for people.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with the one modifier we bind. Shift is part of the character (`G`), Alt is never bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    control: bool,
}

impl Key {
    /// A key without Control.
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, control: false }
    }

    /// A printing character.
    pub const fn char(symbol: char) -> Self {
        Self::plain(KeyCode::Char(symbol))
    }

    /// Control and a letter.
    pub const fn control(letter: char) -> Self {
        Self { code: KeyCode::Char(letter), control: true }
    }

    /// What the terminal sent; `None` for combinations that are never bound.
    pub fn from_event(event: &KeyEvent) -> Option<Self> {
        if event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
            return None;
        }
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let code = match event.code {
            KeyCode::Char(symbol) if control => KeyCode::Char(symbol.to_ascii_lowercase()),
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        Some(Self { code, control })
    }

    /// The character this key types into a text field, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(symbol) if !self.control && !symbol.is_control() => Some(symbol),
            _ => None,
        }
    }

    /// As footer and help write it: `^p`, `⏎`, `G`; in words where only ASCII may be used.
    pub fn shown(self, ascii: bool) -> String {
        let word = |symbol: &str, word: &str| if ascii { word.to_owned() } else { symbol.to_owned() };
        match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(symbol) if self.control => format!("^{symbol}"),
            KeyCode::Char(symbol) => symbol.to_string(),
            KeyCode::Enter => word("⏎", "Enter"),
            KeyCode::Esc => "Esc".to_owned(),
            KeyCode::Tab => "Tab".to_owned(),
            KeyCode::BackTab => "S-Tab".to_owned(),
            KeyCode::Up => word("↑", "Up"),
            KeyCode::Down => word("↓", "Down"),
            KeyCode::Left => word("←", "Left"),
            KeyCode::Right => word("→", "Right"),
            KeyCode::Home => "Home".to_owned(),
            KeyCode::End => "End".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::Backspace => "Backspace".to_owned(),
            KeyCode::Delete => "Delete".to_owned(),
            other => format!("{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_sends_becomes_the_key_in_the_table() {
        let sent = |code, modifiers| Key::from_event(&KeyEvent::new(code, modifiers));
        assert_eq!(sent(KeyCode::Char('p'), KeyModifiers::CONTROL), Some(Key::control('p')));
        assert_eq!(sent(KeyCode::Char('P'), KeyModifiers::CONTROL | KeyModifiers::SHIFT), Some(Key::control('p')));
        assert_eq!(sent(KeyCode::Char('G'), KeyModifiers::SHIFT), Some(Key::char('G')));
        assert_eq!(sent(KeyCode::Tab, KeyModifiers::SHIFT), Some(Key::plain(KeyCode::BackTab)));
        assert_eq!(sent(KeyCode::Char('q'), KeyModifiers::ALT), None);
        assert_eq!(Key::control('p').typed(), None);
        assert_eq!(Key::control('d').shown(false), "^d");
        assert_eq!(Key::plain(KeyCode::Enter).shown(true), "Enter");
    }
}
