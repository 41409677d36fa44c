//! The port through which a lock table asks what to do about a wait. Implemented by `transaction::deadlock`.

use std::time::Duration;

use super::{Owner, OwnerId};

/// What a transaction that cannot have its lock shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Wait; if `recheck_after` passes first, the table asks [`BlockPolicy::on_patience`].
    Wait {
        /// How long to wait before asking again; `None` = until granted.
        recheck_after: Option<Duration>,
    },
    /// This owner is the victim: the requester, or another one that waits already. After another one was
    /// removed the table asks again.
    Abort(OwnerId),
}

/// The waits-for graph.
pub trait WaitGraph {
    /// Visits those whom `waiter` waits for: holders of an incompatible mode and everybody ahead in the queue. Nobody,
    /// if it does not wait. From the first call on the whole graph stands still until the question is answered.
    fn blockers(&self, waiter: OwnerId, visit: &mut dyn FnMut(OwnerId));

    /// One of them: whoever is just ahead in the queue or, for the first, a holder of an incompatible mode. Looks at
    /// this one queue and stops nobody else.
    fn blocker(&self, waiter: OwnerId) -> Option<OwnerId>;
}

/// How waits end that would never end by themselves. No call is made with a latch or mutex held that another call could
/// wait for.
pub trait BlockPolicy {
    /// `waiter` has just been queued, or a victim other than itself was removed at its request.
    fn on_block(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act;

    /// `waiter` has waited as long as the policy wanted.
    fn on_patience(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act;

    /// `waiter` waits no more, for whatever reason. May be said twice.
    fn on_wake(&self, waiter: &Owner);
}
