//! The baseline: exact LRU, a doubly linked list threaded through an array, behind a mutex.

use super::{Replacer, Take};
use crate::buffer::frame::FrameId;
use crate::buffer::page::PageId;
use crate::buffer::residents::Visit;
use crate::metrics::Metrics;
use crate::sync::{Arc, Mutex};

const NONE: u32 = u32::MAX;
/// `newer` of a frame that is not in the list.
const OUT: u32 = u32::MAX - 1;

/// Frames from the most to the least recently used.
#[derive(Debug)]
pub struct Lru(Mutex<List>);

#[derive(Debug)]
struct List {
    links: Box<[Links]>,
    newest: u32,
    oldest: u32,
}

#[derive(Clone, Copy, Debug)]
struct Links {
    newer: u32,
    older: u32,
}

impl Replacer for Lru {
    fn new(frames: usize, _metrics: &Arc<Metrics>) -> Self {
        let links = vec![Links { newer: OUT, older: NONE }; frames].into_boxed_slice();
        Self(Mutex::new(List { links, newest: NONE, oldest: NONE }))
    }

    #[inline]
    fn hit(&self, FrameId(frame): FrameId, _visit: Visit) {
        let mut list = self.0.lock();
        if list.newest != frame && list.is_in(frame) {
            list.unlink(frame);
            list.push_newest(frame);
        }
    }

    fn admit(&self, frame: FrameId, _page: PageId, _visit: Visit) {
        let mut list = self.0.lock();
        assert!(!list.is_in(frame.0), "frame {} admitted twice", frame.0);
        list.push_newest(frame.0);
    }

    fn evict(&self, _incoming: PageId, take: &mut dyn FnMut(FrameId) -> Take) {
        let mut list = self.0.lock();
        let mut candidate = list.oldest;
        while candidate != NONE {
            let newer = list.links[candidate as usize].newer;
            match take(FrameId(candidate)) {
                Take::Taken => list.unlink(candidate),
                Take::Last => return list.unlink(candidate),
                Take::Busy => {}
                Take::Enough => return,
            }
            candidate = newer;
        }
    }
}

impl List {
    #[inline]
    fn is_in(&self, frame: u32) -> bool {
        self.links[frame as usize].newer != OUT
    }

    #[inline]
    fn unlink(&mut self, frame: u32) {
        let Links { newer, older } = self.links[frame as usize];
        match newer {
            NONE => self.newest = older,
            newer => self.links[newer as usize].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => self.links[older as usize].newer = newer,
        }
        self.links[frame as usize].newer = OUT;
    }

    #[inline]
    fn push_newest(&mut self, frame: u32) {
        self.links[frame as usize] = Links { newer: NONE, older: self.newest };
        match self.newest {
            NONE => self.oldest = frame,
            second => self.links[second as usize].newer = frame,
        }
        self.newest = frame;
    }
}
