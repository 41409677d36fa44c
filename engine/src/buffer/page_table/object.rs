//! The page table as an object, for A001's baseline.

use super::PageTable;
use crate::buffer::frame::FrameId;
use crate::buffer::page::PageId;
use crate::compose::Object;
use crate::metrics::Metrics;
use crate::sync::Arc;

impl<V: PageTable + 'static> PageTable for Object<V, dyn PageTable> {
    fn new(frames: usize, metrics: &Arc<Metrics>) -> Self {
        Self::holding(Box::new(V::new(frames, metrics)), metrics)
    }

    #[inline]
    fn get(&self, page: PageId) -> Option<FrameId> {
        self.part().get(page)
    }

    fn install(&self, page: PageId, frame: FrameId) -> Result<(), FrameId> {
        self.part().install(page, frame)
    }

    fn remove(&self, page: PageId) {
        self.part().remove(page);
    }
}
