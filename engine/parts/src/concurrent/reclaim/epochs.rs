//! The optimized domain: epochs that bytes move on.
//!
//! ```text
//!  epoch       7                8                9  ◀ now
//!  limbo    [▪▪▪▪▪▪▪▪]──────▶[▪▪▪▪▪▪]────────▶[▪▪▪]       bags of typed pointers, each with its epoch and its bytes
//!              │ nobody is announced with less than 9:
//!              ▼ free, into the pool
//!  readers  [9] [resting] [8] [resting] …                  8 holds the epoch at 9, and so the bags of 8 and 9
//! ```
//! * **Bytes, not pins.** Every [`STEP_BYTES`] retired, and at the end of each batch, the retirer tries to move the epoch on,
//!   and frees the bags that are two epochs old. So limbo holds some three steps, however large the burst, unless a
//!   reader is in the way.
//! * **Announced for a leaf, not for a version.** A scan announces itself when it first needs an older version in a leaf, and
//!   rests at the leaf's end. A transaction that waits for its client holds its snapshot, but no limbo.
//! * **Typed bags.** A domain has one type of objects: no closures, and no link in objects that are alive, which would cost
//!   each of them eight bytes.
//!
//! *Why two epochs.* The epoch moves on from e only when everybody announced has announced e. A reader that got its pointer
//! before the object was unlinked, in e, announced e or less. It holds the epoch at e + 1 at the latest. Who announces e + 1 has
//! seen the epoch move, hence the object unlinked. So at e + 2 nobody has a pointer.
//!
//! *Left out.* Retirement per thread: here vacuum retires, one thread at a time, and a list per thread is memory that nobody
//! counts. Freeing little by little (Kim et al.): theirs is for allocators whose thread caches overflow; magazines are
//! exchanged whole.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::gauge::Gauge;
use super::seats::{Reader, Seats};
use super::{Reclaim, Retired};
use crate::metrics::{Counter, Metrics};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex};

/// Bytes retired between two attempts to move the epoch on.
pub const STEP_BYTES: usize = 64 * 1024;

/// Objects of a bag.
const BAG: usize = 256;

/// Epochs after which nobody has a pointer any more.
const GRACE: u64 = if cfg!(planted = "grace_of_one_epoch") { 1 } else { 2 };

/// A number of the moment, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Epoch(pub(super) u64);

/// See the [module](self).
#[derive(Debug)]
pub struct Epochs<T: Retired> {
    /// Moved on under the lock of `limbo`.
    now: AtomicU64,
    seats: Arc<Seats>,
    limbo: Mutex<Limbo<T>>,
    gauge: Gauge,
}

/// What waits to be freed, oldest first.
#[derive(Debug)]
struct Limbo<T> {
    bags: VecDeque<Bag<T>>,
    /// Empty, to be filled again.
    spare: Option<Bag<T>>,
    /// Bytes retired since the last step.
    bytes: usize,
}

#[derive(Debug)]
struct Bag<T> {
    /// In which its objects were retired.
    epoch: Epoch,
    bytes: usize,
    objects: Vec<NonNull<T>>,
}

// SAFETY: its objects are `Send`, and nobody else's once they can be freed.
unsafe impl<T: Retired> Send for Bag<T> {}

/// Proof of being announced; the announcement itself ends with [`Reclaim::rest`].
#[derive(Debug)]
pub struct Announced<'r>(PhantomData<&'r mut Reader>);

/// Bytes make batches here.
#[derive(Debug)]
pub struct Unbatched;

impl<T: Retired + Debug> Reclaim<T> for Epochs<T> {
    type Reader = Reader;
    type Guard<'r> = Announced<'r>;
    type Batch = Unbatched;

    fn new(metrics: &Arc<Metrics>) -> Self {
        let limbo = Limbo { bags: VecDeque::new(), spare: None, bytes: 0 };
        Self { now: AtomicU64::new(1), seats: Arc::default(), limbo: Mutex::new(limbo), gauge: Gauge::new(metrics) }
    }

