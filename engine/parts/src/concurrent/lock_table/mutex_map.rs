//! The baseline lock table: one mutex, one map of queue objects.
//!
//! Nearly every lock has one holder and no queue in all its life: such a head needs no memory beyond the map, whose mutex
//! everybody wants.

use std::time::Duration;

use super::queue::{Answer, Fate, Queues};
use super::wait::{Waitable, wait_out};
use super::{Act, BlockPolicy, LockError, LockId, LockTable, Mode, Owner, OwnerId, Released, WaitGraph};
use crate::metrics::Metrics;
use crate::sync::{Arc, Mutex};

/// See the [module](self).
#[derive(Debug, Default)]
pub struct MutexMap {
    queues: Mutex<Queues<LockId>>,
}

impl LockTable for MutexMap {
    fn new(_metrics: &Arc<Metrics>) -> Self {
        Self::default()
    }

    fn acquire(
        &self,
        owner: &mut Owner,
        id: LockId,
        mode: Mode,
        policy: &dyn BlockPolicy,
        patience: Option<Duration>,
    ) -> Result<(), LockError> {
        let mut queues = self.queues.lock();
        let (slot, upgrade) = match queues.request(owner.id(), id, mode) {
            Answer::New => {
                owner.push_queued(id);
                return Ok(());
            }
            Answer::Held => return Ok(()),
            Answer::Queued { slot, upgrade } => (slot, upgrade),
        };
        let act = judge(&mut queues, |graph| policy.on_block(owner, graph));
        drop(queues);
        let granted = wait_out(self, owner, &slot, act, policy, patience);
        policy.on_wake(owner);
        if granted.is_ok() && !upgrade {
            owner.push_queued(id);
        }
        granted
    }

    fn release_all(&self, owner: &mut Owner) -> Released {
        let queued = owner.held() as u64;
        if queued > 0 {
            let mut queues = self.queues.lock();
            let id = owner.id();
            for lock in owner.rows.drain(..).rev().chain(owner.tables.drain(..).rev().map(|held| held.id)) {
                queues.release(id, lock);
            }
        }
        Released { fast: 0, queued }
    }

    fn edges(&self, visit: &mut dyn FnMut(OwnerId, OwnerId)) {
        let queues = self.queues.lock();
        for waiter in queues.waiters() {
            queues.blockers(waiter, &mut |blocker| visit(waiter, blocker));
        }
    }

    fn is_empty(&self) -> bool {
        self.queues.lock().is_empty()
    }
}

impl Waitable for MutexMap {
    fn judge(&self, question: impl FnOnce(&dyn WaitGraph) -> Act) -> Act {
        judge(&mut self.queues.lock(), question)
    }

    fn withdraw(&self, waiter: OwnerId) {
        self.queues.lock().cancel(waiter);
    }
}

fn judge(queues: &mut Queues<LockId>, question: impl FnOnce(&dyn WaitGraph) -> Act) -> Act {
    let act = question(&*queues);
    match act {
        Act::Abort(victim) => {
            if let Some((_, _, slot)) = queues.cancel(victim) {
                slot.decide(Fate::Victim);
            }
        }
        Act::Wait { .. } => {}
    }
    act
}
