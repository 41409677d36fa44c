//! The optimized variant: one word for each waiting transaction, looked at by those who have waited for long.
//!
//! ```text
//! seats   [ owner | epoch, blocker | work ]  [ … ]      found by the owner's id
//! walk    me ─▶ my blocker ─▶ its blocker ─▶ … ─▶ me?   no lock; each word once more afterwards
//! proof   the same edges, with the graph standing still
//! ```
//! **A wait writes one edge**, to whoever is just ahead in the queue or, for the first, to a holder. That is enough: if
//! transactions wait for each other for ever, each of them has an edge to one of them, and who follows edges among finitely
//! many comes round. (MariaDB: at most one blocking transaction per waiter.) For rows, which are locked exclusively, that
//! edge stays true until the wait ends; where it does not, since a sharer left or one ahead gave up, the next look
//! mends it.
//!
//! **Nobody looks before its patience is at an end**: twice what a wait has lately lasted, between 1 and 10 ms. Nearly all
//! waits are over by then, and cost a store at either end. Who still waits looks, and again each time as much later: that is
//! the backstop as well, so that no thread need sweep.
//!
//! **Time proves nothing.** A walk that comes round is believed if every word is still as it was (same epoch), so that all
//! edges were there at one time; and since words may lag behind the queues, the edges are then looked up in the table
//! standing still, where the victim leaves before anything can move. So whoever gives way was in a cycle, and each cycle
//! loses one.
//!
//! *The price*: a cycle lasts a patience longer than it need. *The victim* is who has logged the least, the youngest among
//! equals: the least is undone.

use std::time::{Duration, Instant};

use super::DeadlockPolicy;
use crate::concurrent::lock_table::{Act, BlockPolicy, Owner, OwnerId, WaitGraph};
use crate::metrics::{Counter, Metrics};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Shortest and longest patience.
const PATIENCE_NS: std::ops::RangeInclusive<u64> = 1_000_000..=10_000_000;

/// The average of waits is moved by this part of the difference: about the last 2³ count.
const EWMA_SHIFT: u32 = 3;

/// Transactions that can wait at one time, about. Each has a thread that sleeps.
#[cfg(not(any(loom, shuttle)))]
const SEATS: usize = 1024;
#[cfg(any(loom, shuttle))]
const SEATS: usize = 8;

/// Seats tried for an owner. Who finds none has no edge, and looks at the standing graph instead.
const PROBES: usize = 8;

/// See the [module](self).
#[derive(Debug)]
pub struct LazyEdges {
    seats: Box<[Seat]>,
    /// What a wait has lately lasted, in ns.
    usual_ns: AtomicU64,
    metrics: Arc<Metrics>,
}

/// A waiting transaction. Written by itself, read by all.
#[derive(Debug)]
#[repr(align(64))]
struct Seat {
    /// Its id; 0 = nobody's. Changes only while the edge leads nowhere.
    owner: AtomicU64,
    edge: AtomicU64,
    /// Bytes it has logged.
    work: AtomicU64,
    /// When it began to wait, in ns since some time.
    since_ns: AtomicU64,
}

/// A word of a seat: whom its owner waits for, and how often the word has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edge(u64);

impl Edge {
    const BLOCKER: u64 = (1 << 40) - 1;

    /// The next word after `self`: to `blocker`, by the lower bits of its id, or to nobody.
    fn next(self, blocker: Option<OwnerId>) -> Self {
        let epoch = (self.0 & !Self::BLOCKER).wrapping_add(Self::BLOCKER + 1);
        Self(epoch | blocker.map_or(0, |blocker| blocker.0 & Self::BLOCKER))
    }

    fn blocker(self) -> Option<u64> {
        Some(self.0 & Self::BLOCKER).filter(|blocker| *blocker != 0)
    }
}

/// A seat on the way, and what was read of it.
#[derive(Debug, Clone, Copy)]
struct Step<'s> {
    seat: &'s Seat,
    owner: u64,
    edge: Edge,
}

impl DeadlockPolicy for LazyEdges {
    fn new(metrics: Arc<Metrics>) -> Self {
        let word = || AtomicU64::new(0);
        let seat = || Seat { owner: word(), edge: word(), work: word(), since_ns: word() };
        Self { seats: (0..SEATS).map(|_| seat()).collect(), usual_ns: word(), metrics }
    }
}

