//! One lock in one word.
//!
//! ```text
//! bit 63      62..60   59..40        39..0
//!     0       0        0             0           free
//!     0       mode+1   fingerprint   owner       held, by one owner
//!     1       0        0             heads       inflated: so many queue objects
//! ```

use crate::concurrent::lock_table::{Mode, OwnerId};

/// See the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

const INFLATED: u64 = 1 << 63;
const MODE_SHIFT: u32 = 60;
const FINGERPRINT_SHIFT: u32 = 40;
const OWNER: u64 = (1 << FINGERPRINT_SHIFT) - 1;

/// Bits of a fingerprint.
pub(super) const FINGERPRINT_BITS: u32 = MODE_SHIFT - FINGERPRINT_SHIFT;

impl Word {
    /// Nobody holds or wants it.
    pub(super) const FREE: Self = Self(0);

    /// Held by `owner`.
    #[inline]
    pub(super) const fn held(fingerprint: u64, owner: OwnerId, mode: Mode) -> Self {
        Self((mode as u64 + 1) << MODE_SHIFT | fingerprint << FINGERPRINT_SHIFT | owner.0 & OWNER)
    }

    /// With so many queue objects; free with none.
    pub(super) const fn inflated(heads: u64) -> Self {
        if heads == 0 { Self::FREE } else { Self(INFLATED | heads) }
    }

    /// How many queue objects stand for it.
    #[inline]
    pub(super) const fn heads(self) -> Option<u64> {
        if self.0 & INFLATED == 0 { None } else { Some(self.0 & OWNER) }
    }

    /// The mode in which `owner` holds the lock with this fingerprint, if that is what the word says.
    #[inline]
    pub(super) fn held_by(self, fingerprint: u64, owner: OwnerId) -> Option<Mode> {
        let (mode, other, _) = self.holder(owner)?;
        (self.0 & OWNER == owner.0 & OWNER && other == fingerprint).then_some(mode)
    }

    /// Mode, fingerprint and owner of a held word. Of the ids that end in the same 40 bits the one closest to `near`, which
    /// is another transaction of the same time.
    #[inline]
    pub(super) fn holder(self, near: OwnerId) -> Option<(Mode, u64, OwnerId)> {
        let mode = *Mode::ALL.get((self.0 >> MODE_SHIFT).wrapping_sub(1) as usize)?;
        let ahead = self.0.wrapping_sub(near.0) & OWNER;
        // Sign-extended from 40 bits.
        let ahead = (ahead << (64 - FINGERPRINT_SHIFT)) as i64 >> (64 - FINGERPRINT_SHIFT);
        let fingerprint = self.0 >> FINGERPRINT_SHIFT & ((1 << FINGERPRINT_BITS) - 1);
        Some((mode, fingerprint, OwnerId(near.0.wrapping_add_signed(ahead))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_tells_what_was_written() {
        for mode in Mode::ALL {
            for id in [1, 77, OWNER, OWNER + 1, (5 << 40) + 3] {
                let (word, owner) = (Word::held(0xf_fffe, OwnerId(id), mode), OwnerId(id));
                assert_eq!(word.heads(), None);
                assert_eq!(word.held_by(0xf_fffe, owner), Some(mode));
                assert_eq!(word.held_by(0xf_ffff, owner), None);
                assert_eq!(word.held_by(0xf_fffe, OwnerId(id + 1)), None);
                for near in [id.saturating_sub(1_000_000), id, id + 1_000_000] {
                    assert_eq!(word.holder(OwnerId(near)), Some((mode, 0xf_fffe, owner)), "seen from {near}");
                }
            }
        }
        assert_eq!(Word::FREE.holder(OwnerId(1)), None);
        assert_eq!(Word::inflated(3).heads(), Some(3));
        assert_eq!(Word::inflated(3).holder(OwnerId(1)), None);
        assert_eq!(Word::inflated(0), Word::FREE);
    }
}
