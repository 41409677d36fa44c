//! The lock table as an object, for A001's baseline.

use std::time::Duration;

use super::{Act, BlockPolicy, LockError, LockId, LockTable, Mode, Owner, OwnerId, Released, WaitGraph};
use crate::compose::Object;
use crate::metrics::Metrics;
use crate::sync::Arc;

impl<V: LockTable + 'static> LockTable for Object<V, dyn LockTable> {
    fn new(metrics: &Arc<Metrics>) -> Self {
        Self::holding(Box::new(V::new(metrics)), metrics)
    }

    #[inline]
    fn acquire(
        &self,
        owner: &mut Owner,
        id: LockId,
        mode: Mode,
        policy: &dyn BlockPolicy,
        patience: Option<Duration>,
    ) -> Result<(), LockError> {
        self.part().acquire(owner, id, mode, policy, patience)
    }

    fn release_all(&self, owner: &mut Owner) -> Released {
        self.part_counted().release_all(owner)
    }

    fn edges(&self, visit: &mut dyn FnMut(OwnerId, OwnerId)) {
        self.part().edges(visit);
    }

    fn is_empty(&self) -> bool {
        self.part().is_empty()
    }
}

/// Of whoever decides about waits, be it more than that.
impl<V, O: BlockPolicy + ?Sized> BlockPolicy for Object<V, O> {
    fn on_block(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act {
        self.part().on_block(waiter, graph)
    }

    fn on_patience(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act {
        self.part().on_patience(waiter, graph)
    }

    fn on_wake(&self, waiter: &Owner) {
        self.part().on_wake(waiter);
    }
}
