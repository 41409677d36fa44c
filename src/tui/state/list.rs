//! A list with a selected row and a window on it.

/// Selection and window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListState {
    /// The selected row.
    pub selected: usize,
    /// The first row in the window.
    pub offset: usize,
}

impl ListState {
    /// Moves the selection by rows, stopping at the ends.
    pub fn step(&mut self, rows: isize, len: usize) {
        self.selected = self.selected.saturating_add_signed(rows).min(len.saturating_sub(1));
    }

    /// Keeps the selection inside the list and the window around the selection.
    pub fn settle(&mut self, len: usize, height: usize) {
        self.selected = self.selected.min(len.saturating_sub(1));
        let height = height.max(1);
        if self.selected < self.offset {
            self.offset = self.selected;
        } else if self.selected >= self.offset + height {
            self.offset = self.selected + 1 - height;
        }
        self.offset = self.offset.min(len.saturating_sub(height));
    }

    /// The rows in a window of that height.
    pub fn window(&self, len: usize, height: usize) -> std::ops::Range<usize> {
        let start = self.offset.min(len);
        start..start.saturating_add(height).min(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_follows_the_selection_and_never_leaves_the_list() {
        let mut list = ListState::default();
        list.step(5, 10);
        list.settle(10, 3);
        assert_eq!((list.selected, list.offset), (5, 3));
        list.step(isize::MAX, 10);
        list.settle(10, 3);
        assert_eq!((list.selected, list.window(10, 3)), (9, 7..10));
        list.settle(2, 3);
        assert_eq!((list.selected, list.window(2, 3)), (1, 0..2));
        list.settle(0, 0);
        assert_eq!((list.selected, list.window(0, 0)), (0, 0..0));
    }
}
