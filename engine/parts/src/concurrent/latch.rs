//! The hybrid latch: one word that is read optimistically, shared, or held exclusively.
//!
//! Inner pages of a tree are read by everybody and written almost never: their readers must not write to shared
//! memory at all, so they read a version, do their work, and validate the version (a seqlock). Leaves are read and
//! written: their readers take the latch shared, so that row bytes are never read while they change.
//!
//! ```text
//!  63                                          20 19  18     17      16     15            0
//! ┌──────────────────────────────────────────────┬──┬──────┬───────┬──────┬───────────────┐
//! │ version: +1 at every exclusive release       │ 0│PARKED│PENDING│ EXCL │ shared holders│
//! └──────────────────────────────────────────────┴──┴──────┴───────┴──────┴───────────────┘
//! ```
//!
//! * `EXCL`: one holder may write. Optimistic readers wait for it to go, or fail their validation.
//! * `PENDING`: a writer waits; newcomers wanting `shared` stand back until it has had its turn, so a stream of
//!   readers cannot starve it.
//! * `PARKED`: somebody sleeps on this latch (see [`super::parking`]); the one who frees it must wake them.
//!
//! A thread must not take `shared` twice on one latch: between the two a writer may have become pending.
//! Leis, Haubenschild, Neumann: "Optimistic Lock Coupling", IEEE Data Eng. Bull. 2019.

use super::parking;
use crate::sync::atomic::{AtomicU64, Ordering, fence};

const SHARED_ONE: u64 = 1;
const SHARED_MASK: u64 = 0xffff;
const EXCLUSIVE: u64 = 1 << 16;
const PENDING: u64 = 1 << 17;
const PARKED: u64 = 1 << 18;
const VERSION_ONE: u64 = 1 << 20;
const VERSION_MASK: u64 = !(VERSION_ONE - 1);

/// How often a taken latch is looked at before the waiter sleeps. Latches are held for well under a microsecond,
/// except by someone doing I/O, whom spinning would not help.
const SPINS: u32 = 64;

/// What an optimistic reader saw before it read; still current means that what it read was whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(u64);

/// One word guarding one page. See the module for the three ways to hold it.
///
/// The `unlock_*` methods are unsafe because the guards built on this latch hand out references on the strength of it.
#[derive(Debug)]
pub struct HybridLatch {
    word: AtomicU64,
}

impl Default for HybridLatch {
    fn default() -> Self {
        Self::new()
    }
}

impl HybridLatch {
    /// A free latch, version 0.
    pub fn new() -> Self {
        Self { word: AtomicU64::new(0) }
    }

    /// Starts an optimistic read: waits until no writer holds the latch, then returns the version to validate.
    #[inline]
    pub fn optimistic(&self) -> Version {
        loop {
            if let Some(version) = self.try_optimistic() {
                return version;
            }
            self.wait_while(|word| word & EXCLUSIVE != 0);
        }
    }

    /// Starts an optimistic read unless that would mean waiting.
    #[inline]
    pub fn try_optimistic(&self) -> Option<Version> {
        let word = self.word.load(Ordering::Acquire);
        (word & EXCLUSIVE == 0).then_some(Version(word & VERSION_MASK))
    }

    /// Whether no writer has held the latch since `version` was taken, that is, whether everything read since is valid.
    #[inline]
    pub fn validate(&self, version: Version) -> bool {
        // The reads of the page must be done before the word is read again.
        fence(Ordering::Acquire);
        self.word.load(Ordering::Relaxed) & (VERSION_MASK | EXCLUSIVE) == version.0
    }

    /// Takes the latch shared, waiting for a writer that holds it or was here first.
    #[inline]
    pub fn shared(&self) {
        while !self.try_shared() {
            self.wait_while(|word| word & (EXCLUSIVE | PENDING) != 0);
        }
    }

