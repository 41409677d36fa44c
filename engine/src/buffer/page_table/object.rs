//! The page table as an object, for A001's baseline.

use super::{PageTable, Pins};
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
    fn get(&self, page: PageId, pins: &dyn Pins) -> Option<FrameId> {
        self.part().get(page, pins)
    }

    #[inline]
    fn pins(&self) -> bool {
        self.part().pins()
    }

    fn install(&self, page: PageId, frame: FrameId) -> Result<(), FrameId> {
        self.part().install(page, frame)
    }

    fn retire(&self, page: PageId, frame: FrameId, pins: &dyn Pins) -> bool {
        self.part().retire(page, frame, pins)
    }

    fn remove(&self, page: PageId) {
        self.part().remove(page);
    }
}
