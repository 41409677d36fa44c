//! The baseline: a hash map behind a readers-writer lock.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::PageTable;
use crate::buffer::frame::FrameId;
use crate::buffer::page::PageId;
use crate::sync::RwLock;

/// `RwLock<HashMap<PageId, FrameId>>`, with a hasher that is fast on integers.
#[derive(Debug)]
pub struct RwLockMap {
    map: RwLock<HashMap<PageId, FrameId, FixedState>>,
}

impl PageTable for RwLockMap {
    fn new(frames: usize) -> Self {
        Self { map: RwLock::new(HashMap::with_capacity_and_hasher(frames, FixedState::default())) }
    }

    #[inline]
    fn get(&self, page: PageId) -> Option<FrameId> {
        self.map.read().get(&page).copied()
    }

    fn install(&self, page: PageId, frame: FrameId) -> Result<(), FrameId> {
        match self.map.write().entry(page) {
            Entry::Vacant(vacant) => {
                vacant.insert(frame);
                Ok(())
            }
            Entry::Occupied(occupied) => Err(*occupied.get()),
        }
    }

    fn remove(&self, page: PageId) {
        self.map.write().remove(&page);
    }
}
