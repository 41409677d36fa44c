//! The split policy as an object, for A001's baseline.

use super::{SplitPlan, SplitPolicy};
use crate::buffer::PageId;
use crate::compose::Object;
use crate::metrics::Metrics;
use crate::storage::slotted::SlottedPage;
use crate::sync::Arc;

impl<V: SplitPolicy + 'static> SplitPolicy for Object<V, dyn SplitPolicy> {
    fn new(metrics: &Arc<Metrics>) -> Self {
        Self::holding(Box::new(V::new(metrics)), metrics)
    }

    fn choose(&self, node: &SlottedPage, key: &[u8]) -> SplitPlan {
        self.part().choose(node, key)
    }

    #[inline]
    fn fast_path(&self) -> Option<PageId> {
        self.part().fast_path()
    }

    #[inline]
    fn landed(&self, leaf: PageId) {
        self.part().landed(leaf);
    }
}
