//! A thread's magazines: two per class, so that a thread which makes and frees at a magazine's edge does not go to the depot
//! each time (Bonwick and Adams §3.1).

use std::ptr::NonNull;

use super::class::Class;
use super::depot::Depot;
use super::memory::Slab;
use super::rounds::Rounds;
use crate::metrics::Metrics;
use crate::sync::Arc;

/// See the [module](self).
#[derive(Debug)]
pub struct Cache {
    slots: [Slot; Class::COUNT],
    depot: Arc<Depot>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    loaded: Rounds,
    /// Full or empty.
    previous: Rounds,
}

impl Cache {
    /// Empty magazines of a depot.
    pub fn new(depot: Arc<Depot>) -> Self {
        Self { slots: [Slot { loaded: Rounds::new(), previous: Rounds::new() }; Class::COUNT], depot }
    }

    /// Takes an object, which is the caller's then.
    #[inline]
    pub fn take(&mut self, class: Class, metrics: &Metrics) -> NonNull<u8> {
        let object = match self.slots[class.index()].loaded.pop() {
            Some(object) => object,
            None => self.reload(class, metrics),
        };
        // SAFETY: magazines hold nothing but objects of slabs.
        unsafe { Slab::of(object) }.note_taken(object);
        object
    }

    /// Gives an object back.
    ///
    /// # Safety
    /// It came from [`take`](Self::take) of a cache of the same depot and this class, and is the caller's.
    #[inline]
    pub unsafe fn give(&mut self, class: Class, object: NonNull<u8>) {
        // SAFETY: the caller's promise.
        unsafe { Slab::of(object) }.note_freed(object, class);
        if self.slots[class.index()].loaded.len() == class.rounds() {
            self.unload(class);
        }
        self.slots[class.index()].loaded.push(object);
    }

    /// Objects in the magazines.
    pub fn len(&self) -> usize {
        self.slots.iter().map(|slot| slot.loaded.len() + slot.previous.len()).sum()
    }

    /// Whether the magazines are empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[cold]
    fn reload(&mut self, class: Class, metrics: &Metrics) -> NonNull<u8> {
        let Slot { loaded, previous } = &mut self.slots[class.index()];
        std::mem::swap(loaded, previous);
        if loaded.is_empty() {
            self.depot.load(class, loaded, metrics);
        }
        loaded.pop().unwrap_or_else(|| unreachable!("the depot loads one object at least"))
    }

    #[cold]
    fn unload(&mut self, class: Class) {
        let Slot { loaded, previous } = &mut self.slots[class.index()];
        if !previous.is_empty() {
            self.depot.unload(class, previous);
        }
        std::mem::swap(loaded, previous);
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        for class in Class::all() {
            let Slot { loaded, previous } = &mut self.slots[class.index()];
            self.depot.take_home(class, loaded);
            if !cfg!(planted = "magazine_lost_with_its_thread") {
                self.depot.take_home(class, previous);
            }
        }
    }
}
