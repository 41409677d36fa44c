//! The baseline: a hash map behind a readers-writer lock.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::PageTable;
use crate::buffer::frame::FrameId;
use crate::buffer::page::PageId;
use crate::metrics::{Counter, Metrics};
use crate::sync::{Arc, RwLock};

/// `RwLock<HashMap<PageId, FrameId>>`, with a hasher that is fast on integers.
#[derive(Debug)]
pub struct RwLockMap {
    map: RwLock<HashMap<PageId, FrameId, FixedState>>,
    metrics: Arc<Metrics>,
}

impl PageTable for RwLockMap {
    fn new(frames: usize, metrics: &Arc<Metrics>) -> Self {
        let map = RwLock::new(HashMap::with_capacity_and_hasher(frames, FixedState::default()));
        Self { map, metrics: Arc::clone(metrics) }
    }

    #[inline]
    fn get(&self, page: PageId) -> Option<FrameId> {
        self.metrics.inc(Counter::PageTableLocks);
        self.map.read().get(&page).copied()
    }

    fn install(&self, page: PageId, frame: FrameId) -> Result<(), FrameId> {
        self.metrics.inc(Counter::PageTableLocks);
        match self.map.write().entry(page) {
            Entry::Vacant(vacant) => {
                vacant.insert(frame);
                Ok(())
            }
            Entry::Occupied(occupied) => Err(*occupied.get()),
        }
    }

    fn remove(&self, page: PageId) {
        self.metrics.inc(Counter::PageTableLocks);
        self.map.write().remove(&page);
    }
}