impl Default for LazyEdges {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

impl BlockPolicy for LazyEdges {
    fn on_block(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act {
        if let Some(seat) = self.seat(waiter.id().0).or_else(|| self.sit_down(waiter)) {
            seat.point(graph.blocker(waiter.id()));
        }
        Act::Wait { recheck_after: Some(self.patience()) }
    }

    fn on_patience(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act {
        self.metrics.inc(Counter::DeadlockChecks);
        let me = waiter.id();
        if cfg!(planted = "long_wait_taken_for_deadlock") {
            return Act::Abort(me);
        }
        let Some(seat) = self.seat(me.0).or_else(|| self.sit_down(waiter)) else {
            return self.look_at_all(me, graph);
        };
        seat.point(graph.blocker(me));
        if let Some(cycle) = self.cycle_through(me.0)
            && is_proven(&cycle, graph)
        {
            // The victim of a cycle is the same whoever looks: nobody's work grows while it waits.
            let least = cycle.iter().min_by_key(|step| {
                let youngest_first = std::cmp::Reverse(step.owner);
                (step.seat.work.load(Ordering::Relaxed), youngest_first)
            });
            if let Some(victim) = least {
                return Act::Abort(OwnerId(victim.owner));
            }
        }
        Act::Wait { recheck_after: Some(self.patience()) }
    }

    fn on_wake(&self, waiter: &Owner) {
        let Some(seat) = self.seat(waiter.id().0) else { return };
        seat.point(None);
        let waited = now_ns().saturating_sub(seat.since_ns.load(Ordering::Relaxed));
        seat.owner.store(0, Ordering::Release);
        // Two at once may lose one of the two: it is an average.
        let usual = self.usual_ns.load(Ordering::Relaxed);
        let moved = usual - (usual >> EWMA_SHIFT) + (waited >> EWMA_SHIFT);
        self.usual_ns.store(moved, Ordering::Relaxed);
    }
}

impl LazyEdges {
    fn patience(&self) -> Duration {
        let twice = 2 * self.usual_ns.load(Ordering::Relaxed);
        Duration::from_nanos(twice.clamp(*PATIENCE_NS.start(), *PATIENCE_NS.end()))
    }

    fn probes(&self, owner: u64) -> impl Iterator<Item = &Seat> {
        // By the bits that an edge keeps. Ids are dense, so neighbours in time get neighbouring seats.
        let first = (owner & Edge::BLOCKER) as usize;
        (0..PROBES).map(move |probe| &self.seats[(first + probe) % SEATS])
    }

    /// The seat of a waiting transaction, by the lower bits of its id.
    fn seat(&self, owner: u64) -> Option<&Seat> {
        self.probes(owner).find(|seat| {
            let sitting = seat.owner.load(Ordering::Acquire);
            sitting != 0 && sitting & Edge::BLOCKER == owner & Edge::BLOCKER
        })
    }

    fn sit_down(&self, waiter: &Owner) -> Option<&Seat> {
        let free =
            |seat: &&Seat| seat.owner.compare_exchange(0, waiter.id().0, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        let seat = self.probes(waiter.id().0).find(free)?;
        seat.work.store(waiter.work(), Ordering::Relaxed);
        seat.since_ns.store(now_ns(), Ordering::Relaxed);
        Some(seat)
    }

    /// Follows the edges until they lead back, in one path of edges that were all there at one time.
    fn cycle_through(&self, me: u64) -> Option<Vec<Step<'_>>> {
        let mut path: Vec<Step<'_>> = Vec::new();
        let mut at = me & Edge::BLOCKER;
        // As long as there are seats: the way may lead into a cycle that is others' concern.
        while path.len() <= SEATS {
            let step = self.seat(at)?.step();
            at = step.edge.blocker()?;
            path.push(step);
            if at == me & Edge::BLOCKER {
                let unchanged = path.iter().all(Step::is_unchanged);
                return unchanged.then_some(path);
            }
        }
        None
    }

    /// The way out without a seat: all edges of the standing graph.
    fn look_at_all(&self, me: OwnerId, graph: &dyn WaitGraph) -> Act {
        match super::eager_dfs::youngest_in_cycle(me, graph) {
            Some(victim) => Act::Abort(victim),
            None => Act::Wait { recheck_after: Some(self.patience()) },
        }
    }
}

impl Seat {
    /// Leads the edge elsewhere, if it does not lead there already. By its owner only.
    fn point(&self, blocker: Option<OwnerId>) {
        let edge = Edge(self.edge.load(Ordering::Relaxed));
        if edge.blocker() != blocker.map(|blocker| blocker.0 & Edge::BLOCKER) {
            self.edge.store(edge.next(blocker).0, Ordering::SeqCst);
        }
    }

    fn step(&self) -> Step<'_> {
        let owner = self.owner.load(Ordering::SeqCst);
        Step { seat: self, owner, edge: Edge(self.edge.load(Ordering::SeqCst)) }
    }
}

impl Step<'_> {
    fn is_unchanged(&self) -> bool {
        let now = self.seat.step();
        (now.owner, now.edge) == (self.owner, self.edge)
    }
}

/// Whether the table, standing still, has every edge of the cycle.
fn is_proven(cycle: &[Step<'_>], graph: &dyn WaitGraph) -> bool {
    if cfg!(planted = "cycle_unproven") {
        return true;
    }
    let next = cycle.iter().cycle().skip(1);
    cycle.iter().zip(next).all(|(step, next)| {
        let mut waits = false;
        graph.blockers(OwnerId(step.owner), &mut |blocker| waits |= blocker.0 == next.owner);
        waits
    })
}

/// Nanoseconds since some time that is the same for all.
fn now_ns() -> u64 {
    static BIRTH: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BIRTH.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::deadlock::edges::Edges;

    const WAIT: fn(Act) -> bool = |act| matches!(act, Act::Wait { recheck_after: Some(_) });

    fn working(id: u64, work: u64) -> Owner {
        let mut owner = Owner::new(OwnerId(id));
        owner.note_work(work);
        owner
    }

    #[test]
    fn nobody_is_a_victim_before_its_patience_ends() {
        let (policy, graph) = (LazyEdges::default(), Edges(&[(1, 2), (2, 1)]));
        let (a, b) = (working(1, 10), working(2, 20));
        assert!(WAIT(policy.on_block(&a, &graph)) && WAIT(policy.on_block(&b, &graph)));
        assert_eq!(policy.on_patience(&b, &graph), Act::Abort(OwnerId(1)), "it has logged the least");
        assert_eq!(policy.on_patience(&a, &graph), Act::Abort(OwnerId(1)), "whoever looks");
        policy.on_wake(&a);
        assert!(WAIT(policy.on_patience(&b, &graph)), "the cycle is broken");
    }

    #[test]
    fn among_equals_the_youngest_gives_way() {
        let (policy, graph) = (LazyEdges::default(), Edges(&[(1, 3), (3, 2), (2, 1)]));
        let owners = [1, 2, 3].map(|id| working(id, 7));
        owners.iter().for_each(|owner| assert!(WAIT(policy.on_block(owner, &graph))));
        assert_eq!(policy.on_patience(&owners[0], &graph), Act::Abort(OwnerId(3)));
    }

    #[test]
    fn a_cycle_elsewhere_and_a_chain_are_left_alone() {
        let (policy, graph) = (LazyEdges::default(), Edges(&[(1, 2), (2, 3), (3, 2), (4, 5)]));
        let owners = [1, 2, 3, 4].map(|id| working(id, id));
        owners.iter().for_each(|owner| assert!(WAIT(policy.on_block(owner, &graph))));
        assert!(WAIT(policy.on_patience(&owners[0], &graph)));
        assert!(WAIT(policy.on_patience(&owners[3], &graph)));
    }

    /// The words say what was; the table decides.
    #[test]
    fn an_edge_that_the_table_does_not_have_proves_nothing() {
        let policy = LazyEdges::default();
        let (a, b) = (working(1, 1), working(2, 1));
        assert!(WAIT(policy.on_block(&a, &Edges(&[(1, 2)]))));
        assert!(WAIT(policy.on_block(&b, &Edges(&[(2, 1)]))));
        assert!(WAIT(policy.on_patience(&b, &Edges(&[(2, 1)]))), "1 has its lock by now");
    }

    #[test]
    fn without_a_seat_the_whole_graph_is_searched() {
        let (policy, graph) = (LazyEdges::default(), Edges(&[(9000, 9001), (9001, 9000)]));
        // Ids that fall on the same seats.
        for n in 0..PROBES as u64 {
            policy.on_block(&working(9000 + SEATS as u64 * (n + 1), 1), &Edges(&[]));
        }
        let stranded = working(9000, 1);
        assert!(WAIT(policy.on_block(&stranded, &graph)));
        assert_eq!(policy.on_patience(&stranded, &graph), Act::Abort(OwnerId(9001)));
    }

    #[test]
    #[cfg_attr(miri, ignore = "there, no wait is short")]
    fn patience_follows_the_waits_within_its_bounds() {
        let policy = LazyEdges::default();
        assert_eq!(policy.patience(), Duration::from_millis(1));
        policy.usual_ns.store(3_000_000, Ordering::Relaxed);
        assert_eq!(policy.patience(), Duration::from_millis(6));
        policy.usual_ns.store(3_000_000_000, Ordering::Relaxed);
        assert_eq!(policy.patience(), Duration::from_millis(10));
        for _ in 0..200 {
            let owner = working(1, 0);
            policy.on_block(&owner, &Edges(&[(1, 2)]));
            policy.on_wake(&owner);
        }
        assert_eq!(policy.patience(), Duration::from_millis(1), "short waits make impatient");
    }
}
