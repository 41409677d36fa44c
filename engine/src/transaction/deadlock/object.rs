//! The deadlock policy as an object, for A001's baseline.

use super::{BlockPolicy, DeadlockPolicy};
use crate::compose::Object;
use crate::concurrent::lock_table::{Act, Owner, WaitGraph};
use crate::metrics::Metrics;
use crate::sync::Arc;

impl<V: DeadlockPolicy + 'static> DeadlockPolicy for Object<V, dyn DeadlockPolicy> {
    fn new(metrics: Arc<Metrics>) -> Self {
        Self::holding(Box::new(V::new(Arc::clone(&metrics))), &metrics)
    }
}

impl<V: DeadlockPolicy + 'static> BlockPolicy for Object<V, dyn DeadlockPolicy> {
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
