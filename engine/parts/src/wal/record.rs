//! How one record is framed in the log.
//!
//! ```text
//!   | len u32 | check u32 | payload, len bytes | zeros up to a multiple of 8 |
//!   ^ LSN, a multiple of 8                                                   ^ end
//! ```
//!
//! `check` is the payload's CRC-32C combined with a hash of (epoch, LSN, len). So bytes that were a valid record
//! at another place, or in an earlier incarnation of the log, do not verify here; and the CRC, the only part
//! that costs, can be computed before the LSN is known. A zero `len` is the end.

use crate::io::Lsn;

/// Bytes before the payload.
pub(super) const HEADER: usize = 8;
/// Records begin at multiples of this.
pub(super) const ALIGN: u64 = 8;
/// The longest payload any configuration accepts.
pub(super) const MAX_PAYLOAD: usize = 1 << 20;

/// Distinguishes the incarnations of a log: each opening for writing takes a higher one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// A record's first eight bytes, as one little-endian word: never zero, since a payload is never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame(u64);

impl Frame {
    /// The frame of a payload of `len` bytes whose [checksum] is `sum`, at `start`.
    #[inline]
    pub fn seal(epoch: Epoch, start: Lsn, len: usize, sum: u32) -> Frame {
        debug_assert!(len > 0 && len <= MAX_PAYLOAD);
        let check = sum ^ salt(epoch, start, len as u32);
        Frame(len as u64 | u64::from(check) << 32)
    }

    /// The frame read as a word; `None` where no record begins.
    #[inline]
    pub fn from_word(word: u64) -> Option<Frame> {
        (word as u32 != 0).then_some(Frame(word))
    }

    /// The word to store.
    #[inline]
    pub fn word(self) -> u64 {
        self.0
    }

    /// The payload's length.
    #[inline]
    pub fn payload_len(self) -> usize {
        self.0 as u32 as usize
    }

    /// Whether `payload` is what was sealed at this place.
    pub(super) fn verifies(self, epoch: Epoch, start: Lsn, payload: &[u8]) -> bool {
        Frame::seal(epoch, start, payload.len(), checksum(payload)) == self
    }
}

/// Bytes a payload of `len` bytes takes in the log.
#[inline]
pub fn framed_len(len: usize) -> u64 {
    (HEADER + len).next_multiple_of(ALIGN as usize) as u64
}

/// CRC-32C of a payload: the processor has an instruction for it, and records are short.
#[inline]
pub(super) fn checksum(payload: &[u8]) -> u32 {
    crc32c::crc32c(payload)
}

/// 32 well-mixed bits of a record's place.
#[inline]
fn salt(epoch: Epoch, start: Lsn, len: u32) -> u32 {
    if cfg!(planted = "stale_tail_replayed") {
        return len;
    }
    let x = start.0 ^ epoch.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(len) << 40;
    let x = (x ^ (x >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let x = (x ^ (x >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (x ^ (x >> 32)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_verifies_only_at_its_place_and_time() {
        let payload = b"\x01 some row";
        let frame = Frame::seal(Epoch(3), Lsn(4096), payload.len(), checksum(payload));
        assert_eq!(Frame::from_word(frame.word()), Some(frame));
        assert!(frame.verifies(Epoch(3), Lsn(4096), payload));
        assert!(!frame.verifies(Epoch(4), Lsn(4096), payload));
        assert!(!frame.verifies(Epoch(3), Lsn(4104), payload));
        assert!(!frame.verifies(Epoch(3), Lsn(4096), b"\x01 some raw"));
        assert_eq!(Frame::from_word(0), None);
        assert_eq!((framed_len(1), framed_len(8), framed_len(9)), (16, 16, 24));
    }
}
