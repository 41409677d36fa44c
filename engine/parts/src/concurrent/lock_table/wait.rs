//! A wait from the queue to its end, the same for every table.

use std::time::{Duration, Instant};

use super::queue::{Fate, Slot};
use super::{Act, BlockPolicy, LockError, Owner, OwnerId, WaitGraph};

/// What a wait needs of the table it is in.
pub(super) trait Waitable {
    /// Asks `question` about the graph. If the answer is a victim, that one is out of its queue and knows it before the
    /// graph can move.
    fn judge(&self, question: impl FnOnce(&dyn WaitGraph) -> Act) -> Act;

    /// Takes a waiter out of its queue, if it is still there.
    fn withdraw(&self, waiter: OwnerId);
}

/// Sleeps until granted, chosen as a victim, or out of patience. Returns with the request out of the queue.
pub(super) fn wait_out<T: Waitable>(
    table: &T,
    owner: &Owner,
    slot: &Slot,
    first: Act,
    policy: &dyn BlockPolicy,
    patience: Option<Duration>,
) -> Result<(), LockError> {
    let deadline = patience.map(|patience| Instant::now() + patience);
    let mut act = first;
    loop {
        let recheck_after = match act {
            // There may be a second cycle; or the victim's place in the queue was all we waited for; or it was us.
            Act::Abort(_) if slot.fate() == Fate::Waiting => {
                act = table.judge(|graph| policy.on_block(owner, graph));
                continue;
            }
            Act::Abort(_) => None,
            Act::Wait { recheck_after } => recheck_after,
        };
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let mut fate = slot.sleep(recheck_after.into_iter().chain(left).min());
        if fate == Fate::Waiting && deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            // First: it shall not be found in a cycle that it has left.
            policy.on_wake(owner);
            table.withdraw(owner.id());
            fate = slot.fate();
            if fate == Fate::Waiting {
                return Err(LockError::Timeout(patience.unwrap_or_default()));
            }
        }
        match fate {
            Fate::Granted => return Ok(()),
            Fate::Victim => return Err(LockError::Deadlock),
            Fate::Waiting => act = table.judge(|graph| policy.on_patience(owner, graph)),
        }
    }
}