    /// Takes the latch shared unless that would mean waiting.
    #[inline]
    pub fn try_shared(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & (EXCLUSIVE | PENDING) == 0 {
            assert!(word & SHARED_MASK != SHARED_MASK, "more than 65,535 shared holders of one latch");
            match self.word.compare_exchange_weak(word, word + SHARED_ONE, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Takes the latch exclusively, waiting for all other holders.
    #[inline]
    pub fn exclusive(&self) {
        while !self.try_exclusive() {
            let held = |word: u64| word & (EXCLUSIVE | SHARED_MASK) != 0;
            self.word.fetch_or(PENDING, Ordering::Relaxed);
            self.wait_while(held);
        }
    }

    /// Takes the latch exclusively unless that would mean waiting.
    #[inline]
    pub fn try_exclusive(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & (EXCLUSIVE | SHARED_MASK) == 0 {
            // Having got it, nobody is pending any more; another writer that waits says so again.
            let taken = (word | EXCLUSIVE) & !PENDING;
            match self.word.compare_exchange_weak(word, taken, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => {
                    // No write of the holder may be seen by an optimistic reader that does not yet see EXCLUSIVE.
                    fence(Ordering::Release);
                    return true;
                }
                Err(now) => word = now,
            }
        }
        false
    }

    /// Takes the latch exclusively and keeps it if `version` still stands: an optimistic read becomes a write.
    #[inline]
    pub fn exclusive_if(&self, version: Version) -> bool {
        self.exclusive();
        let stands = self.word.load(Ordering::Relaxed) & VERSION_MASK == version.0;
        if stands || cfg!(planted = "changed_page_taken_as_found") {
            return true;
        }
        // SAFETY: taken above, and nothing was written since.
        unsafe { self.unlock_exclusive_unchanged() };
        false
    }

    /// Gives back one shared hold.
    ///
    /// # Safety
    /// The caller holds the latch shared and gives that hold up.
    #[inline]
    pub unsafe fn unlock_shared(&self) {
        let before = self.word.fetch_sub(SHARED_ONE, Ordering::Release);
        debug_assert!(before & SHARED_MASK != 0, "shared release of a latch nobody holds shared");
        if before & PARKED != 0 && before & SHARED_MASK == SHARED_ONE {
            self.wake();
        }
    }

    /// Gives back the exclusive hold and moves the version on, so that every optimistic reader notices.
    ///
    /// # Safety
    /// The caller holds the latch exclusively and gives that hold up.
    #[inline]
    pub unsafe fn unlock_exclusive(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.release_exclusive(VERSION_ONE - EXCLUSIVE) };
    }

    /// As [`Self::unlock_exclusive`], going on as an optimistic reader of what was written.
    ///
    /// # Safety
    /// The caller holds the latch exclusively and gives that hold up.
    #[inline]
    pub unsafe fn exclusive_to_optimistic(&self) -> Version {
        // SAFETY: the caller's promise.
        let before = unsafe { self.release_exclusive(VERSION_ONE - EXCLUSIVE) };
        Version(before.wrapping_add(VERSION_ONE) & VERSION_MASK)
    }

    /// As [`Self::unlock_exclusive`], going on as a shared holder: no other writer gets in between.
    ///
    /// # Safety
    /// The caller holds the latch exclusively; from now on it holds it shared.
    #[inline]
    pub unsafe fn exclusive_to_shared(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.release_exclusive(VERSION_ONE - EXCLUSIVE + SHARED_ONE) };
    }

    /// Gives back the exclusive hold without moving the version: optimistic readers from before go on undisturbed.
    ///
    /// # Safety
    /// As [`Self::unlock_exclusive`], and nothing guarded by the latch was written.
    #[inline]
    pub unsafe fn unlock_exclusive_unchanged(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.release_exclusive(EXCLUSIVE.wrapping_neg()) };
    }

    /// Whether a writer holds the latch at this moment (for assertions and statistics).
    #[inline]
    pub fn is_exclusive(&self) -> bool {
        self.word.load(Ordering::Relaxed) & EXCLUSIVE != 0
    }

    /// Adds `change`, which takes EXCLUSIVE away, and wakes sleepers. Returns the word from before.
    ///
    /// The version may wrap around after 2^44 writes of one page; a reader would have to sleep through days of them.
    #[inline]
    unsafe fn release_exclusive(&self, change: u64) -> u64 {
        let before = self.word.fetch_add(change, Ordering::Release);
        debug_assert!(before & EXCLUSIVE != 0, "exclusive release of a latch nobody holds");
        if before & PARKED != 0 {
            self.wake();
        }
        before
    }

