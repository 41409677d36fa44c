//! Pages that left a while ago, oldest first: a queue from whose middle pages come back.

use std::collections::VecDeque;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::buffer::page::PageId;

/// The queue, and where in it each page is. A page that came back leaves a stale place in the queue, which is skipped: it
/// carries another number than the page's, if the page is there at all.
#[derive(Debug, Default)]
pub(super) struct Ghosts {
    queue: VecDeque<(PageId, u64)>,
    numbers: HashMap<PageId, u64, FixedState>,
    pushed: u64,
}

impl Ghosts {
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Remembers a page as the newest.
    pub(super) fn push(&mut self, page: PageId) {
        self.pushed += 1;
        self.numbers.insert(page, self.pushed);
        self.queue.push_back((page, self.pushed));
        if self.queue.len() > 2 * self.numbers.len() + 64 {
            let Self { queue, numbers, .. } = self;
            queue.retain(|(page, number)| numbers.get(page) == Some(number));
        }
    }

    /// Forgets a page and says whether it was there.
    pub(super) fn remove(&mut self, page: PageId) -> bool {
        self.numbers.remove(&page).is_some()
    }

    /// Forgets the oldest page; false if there is none.
    pub(super) fn pop_oldest(&mut self) -> bool {
        while let Some((page, number)) = self.queue.pop_front() {
            if self.numbers.get(&page) == Some(&number) {
                self.numbers.remove(&page);
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first_and_the_queue_stays_short() {
        let mut ghosts = Ghosts::default();
        (1..=4).for_each(|page| ghosts.push(PageId::new(page)));
        assert!(ghosts.remove(PageId::new(1)) && !ghosts.remove(PageId::new(1)));
        ghosts.push(PageId::new(1));
        assert!(ghosts.pop_oldest());
        assert!(!ghosts.remove(PageId::new(2)), "2 was the oldest");
        assert!(ghosts.remove(PageId::new(1)) && ghosts.len() == 2);
        for _ in 0..10_000 {
            ghosts.push(PageId::new(9));
            ghosts.remove(PageId::new(9));
        }
        assert!(ghosts.queue.len() <= 2 * ghosts.len() + 65, "{} places", ghosts.queue.len());
    }
}
