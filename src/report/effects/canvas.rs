//! A grid of characters, drawn on from back to front.

/// Rows of characters, the top one first.
#[derive(Debug)]
pub(super) struct Canvas {
    rows: Vec<Vec<char>>,
}

impl Canvas {
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Self { rows: vec![vec![' '; columns]; rows] }
    }

    /// Puts a character; outside the grid, nothing.
    pub(super) fn put(&mut self, column: usize, row: usize, mark: char) {
        if let Some(cell) = self.rows.get_mut(row).and_then(|row| row.get_mut(column)) {
            *cell = mark;
        }
    }

    /// Writes a text from `column` on if nothing but `ground` is in its way.
    pub(super) fn write_if_free(&mut self, column: usize, row: usize, text: &str, ground: &[char]) -> bool {
        let length = text.chars().count();
        let Some(place) = self.rows.get_mut(row).and_then(|row| row.get_mut(column..column + length)) else {
            return false;
        };
        if !place.iter().all(|cell| *cell == ' ' || ground.contains(cell)) {
            return false;
        }
        place.iter_mut().zip(text.chars()).for_each(|(cell, mark)| *cell = mark);
        true
    }

    /// The rows without what is blank at their ends.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned())
    }
}

/// The column or row of a grid of `cells` that `share` of the way (0 to 1) falls into.
pub(super) fn cell(share: f64, cells: usize) -> usize {
    ((share * cells as f64).floor().max(0.0) as usize).min(cells.saturating_sub(1))
}
