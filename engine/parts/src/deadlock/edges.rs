//! A graph of waiting transactions as tests write it down; the real one is the lock table.

use crate::concurrent::lock_table::{OwnerId, WaitGraph};

/// Who waits for whom.
pub(super) struct Edges(pub(super) &'static [(u64, u64)]);

impl WaitGraph for Edges {
    fn blockers(&self, waiter: OwnerId, visit: &mut dyn FnMut(OwnerId)) {
        self.0.iter().filter(|(from, _)| *from == waiter.0).for_each(|(_, to)| visit(OwnerId(*to)));
    }

    fn blocker(&self, waiter: OwnerId) -> Option<OwnerId> {
        self.0.iter().find(|(from, _)| *from == waiter.0).map(|(_, to)| OwnerId(*to))
    }
}
