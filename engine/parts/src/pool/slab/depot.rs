//! Where threads exchange magazines, and beneath it the slabs: one shelf per class, each under its own lock.
//!
//! A thread comes here once in so many objects, with an empty magazine for a full one or the other way round. What another
//! thread has freed is in the full ones. Only when there are none are objects taken from slabs.
//!
//! *The working set.* Full magazines that were there through all the time between two [trims](Depot::trim) are not needed:
//! their objects go home, and slabs that are whole again to the stock, which any class draws on, or back to the system
//! (Bonwick and Adams §3.6).

use super::class::{Class, SLAB_BYTES};
use super::memory::{Blank, Slab};
use super::rounds::Rounds;
use crate::metrics::{Counter, Metrics};
use crate::sync::{CachePadded, Mutex};

/// Empty slabs that are kept.
const STOCK: usize = 64;

/// See the [module](self).
#[derive(Debug)]
pub struct Depot {
    shelves: Box<[CachePadded<Mutex<Shelf>>]>,
    stock: Mutex<Stock>,
}

/// What there is of one class.
#[derive(Debug, Default)]
struct Shelf {
    full: Vec<Rounds>,
    /// The fewest of these since the last trim.
    unneeded: usize,
    /// Slabs with objects at home.
    slabs: Vec<Slab>,
    slabs_made: usize,
    /// Objects in the hands of threads: in their magazines, or in use.
    lent: usize,
}

#[derive(Debug, Default)]
struct Stock {
    blanks: Vec<Blank>,
    /// Slabs there are, these included.
    slabs: usize,
}

impl Default for Depot {
    fn default() -> Self {
        let shelves = Class::all().map(|_| CachePadded(Mutex::new(Shelf::default()))).collect();
        Self { shelves, stock: Mutex::new(Stock::default()) }
    }
}

impl Depot {
    /// Loads an empty magazine, with one object at least.
    pub(super) fn load(&self, class: Class, rounds: &mut Rounds, metrics: &Metrics) {
        debug_assert!(rounds.is_empty());
        metrics.inc(Counter::PoolRefills);
        let mut shelf = self.shelves[class.index()].lock();
        if let Some(full) = shelf.full.pop() {
            *rounds = full;
            shelf.unneeded = shelf.unneeded.min(shelf.full.len());
        } else {
            if shelf.slabs.is_empty() {
                metrics.inc(Counter::PoolHeapAllocations);
                shelf.slabs_made += 1;
                let slab = Slab::new(self.blank(), class, shelf.slabs_made);
                shelf.add(slab);
            }
            while let Some(slab) = shelf.slabs.last()
                && rounds.len() < class.rounds()
            {
                slab.lend(rounds);
                if slab.home() == 0 {
                    shelf.slabs.pop();
                }
            }
        }
        shelf.lent += rounds.len();
    }

    /// Takes a full magazine, leaving it empty.
    pub(super) fn unload(&self, class: Class, rounds: &mut Rounds) {
        let mut shelf = self.shelves[class.index()].lock();
        shelf.lent -= rounds.len();
        let full = rounds.take();
        shelf.full.push(full);
    }

    /// Takes the objects of a magazine that is not full, leaving it empty.
    pub(super) fn take_home(&self, class: Class, rounds: &mut Rounds) {
        let mut shelf = self.shelves[class.index()].lock();
        shelf.lent -= rounds.len();
        self.send_home(&mut shelf, rounds.take());
    }

    /// Gives back what was not needed since the last call.
    pub fn trim(&self) {
        for shelf in &self.shelves {
            let mut shelf = shelf.lock();
            let unneeded = shelf.unneeded.min(shelf.full.len());
            self.shrink(&mut shelf, unneeded);
            shelf.unneeded = shelf.full.len();
        }
    }

    /// Objects in the hands of threads: in use, or in their magazines.
    pub fn lent(&self) -> usize {
        self.shelves.iter().map(|shelf| shelf.lock().lent).sum()
    }

    /// Bytes of all slabs, those in stock included.
    pub fn footprint_bytes(&self) -> usize {
        self.stock.lock().slabs * SLAB_BYTES
    }

    /// Sends the objects of the `count` magazines home that have lain here the longest.
    fn shrink(&self, shelf: &mut Shelf, count: usize) {
        let gone: Vec<_> = shelf.full.drain(..count).collect();
        gone.into_iter().for_each(|rounds| self.send_home(shelf, rounds));
    }

    fn send_home(&self, shelf: &mut Shelf, mut rounds: Rounds) {
        while let Some(object) = rounds.pop() {
            // SAFETY: magazines hold nothing but objects of slabs.
            let slab = unsafe { Slab::of(object) };
            slab.take_home(object);
            if slab.home() == 1 {
                shelf.add(slab);
            }
            if slab.is_whole() {
                shelf.remove(slab);
                self.put_in_stock(slab.into_blank());
            }
        }
    }

    fn blank(&self) -> Blank {
        let mut stock = self.stock.lock();
        stock.blanks.pop().unwrap_or_else(|| {
            stock.slabs += 1;
            Blank::new()
        })
    }

    fn put_in_stock(&self, blank: Blank) {
        let mut stock = self.stock.lock();
        if stock.blanks.len() < STOCK {
            stock.blanks.push(blank);
        } else {
            stock.slabs -= 1;
        }
    }
}

impl Drop for Depot {
    fn drop(&mut self) {
        for shelf in &self.shelves {
            let mut shelf = shelf.lock();
            let all = shelf.full.len();
            self.shrink(&mut shelf, all);
            // A slab that is not whole stays for whoever has its objects.
        }
    }
}

impl Shelf {
    fn add(&mut self, slab: Slab) {
        slab.set_place(self.slabs.len());
        self.slabs.push(slab);
    }

    fn remove(&mut self, slab: Slab) {
        let place = slab.place();
        self.slabs.swap_remove(place);
        if let Some(moved) = self.slabs.get(place) {
            moved.set_place(place);
        }
    }
}
