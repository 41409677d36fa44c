//! The deadlock policy as an object, for A001's baseline.

use super::DeadlockPolicy;
use crate::compose::Object;
use crate::metrics::Metrics;
use crate::sync::Arc;

impl<V: DeadlockPolicy + 'static> DeadlockPolicy for Object<V, dyn DeadlockPolicy> {
    fn new(metrics: Arc<Metrics>) -> Self {
        Self::holding(Box::new(V::new(Arc::clone(&metrics))), &metrics)
    }
}
