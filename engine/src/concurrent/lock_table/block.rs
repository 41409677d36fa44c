//! The port through which a lock table asks what to do about a wait. Implemented by `transaction::deadlock`.

use std::time::Duration;

use super::OwnerId;

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

/// The waits-for graph as it is at the moment of the question.
pub trait WaitGraph {
    /// Visits those whom `waiter` waits for: holders of an incompatible mode and everybody ahead in the queue. Nobody,
    /// if it does not wait.
    fn blockers(&self, waiter: OwnerId, visit: &mut dyn FnMut(OwnerId));
}

/// How waits end that would never end by themselves.
pub trait BlockPolicy {
    /// `waiter` has just been queued.
    fn on_block(&self, waiter: OwnerId, graph: &dyn WaitGraph) -> Act;

    /// `waiter` has waited as long as the policy wanted.
    fn on_patience(&self, waiter: OwnerId, graph: &dyn WaitGraph) -> Act;

    /// `waiter` waits no more, for whatever reason.
    fn on_wake(&self, waiter: OwnerId);
}
