//! The baseline: a hash map behind a readers-writer lock, and pins.
//!
//! A pin is counted under the lock that found the page, and a page is forgotten under the same lock if nobody has pinned it:
//! so who has found a page has it until he takes the pin back.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::{PageTable, Pins};
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
    fn get(&self, page: PageId, pins: &dyn Pins) -> Option<FrameId> {
        self.metrics.inc(Counter::PageTableLocks);
        let map = self.map.read();
        let frame = *map.get(&page)?;
        pins.pin(frame);
        Some(frame)
    }

    #[inline]
    fn pins(&self) -> bool {
        true
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

    fn retire(&self, page: PageId, frame: FrameId, pins: &dyn Pins) -> bool {
        self.metrics.inc(Counter::PageTableLocks);
        let mut map = self.map.write();
        if pins.is_pinned(frame) && !cfg!(planted = "pinned_page_evicted") {
            return false;
        }
        map.remove(&page);
        true
    }

    fn remove(&self, page: PageId) {
        self.metrics.inc(Counter::PageTableLocks);
        self.map.write().remove(&page);
    }
}
