//! A line of text being typed.

use crossterm::event::KeyCode;

use super::keys::Key;

/// Characters at most; a paste beyond is cut.
const LENGTH_MAX: usize = 200;

/// Text and a cursor, counted in characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    text: Vec<char>,
    cursor: usize,
}

impl Input {
    /// A line to go on with, the cursor at its end.
    pub fn new(text: &str) -> Self {
        let text: Vec<char> = text.chars().take(LENGTH_MAX).collect();
        Self { cursor: text.len(), text }
    }

    /// What is typed.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// What is typed before the cursor and after it.
    pub fn halves(&self) -> (String, String) {
        let (before, after) = self.text.split_at(self.cursor.min(self.text.len()));
        (before.iter().collect(), after.iter().collect())
    }

    /// Puts text in at the cursor, without what is not printable.
    pub fn insert(&mut self, text: &str) {
        for symbol in text.chars().filter(|symbol| !symbol.is_control()) {
            if self.text.len() < LENGTH_MAX {
                self.text.insert(self.cursor, symbol);
                self.cursor += 1;
            }
        }
    }

    /// Takes a key as a line editor would; `false` when the key means nothing here.
    pub fn press(&mut self, key: Key) -> bool {
        let plain = |code| key == Key::plain(code);
        if let Some(symbol) = key.typed() {
            self.insert(symbol.encode_utf8(&mut [0; 4]));
        } else if plain(KeyCode::Backspace) || key == Key::control('h') {
            if self.cursor > 0 {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
        } else if plain(KeyCode::Delete) {
            if self.cursor < self.text.len() {
                self.text.remove(self.cursor);
            }
        } else if key == Key::control('w') {
            let before = &self.text[..self.cursor];
            let kept = before.iter().rposition(|symbol| !symbol.is_whitespace()).unwrap_or(0);
            let start = before[..kept].iter().rposition(|symbol| symbol.is_whitespace()).map_or(0, |blank| blank + 1);
            self.text.drain(start..self.cursor);
            self.cursor = start;
        } else if key == Key::control('u') {
            self.text.drain(..self.cursor);
            self.cursor = 0;
        } else if plain(KeyCode::Left) {
            self.cursor = self.cursor.saturating_sub(1);
        } else if plain(KeyCode::Right) {
            self.cursor = (self.cursor + 1).min(self.text.len());
        } else if plain(KeyCode::Home) || key == Key::control('a') {
            self.cursor = 0;
        } else if plain(KeyCode::End) || key == Key::control('e') {
            self.cursor = self.text.len();
        } else {
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_as_a_shell_does() {
        let mut line = Input::new("status:blocked gain");
        for key in [Key::control('w'), Key::char('T'), Key::plain(KeyCode::Left), Key::char('é')] {
            assert!(line.press(key));
        }
        assert_eq!(line.text(), "status:blocked éT");
        assert_eq!(line.halves(), ("status:blocked é".to_owned(), "T".to_owned()));
        line.press(Key::control('u'));
        assert_eq!(line.text(), "T");
        line.insert("a\nb\x1b");
        assert_eq!(line.text(), "abT");
        assert!(!line.press(Key::plain(KeyCode::Tab)));
        line.insert(&"x".repeat(999));
        assert_eq!(line.text().chars().count(), LENGTH_MAX);
    }

    #[test]
    fn deleting_at_the_ends_does_nothing() {
        let mut line = Input::default();
        for key in [Key::control('w'), Key::control('u'), Key::plain(KeyCode::Backspace), Key::plain(KeyCode::Delete)] {
            line.press(key);
        }
        assert_eq!(line, Input::default());
    }
}
