//! Where readers announce themselves: a word each, on a line of its own.
//!
//! A reader takes a seat with its first announcement and keeps it, so that announcing is one store and one fence. Seats stand
//! in blocks that are added as readers come; who looks at all of them looks at those ever taken.

use super::epochs::Epoch;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
use crate::sync::{Arc, CachePadded, Mutex, OnceLock};

/// Seats of a block.
const BLOCK: usize = if cfg!(loom) { 2 } else { 64 };

/// Blocks: for twice as many readers as transactions can be open.
const BLOCKS: usize = if cfg!(loom) { 1 } else { 128 };

/// What stands at the seat of a reader that holds no pointers.
const RESTING: u64 = 0;

type Block = Box<[CachePadded<AtomicU64>]>;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Seats {
    blocks: Box<[OnceLock<Block>]>,
    /// So many, from the front, have ever been taken.
    taken: AtomicUsize,
    free: Mutex<Vec<usize>>,
}

/// A session's seat in a domain, once it has one.
#[derive(Debug, Default)]
pub struct Reader {
    seat: Option<Seat>,
}

#[derive(Debug)]
struct Seat {
    seats: Arc<Seats>,
    number: usize,
    announced: bool,
}

impl Default for Seats {
    fn default() -> Self {
        let blocks = (0..BLOCKS).map(|_| OnceLock::new()).collect();
        Self { blocks, taken: AtomicUsize::new(0), free: Mutex::new(Vec::new()) }
    }
}

impl Seats {
    /// Whether somebody is announced with another epoch than `now`. Fenced, so that who announces too late to be seen here
    /// sees everything that happened before.
    pub(super) fn anyone_before(&self, now: Epoch) -> bool {
        if cfg!(planted = "epoch_passes_a_reader") {
            return false;
        }
        fence(Ordering::SeqCst);
        (0..self.taken.load(Ordering::Acquire)).any(|number| {
            // Acquire: what the reader read before it rested has been read.
            let announced = self.word(number).load(Ordering::Acquire);
            announced != RESTING && announced != now.0
        })
    }

    fn take(self: &Arc<Self>) -> Seat {
        let mut free = self.free.lock();
        let number = free.pop().unwrap_or_else(|| {
            let number = self.taken.load(Ordering::Relaxed);
            assert!(number < BLOCK * BLOCKS, "more than {} readers at one time", BLOCK * BLOCKS);
            let block = || (0..BLOCK).map(|_| CachePadded(AtomicU64::new(RESTING))).collect();
            self.blocks[number / BLOCK].get_or_init(block);
            // Before the first announcement: a fence that follows it is followed by this.
            self.taken.store(number + 1, Ordering::Release);
            number
        });
        Seat { seats: Arc::clone(self), number, announced: false }
    }

    fn word(&self, number: usize) -> &AtomicU64 {
        match self.blocks[number / BLOCK].get() {
            Some(block) => &block[number % BLOCK],
            None => unreachable!("a seat without its block"),
        }
    }
}

impl Reader {
    /// Announces the reader with the epoch of this moment, unless it is announced already.
    #[inline]
    pub(super) fn enter(&mut self, seats: &Arc<Seats>, now: &AtomicU64) {
        let seat = self.seat.get_or_insert_with(|| seats.take());
        debug_assert!(Arc::ptr_eq(&seat.seats, seats), "a reader of another domain");
        if !seat.announced {
            // Acquire: who announces an epoch sees everything that was unlinked before it began.
            seat.seats.word(seat.number).store(now.load(Ordering::Acquire), Ordering::Relaxed);
            fence(Ordering::SeqCst);
            seat.announced = true;
        }
    }

    /// Ends the announcement.
    #[inline]
    pub(super) fn rest(&mut self) {
        if let Some(seat) = &mut self.seat
            && seat.announced
        {
            seat.rest();
        }
    }
}

impl Seat {
    fn rest(&mut self) {
        self.seats.word(self.number).store(RESTING, Ordering::Release);
        self.announced = false;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.rest();
        self.seats.free.lock().push(self.number);
    }
}