    #[cold]
    fn wait_while(&self, blocked: impl Fn(u64) -> bool) {
        for _ in 0..SPINS {
            if !blocked(self.word.load(Ordering::Relaxed)) {
                return;
            }
            crate::sync::hint::spin_loop();
        }
        parking::park(self.address(), || {
            let mut word = self.word.load(Ordering::Relaxed);
            while blocked(word) {
                match self.word.compare_exchange_weak(word, word | PARKED, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => return true,
                    Err(now) => word = now,
                }
            }
            false
        });
    }

    #[cold]
    fn wake(&self) {
        parking::unpark_all(self.address(), || {
            self.word.fetch_and(!PARKED, Ordering::Relaxed);
        });
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::time::{Duration, Instant};

    #[test]
    fn a_write_fails_older_versions_and_only_those() {
        let latch = HybridLatch::new();
        let before = latch.optimistic();
        latch.shared();
        assert!(latch.validate(before), "readers do not disturb optimistic readers");
        assert!(!latch.try_exclusive(), "a writer waits for readers");
        // SAFETY: held shared since three lines above.
        unsafe { latch.unlock_shared() };
        latch.exclusive();
        assert!(!latch.validate(before) && !latch.try_shared());
        // SAFETY: held exclusively; nothing is guarded here.
        unsafe { latch.unlock_exclusive_unchanged() };
        assert!(latch.validate(before), "an exclusive hold without a write leaves the version");
        assert!(latch.exclusive_if(before));
        // SAFETY: held exclusively by the line above.
        unsafe { latch.unlock_exclusive() };
        assert!(!latch.validate(before) && !latch.exclusive_if(before));
        assert!(latch.validate(latch.optimistic()));
    }

    /// Two words that are always equal under the latch: no reader of any kind may see them differ.
    #[test]
    fn readers_and_writers_never_see_half_a_write() {
        let latch = HybridLatch::new();
        let pair = [AtomicU64::new(0), AtomicU64::new(0)];
        let read = || (pair[0].load(Ordering::Relaxed), pair[1].load(Ordering::Relaxed));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        latch.exclusive();
                        let next = pair[0].load(Ordering::Relaxed) + 1;
                        pair[0].store(next, Ordering::Relaxed);
                        pair[1].store(next, Ordering::Relaxed);
                        // SAFETY: held exclusively since the top of the loop.
                        unsafe { latch.unlock_exclusive() };
                    }
                });
                scope.spawn(|| {
                    for round in 0..20_000 {
                        if round % 2 == 0 {
                            latch.shared();
                            let (a, b) = read();
                            assert_eq!(a, b);
                            // SAFETY: held shared since three lines above.
                            unsafe { latch.unlock_shared() };
                        } else {
                            let version = latch.optimistic();
                            let (a, b) = read();
                            assert!(a == b || !latch.validate(version));
                        }
                    }
                });
            }
        });
        assert_eq!(read(), (40_000, 40_000), "no increment was lost");
    }

    #[test]
    fn a_stream_of_readers_does_not_starve_a_writer() {
        let latch = HybridLatch::new();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        latch.shared();
                        std::thread::yield_now();
                        // SAFETY: held shared since two lines above.
                        unsafe { latch.unlock_shared() };
                    }
                });
            }
            let start = Instant::now();
            for _ in 0..200 {
                latch.exclusive();
                // SAFETY: held exclusively by the line above.
                unsafe { latch.unlock_exclusive() };
            }
            stop.store(true, Ordering::Relaxed);
            assert!(start.elapsed() < Duration::from_secs(10), "200 writes took {:?}", start.elapsed());
        });
    }

    #[test]
    fn a_sleeper_is_woken() {
        let latch = HybridLatch::new();
        for _ in 0..50 {
            latch.exclusive();
            std::thread::scope(|scope| {
                let sleepers = [
                    scope.spawn(|| {
                        latch.shared();
                        // SAFETY: held shared by the line above.
                        unsafe { latch.unlock_shared() };
                    }),
                    scope.spawn(|| {
                        latch.optimistic();
                    }),
                ];
                std::thread::sleep(Duration::from_micros(300));
                // SAFETY: held exclusively since the top of the loop.
                unsafe { latch.unlock_exclusive() };
                for sleeper in sleepers {
                    sleeper.join().unwrap();
                }
            });
        }
    }
}
