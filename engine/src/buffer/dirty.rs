//! Whether a page has changes that are not in the data file, since when, and who is writing them: one word per frame.
//!
//! ```text
//!  63                                        2      1       0
//! ┌───────────────────────────────────────────┬─────────┬────────┐
//! │ position in the log, in units of 8 bytes  │ WRITING │ CHANGED│      all zero: the page is as it is on disk
//! └───────────────────────────────────────────┴─────────┴────────┘
//!
//!            change                    claim, and copy under the latch
//!   0 ─────────────────▶ since|CHANGED ────────────────────────────────▶ since|WRITING
//!   ▲                          ▲                                          │        │
//!   │                          │ later|CHANGED      written in place      │        │ change
//!   │                          └──────────────── since|WRITING|CHANGED ◀──────────┘
//!   └──────────────────────────────────────────── written in place ───────┘
//! ```
//!
//! The position says that every record whose change is not in the data file begins there or later. It stays until the copy
//! is written, so that a redo point computed meanwhile does not pass a change that is only on its way; and since the word
//! is not zero, the frame is not given to another page, which would read an old state from the disk.
//!
//! At most one copy of a page is on its way at a time (`WRITING`): two might reach the disk in the wrong order.
//!
//! `claim` runs under the page's latch, `change` under its exclusive one. `written` runs without: a writer holds no latch,
//! so a foreground session may write a batch while it holds latches of its own. `tests/loom_dirty.rs` checks it all.

use crate::io::Lsn;
use crate::sync::atomic::{AtomicU64, Ordering};

const CHANGED: u64 = 1;
const WRITING: u64 = 2;
/// Records are 8-byte aligned; of any other position the unit below is kept, which errs on the safe side.
const POSITION: u64 = !7;

/// The word. See the module.
#[derive(Debug)]
pub struct DirtyWord(AtomicU64);

impl Default for DirtyWord {
    fn default() -> Self {
        Self::new()
    }
}

impl DirtyWord {
    /// Clean.
    pub fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Whether every change is in the data file (but perhaps not yet synced), and no write is under way.
    #[inline]
    pub fn is_clean(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    /// Whether there are changes that nobody has copied to write them.
    #[inline]
    pub fn is_changed(&self) -> bool {
        self.0.load(Ordering::Relaxed) & CHANGED != 0
    }

    /// Whether there is a change that could be claimed.
    pub fn is_claimable(&self) -> bool {
        self.0.load(Ordering::Relaxed) & (CHANGED | WRITING) == CHANGED
    }

    /// No record begins before this position whose change is not in the data file. `None`: clean.
    #[inline]
    pub fn since(&self) -> Option<Lsn> {
        // Acquire: who finds the page clean comes after the write that made it so, and may sync it.
        let word = self.0.load(Ordering::Acquire);
        (word != 0).then_some(Lsn(word & POSITION))
    }

    /// The page was changed, by a record that begins at `since` or later. Under the exclusive latch.
    #[inline]
    pub fn change(&self, since: Lsn) {
        let mut word = self.0.load(Ordering::Relaxed);
        while word & CHANGED == 0 {
            let changed = if word == 0 { since.0 & POSITION | CHANGED } else { word | CHANGED };
            match self.0.compare_exchange_weak(word, changed, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    /// Takes it upon the caller to write the page: true if there is something to write and nobody else is at it. Under the
    /// latch, shared or exclusive, and so must be the copy that follows.
    pub fn claim(&self) -> bool {
        let word = self.0.load(Ordering::Relaxed);
        word & (CHANGED | WRITING) == CHANGED
            && self.0.compare_exchange(word, word & !CHANGED | WRITING, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// The claimed copy is in the data file. Changes made since then begin at `next` or later.
    pub fn written(&self, next: Lsn) {
        let settle = |word: u64| {
            debug_assert!(word & WRITING != 0, "nobody claimed it");
            if word & CHANGED == 0 { 0 } else { (word & POSITION).max(next.0 & POSITION) | CHANGED }
        };
        // Release: the write comes before the page is seen clean.
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |word| Some(settle(word)));
    }

    /// The claimed copy could not be written: everything is as before the claim.
    pub fn not_written(&self) {
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |word| Some(word & !WRITING | CHANGED));
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_change_during_the_write_keeps_the_page_dirty_from_there_on() {
        let word = DirtyWord::new();
        assert!(word.is_clean() && !word.claim());
        word.change(Lsn(804));
        word.change(Lsn(1600));
        assert_eq!(word.since(), Some(Lsn(800)), "the first change counts");
        assert!(word.claim() && !word.claim());
        assert!(!word.is_changed() && !word.is_clean());
        word.change(Lsn(2400));
        assert!(!word.claim(), "one copy at a time");
        assert_eq!(word.since(), Some(Lsn(800)), "the copy is not there yet");
        word.written(Lsn(1600));
        assert_eq!(word.since(), Some(Lsn(1600)));
        assert!(word.claim());
        word.not_written();
        assert_eq!((word.since(), word.is_claimable()), (Some(Lsn(1600)), true));
        assert!(word.claim());
        word.written(Lsn(3200));
        assert!(word.is_clean() && word.since().is_none());
    }
}
