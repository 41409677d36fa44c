//! An output that is followed: its newest lines, laid into rows, and what is searched for.
//!
//! Rows follow the newest one while it is the selected one, as in the Log.

use std::collections::VecDeque;
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use super::ListState;
use crate::tui::facts::{OutputKey, OutputLine, OutputNews};
use crate::tui::input::Input;

/// Lines that are kept.
const LINES_MAX: usize = 5_000;

/// State of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputState {
    /// Whose.
    pub key: OutputKey,
    /// The newest lines, the newest last.
    pub lines: VecDeque<OutputLine>,
    /// Earlier ones were left out.
    pub cut: bool,
    /// Where in the file the next reading begins, bytes.
    pub next: u64,
    /// It is being read.
    pub reading: bool,
    /// Why it cannot be read.
    pub trouble: Option<String>,
    /// Selection and window on the rows.
    pub list: ListState,
    /// Long lines go on in the next row.
    pub wrap: bool,
    /// The time stands before each line.
    pub times: bool,
    /// What is searched for.
    pub query: String,
    /// The search being typed.
    pub editing: Option<Input>,
    rows: Vec<RowPart>,
    /// Columns that the rows were laid for.
    laid: Option<u16>,
}

/// A row: a part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RowPart {
    line: usize,
    part: Range<usize>,
}

impl OutputState {
    /// Nothing read yet.
    pub fn new(key: OutputKey) -> Self {
        Self {
            key,
            lines: VecDeque::new(),
            cut: false,
            next: 0,
            reading: false,
            trouble: None,
            list: ListState::default(),
            wrap: true,
            times: false,
            query: String::new(),
            editing: None,
            rows: Vec::new(),
            laid: None,
        }
    }

    /// Takes in what came.
    pub fn take(&mut self, news: OutputNews) {
        let follows = self.follows();
        self.cut |= news.skipped > 0;
        self.next = news.next;
        if news.lines.is_empty() {
            return;
        }
        self.lines.extend(news.lines);
        let excess = self.lines.len().saturating_sub(LINES_MAX);
        self.cut |= excess > 0;
        let gone = self.rows.iter().filter(|row| row.line < excess).count();
        self.lines.drain(..excess);
        self.laid = None;
        self.list.selected = if follows { usize::MAX } else { self.list.selected.saturating_sub(gone) };
        self.list.offset = self.list.offset.saturating_sub(gone);
    }

    /// Whether new lines move the window.
    pub fn follows(&self) -> bool {
        self.list.selected.saturating_add(1) >= self.rows.len()
    }

    /// Lays the lines into rows of so many columns, if that has changed anything.
    pub fn lay(&mut self, columns: u16) {
        let columns = if self.wrap { columns.max(1) } else { u16::MAX };
        if self.laid == Some(columns) {
            return;
        }
        self.laid = Some(columns);
        self.rows.clear();
        for (line, of) in self.lines.iter().enumerate() {
            self.rows.extend(parts(&of.text, columns.into()).map(|part| RowPart { line, part }));
        }
    }

    /// Changes how lines are laid.
    pub fn toggle_wrap(&mut self) {
        let (follows, line) = (self.follows(), self.rows.get(self.list.selected).map_or(0, |row| row.line));
        self.wrap = !self.wrap;
        self.laid = None;
        // Unwrapped, rows are lines; wrapped, the rows are not laid yet, and the line's number is near enough.
        self.list.selected = if follows { usize::MAX } else { line };
    }

    /// Rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A row with its line; whether it is the first one of it.
    pub fn row(&self, place: usize) -> Option<(&OutputLine, &str, bool)> {
        let row = self.rows.get(place)?;
        let line = self.lines.get(row.line)?;
        Some((line, line.text.get(row.part.clone())?, row.part.start == 0))
    }

    /// Whether a search found this text.
    pub fn is_found(&self, text: &str) -> bool {
        !self.query.is_empty() && text.to_lowercase().contains(&self.query.to_lowercase())
    }

    /// Selects the next row that was found, or the one before, going round; `false` when there is none.
    pub fn next_found(&mut self, steps: isize) -> bool {
        let found: Vec<usize> =
            (0..self.len()).filter(|row| self.row(*row).is_some_and(|(_, text, _)| self.is_found(text))).collect();
        let here = self.list.selected;
        let next = if steps > 0 {
            found.iter().find(|row| **row > here).or(found.first())
        } else {
            found.iter().rfind(|row| **row < here).or(found.last())
        };
        if let Some(row) = next {
            self.list.selected = *row;
        }
        next.is_some()
    }
}

/// The parts of a line, none wider than `columns`.
fn parts(text: &str, columns: usize) -> impl Iterator<Item = Range<usize>> {
    let (mut parts, mut start, mut width) = (Vec::new(), 0, 0);
    for (at, symbol) in text.char_indices() {
        let wide = symbol.width().unwrap_or(0);
        if width + wide > columns && at > start {
            parts.push(start..at);
            (start, width) = (at, 0);
        }
        width += wide;
    }
    parts.push(start..text.len());
    parts.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_into_parts_that_fit() {
        let cut = |text: &str, columns| parts(text, columns).map(|part| text[part].to_owned()).collect::<Vec<_>>();
        assert_eq!(cut("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(cut("", 4), [""]);
        assert_eq!(cut("広い字", 4), ["広い", "字"]);
        assert_eq!(cut("広", 1), ["広"], "what fits nowhere stands alone");
    }
}
