//! The replacer as an object, for A001's baseline.

use super::{Replacer, Take};
use crate::buffer::frame::FrameId;
use crate::buffer::page::PageId;
use crate::buffer::residents::Visit;
use crate::compose::Object;
use crate::metrics::Metrics;
use crate::sync::Arc;

impl<V: Replacer + 'static> Replacer for Object<V, dyn Replacer> {
    fn new(frames: usize, metrics: &Arc<Metrics>) -> Self {
        Self::holding(Box::new(V::new(frames, metrics)), metrics)
    }

    #[inline]
    fn hit(&self, frame: FrameId, visit: Visit) {
        self.part().hit(frame, visit);
    }

    fn admit(&self, frame: FrameId, page: PageId, visit: Visit) {
        self.part().admit(frame, page, visit);
    }

    fn evict(&self, incoming: PageId, take: &mut dyn FnMut(FrameId) -> Take) {
        self.part().evict(incoming, take);
    }
}