    #[inline]
    fn enter<'r>(&self, reader: &'r mut Reader) -> Announced<'r> {
        reader.enter(&self.seats, &self.now);
        Announced(PhantomData)
    }

    #[inline]
    fn rest(&self, reader: &mut Reader) {
        reader.rest();
    }

    #[inline]
    fn batch(&self) -> Unbatched {
        Unbatched
    }

    unsafe fn retire(&self, object: NonNull<T>, bytes: usize) {
        self.gauge.retired(bytes as u64);
        let mut limbo = self.limbo.lock();
        limbo.add(Epoch(self.now.load(Ordering::Relaxed)), object, bytes);
        if limbo.bytes < STEP_BYTES {
            return;
        }
        self.step(&mut limbo);
        drop(limbo);
        self.free_ready();
    }

    fn collect(&self) {
        let mut limbo = self.limbo.lock();
        for _ in 0..GRACE {
            if limbo.bags.is_empty() || !self.step(&mut limbo) {
                break;
            }
        }
        drop(limbo);
        self.free_ready();
    }

    fn quiesce(&self) {
        self.collect();
    }

    fn limbo_bytes(&self) -> u64 {
        self.gauge.limbo_bytes()
    }
}

impl<T: Retired> Epochs<T> {
    /// Moves the epoch on, unless somebody is in the way.
    fn step(&self, limbo: &mut Limbo<T>) -> bool {
        limbo.bytes = 0;
        let now = Epoch(self.now.load(Ordering::Relaxed));
        if self.seats.anyone_before(now) {
            self.gauge.metrics().inc(Counter::ReclaimHeldUp);
            return false;
        }
        self.gauge.metrics().inc(Counter::ReclaimEpochs);
        // Release: who reads the new epoch sees what was unlinked in the old one.
        self.now.store(now.0 + 1, Ordering::Release);
        true
    }

    /// Frees the bags whose time has come, a bag at a time and without the lock.
    fn free_ready(&self) {
        loop {
            let mut limbo = self.limbo.lock();
            let now = self.now.load(Ordering::Relaxed);
            if limbo.bags.front().is_none_or(|bag| bag.epoch.0 + GRACE > now) {
                return;
            }
            let Some(mut bag) = limbo.bags.pop_front() else { return };
            drop(limbo);
            // SAFETY: two epochs have passed since the objects were retired.
            unsafe { bag.free() };
            self.gauge.freed(std::mem::take(&mut bag.bytes) as u64);
            self.limbo.lock().spare = Some(bag);
        }
    }
}

impl<T: Retired> Drop for Epochs<T> {
    fn drop(&mut self) {
        // A reader borrows the domain for as long as it has a pointer.
        let bags = std::mem::take(&mut self.limbo.lock().bags);
        for mut bag in bags {
            // SAFETY: nobody reads any more.
            unsafe { bag.free() };
            self.gauge.freed(bag.bytes as u64);
        }
    }
}

impl<T: Retired> Limbo<T> {
    fn add(&mut self, now: Epoch, object: NonNull<T>, bytes: usize) {
        self.bytes += bytes;
        let open = self.bags.back().is_some_and(|bag| bag.epoch == now && bag.objects.len() < BAG);
        if !open {
            let empty = self.spare.take().unwrap_or(Bag { epoch: now, bytes: 0, objects: Vec::with_capacity(BAG) });
            self.bags.push_back(Bag { epoch: now, ..empty });
        }
        if let Some(bag) = self.bags.back_mut() {
            bag.objects.push(object);
            bag.bytes += bytes;
        }
    }
}

impl<T: Retired> Bag<T> {
    /// # Safety
    /// Nobody has a pointer to any of its objects.
    unsafe fn free(&mut self) {
        for object in self.objects.drain(..) {
            // SAFETY: the caller's promise, and each object is in one bag once.
            unsafe { T::free(object) };
        }
    }
}
