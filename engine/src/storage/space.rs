//! Which pages are free.
//!
//! There is no free map on disk: a page is free when no tree leads to it. At open, after redo, the inner pages of every tree
//! are walked ([`crate::index::check::reachable`]) and what was not met is free. Hence nothing can disagree with the
//! trees, allocation needs no log record of its own, and a page lost in a crash comes back by itself.
//!
//! **Reuse is safe for readers that still know an old id**: a page is given out again only to be formatted under its
//! exclusive latch, as part of a logged structure change, and a reader validates the parent that led it there after it
//! has latched the page. The page's LSN keeps growing across its lives, so redo cannot confuse them either.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::buffer::PageId;
use crate::sync::Mutex;

/// The allocator of pages.
#[derive(Debug)]
pub struct Space {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: BTreeSet<PageId>,
    /// First page that was never given out.
    next: PageId,
}

/// Pages in a row that nobody has had before, for many pages that are written at once. What is not kept is free again when
/// this is dropped.
#[derive(Debug)]
pub struct Extent<'s> {
    space: &'s Space,
    pages: Range<u64>,
    kept: u64,
}

/// A page given out for a change that may still fail: unless kept, it is free again when this is dropped.
#[derive(Debug)]
pub struct Allocation<'s> {
    space: &'s Space,
    page: PageId,
    kept: bool,
}

impl Space {
    /// A space of which nothing is in use but the superblock.
    pub fn new() -> Self {
        Self { state: Mutex::new(State { free: BTreeSet::new(), next: PageId::new(1) }) }
    }

    /// Starts over from what is in use: of the first `file_pages` pages and of those up to the last one in use, whatever
    /// is not in `used` is free.
    pub fn rebuild(&self, used: &BTreeSet<PageId>, file_pages: u64) {
        let end = used.last().map_or(1, |last| last.get() + 1).max(file_pages).max(1);
        let free = (1..end).map(PageId::new).filter(|page| !used.contains(page)).collect();
        *self.state.lock() = State { free, next: PageId::new(end) };
    }

    /// Gives out the lowest free page, or a new one at the end.
    pub fn allocate(&self) -> Allocation<'_> {
        let mut state = self.state.lock();
        let page = state.free.pop_first().unwrap_or_else(|| {
            let page = state.next;
            state.next = PageId::new(page.get() + 1);
            page
        });
        Allocation { space: self, page, kept: false }
    }

    /// Gives out `count` new pages at the end, though there may be free ones. So no record of the log since this opening
    /// speaks of them, and whatever they hold, redo leaves it alone.
    pub fn allocate_extent(&self, count: u64) -> Extent<'_> {
        let mut state = self.state.lock();
        let first = state.next.get();
        state.next = PageId::new(first + count);
        Extent { space: self, pages: first..first + count, kept: 0 }
    }

    /// Gives out one particular page, for the catalog's root.
    ///
    /// # Panics
    /// If it is in use, or lies behind the end.
    pub(crate) fn allocate_exactly(&self, page: PageId) -> Allocation<'_> {
        let mut state = self.state.lock();
        if state.next == page {
            state.next = PageId::new(page.get() + 1);
        } else {
            assert!(state.free.remove(&page), "{page:?} is in use");
        }
        Allocation { space: self, page, kept: false }
    }

    /// Takes a page back.
    ///
    /// # Panics
    /// If it was free already.
    pub fn release(&self, page: PageId) {
        let mut state = self.state.lock();
        assert!(page < state.next && state.free.insert(page), "{page:?} was freed twice");
    }

    /// Number of free pages below the end.
    pub fn free_pages(&self) -> usize {
        self.state.lock().free.len()
    }

    /// First page that was never given out.
    pub fn end(&self) -> PageId {
        self.state.lock().next
    }
}

impl Default for Space {
    fn default() -> Self {
        Self::new()
    }
}

impl Allocation<'_> {
    /// The page.
    pub fn id(&self) -> PageId {
        self.page
    }

    /// The change is logged: the page is in use.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Extent<'_> {
    /// The page at place `at` of the row, which has as many as were asked for.
    pub fn page(&self, at: u64) -> PageId {
        assert!(at < self.pages.end - self.pages.start, "{at} is behind the extent");
        PageId::new(self.pages.start + at)
    }

    /// The first `count` pages are in use.
    pub fn keep(mut self, count: u64) {
        self.kept = count;
    }
}

impl Drop for Extent<'_> {
    fn drop(&mut self) {
        let unused = self.pages.start + self.kept..self.pages.end;
        self.space.state.lock().free.extend(unused.map(PageId::new));
    }
}

impl Drop for Allocation<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.space.release(self.page);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_reached_is_free_and_what_is_not_kept_returns() {
        let space = Space::new();
        space.rebuild(&[2, 5, 9].map(PageId::new).into(), 7);
        assert_eq!((space.free_pages(), space.end()), (6, PageId::new(10)));
        let first = space.allocate();
        assert_eq!(first.id(), PageId::new(1));
        drop(first);
        let ids: Vec<u64> = (0..8)
            .map(|_| {
                let page = space.allocate();
                let id = page.id().get();
                page.keep();
                id
            })
            .collect();
        assert_eq!(ids, [1, 3, 4, 6, 7, 8, 10, 11]);
        space.release(PageId::new(4));
        assert_eq!(space.allocate().id(), PageId::new(4));
        let end = space.end();
        let extent = space.allocate_extent(5);
        assert_eq!((extent.page(0), extent.page(4).get()), (end, end.get() + 4));
        extent.keep(2);
        assert_eq!((space.free_pages(), space.end().get()), (4, end.get() + 5), "page 4 and three of the extent");
    }
}
