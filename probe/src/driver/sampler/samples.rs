//! Samples on their way from the threads that are interrupted to the one that unwinds them.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

/// Bytes of stack that are kept of a sample. What lies deeper is cut off at the root.
pub(super) const STACK_BYTES: usize = 64 << 10;

/// A thread, interrupted.
pub(super) struct Sample {
    /// Its place in the table of threads; of an allocation the thread's id.
    pub(super) thread: usize,
    /// CPU time in ns, or bytes, that it stands for.
    pub(super) weight: u64,
    /// Allocations that it stands for.
    pub(super) times: f64,
    /// Where it was.
    pub(super) registers: Registers,
    /// Bytes of `stack` that are filled, from the stack pointer on.
    pub(super) length: usize,
    /// Its stack.
    pub(super) stack: [u64; STACK_BYTES / 8],
}

/// What unwinding begins with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Registers {
    /// Instruction pointer.
    pub(super) ip: u64,
    /// Stack pointer.
    pub(super) sp: u64,
    /// Frame pointer.
    pub(super) fp: u64,
    /// Return address where the processor keeps it in a register.
    #[cfg_attr(target_arch = "x86_64", expect(dead_code, reason = "on the stack here"))]
    pub(super) lr: u64,
}

/// A fixed number of places for samples. Filling one neither waits nor allocates.
pub(super) struct Samples {
    slots: Box<[Slot]>,
    next: AtomicUsize,
    lost: AtomicU64,
}

struct Slot {
    state: AtomicU8,
    sample: UnsafeCell<Sample>,
}

const FREE: u8 = 0;
const TAKEN: u8 = 1;
const FILLED: u8 = 2;

// SAFETY: a sample is touched only by who has moved its slot's state from FREE to TAKEN (one interrupted thread) or found it FILLED (the
// one thread that unwinds: `each` takes `&mut` of a token, see there); Acquire and Release on the state order the two.
unsafe impl Sync for Samples {}

/// The right to empty slots. There is one for each [`Samples`].
pub(super) struct Reader(());

impl Samples {
    /// So many empty places, and the right to empty them again.
    pub(super) fn new(slots: usize) -> (Self, Reader) {
        let empty = || Sample {
            thread: 0,
            weight: 0,
            times: 1.0,
            registers: Registers::default(),
            length: 0,
            stack: [0; STACK_BYTES / 8],
        };
        let slots = (0..slots).map(|_| Slot { state: AtomicU8::new(FREE), sample: UnsafeCell::new(empty()) }).collect();
        (Self { slots, next: AtomicUsize::new(0), lost: AtomicU64::new(0) }, Reader(()))
    }

    /// Fills a place; false when all of them wait to be unwound. Safe in a signal handler.
    pub(super) fn fill(&self, fill: impl FnOnce(&mut Sample)) -> bool {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut tried = (0..self.slots.len()).map(|n| &self.slots[first.wrapping_add(n) % self.slots.len()]);
        let take =
            |slot: &&Slot| slot.state.compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed).is_ok();
        let Some(slot) = tried.find(take) else { return false };
        // SAFETY: the slot is TAKEN by us, so nobody else touches it.
        fill(unsafe { &mut *slot.sample.get() });
        slot.state.store(FILLED, Ordering::Release);
        true
    }

    /// Counts a sample that found no place.
    pub(super) fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Shows each waiting sample and frees its place.
    pub(super) fn each(&self, _reader: &mut Reader, mut see: impl FnMut(&Sample)) {
        for slot in &self.slots {
            if slot.state.load(Ordering::Acquire) == FILLED {
                // SAFETY: only the holder of the one reader empties FILLED slots, and that is us.
                see(unsafe { &*slot.sample.get() });
                slot.state.store(FREE, Ordering::Release);
            }
        }
    }

    /// Samples lost since the last call.
    pub(super) fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_lost_and_counted_and_nothing_else() {
        let (samples, mut reader) = Samples::new(3);
        for n in 0..6 {
            if !samples.fill(|sample| sample.weight = n) {
                samples.lose();
            }
        }
        let mut seen = Vec::new();
        samples.each(&mut reader, |sample| seen.push(sample.weight));
        assert_eq!(seen, [0, 1, 2]);
        assert_eq!((samples.take_lost(), samples.take_lost()), (3, 0));
        assert!(samples.fill(|sample| sample.weight = 7));
        seen.clear();
        samples.each(&mut reader, |sample| seen.push(sample.weight));
        assert_eq!(seen, [7], "places are used again");
    }
}
