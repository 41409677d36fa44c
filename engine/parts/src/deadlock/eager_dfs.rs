//! The baseline: a depth-first search at every block.

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use super::DeadlockPolicy;
use crate::concurrent::lock_table::{Act, BlockPolicy, Owner, OwnerId, WaitGraph};
use crate::metrics::{Counter, Metrics};
use crate::sync::Arc;

/// See the [module](self).
#[derive(Debug, Default)]
pub struct EagerDfs {
    metrics: Arc<Metrics>,
}

impl DeadlockPolicy for EagerDfs {
    fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics }
    }
}

impl BlockPolicy for EagerDfs {
    fn on_block(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act {
        self.metrics.inc(Counter::DeadlockChecks);
        match youngest_in_cycle(waiter.id(), graph) {
            Some(victim) => Act::Abort(victim),
            None => Act::Wait { recheck_after: None },
        }
    }

    fn on_patience(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act {
        self.on_block(waiter, graph)
    }

    fn on_wake(&self, _waiter: &Owner) {}
}

/// The youngest member of a cycle through `start`, if there is one.
pub(super) fn youngest_in_cycle(start: OwnerId, graph: &dyn WaitGraph) -> Option<OwnerId> {
    // An explicit stack of (node, its depth): a convoy may be thousands long. `path` is the way to the node at hand.
    let mut path: Vec<OwnerId> = Vec::new();
    let mut seen: HashSet<OwnerId, FixedState> = HashSet::from_iter([start]);
    let mut stack = vec![(start, 0)];
    while let Some((node, depth)) = stack.pop() {
        path.truncate(depth);
        path.push(node);
        let mut closes = false;
        graph.blockers(node, &mut |next| {
            closes |= next == start;
            if seen.insert(next) {
                stack.push((next, depth + 1));
            }
        });
        if closes {
            return path.iter().copied().max();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadlock::edges::Edges;

    #[track_caller]
    fn check(edges: &'static [(u64, u64)], start: u64, victim: Option<u64>) {
        assert_eq!(youngest_in_cycle(OwnerId(start), &Edges(edges)), victim.map(OwnerId));
    }

    #[test]
    fn a_chain_is_no_cycle() {
        check(&[(1, 2), (2, 3)], 1, None);
    }

    #[test]
    fn the_youngest_of_the_cycle_is_chosen_not_of_the_graph() {
        check(&[(1, 9), (1, 2), (2, 3), (3, 1)], 1, Some(3));
    }

    #[test]
    fn a_cycle_elsewhere_is_not_ours() {
        check(&[(1, 2), (2, 3), (3, 2)], 1, None);
    }

    #[test]
    fn a_detour_does_not_join_the_path() {
        // 1 → 7 → 8 is a dead end visited first or last; the cycle is 1 → 2 → 1.
        check(&[(1, 2), (1, 7), (7, 8), (2, 1)], 1, Some(2));
    }
}
