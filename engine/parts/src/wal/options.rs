//! How a log is configured.

use super::record::MAX_PAYLOAD;
use super::{Durability, WalError};
use crate::io::BLOCK;
use std::time::Duration;

/// Sizes and modes of a log. Both variants obey the same ones.
#[derive(Clone, Debug)]
pub struct WalOptions {
    /// When a commit counts as done.
    pub durability: Durability,
    /// Length of a segment file, its header block included.
    pub segment_bytes: u64,
    /// Appended bytes held in memory before an append has to wait for the disk. A power of two.
    ///
    /// A group commit's buffer is a ring, so all of it passes through the processor's cache: what is larger than that
    /// makes every record miss it. And it need not be large: a session has one commit's records in it at most.
    pub buffer_bytes: usize,
    /// In mode `GroupAsync`, how long a commit may stay unsynced.
    pub async_interval: Duration,
    /// How many freed segment files are kept for re-use; more are deleted.
    pub spares_max: usize,
    /// Whether a background thread prepares the next segment before it is needed. Without it the append that
    /// needs one makes it: slower, but the I/O of a single-threaded test is then always the same.
    pub prepare_ahead: bool,
}

impl Default for WalOptions {
    fn default() -> WalOptions {
        WalOptions {
            durability: Durability::Full,
            segment_bytes: 64 << 20,
            buffer_bytes: 512 << 10,
            async_interval: Duration::from_millis(10),
            spares_max: 8,
            prepare_ahead: true,
        }
    }
}

impl WalOptions {
    /// Log bytes in a segment.
    pub(super) fn body_bytes(&self) -> u64 {
        self.segment_bytes - BLOCK as u64
    }

    /// The longest payload accepted: four records must fit the buffer.
    #[inline]
    pub(super) fn payload_max(&self) -> usize {
        (self.buffer_bytes / 4 - super::record::HEADER).min(MAX_PAYLOAD)
    }

    /// Refuses a payload that is too long.
    #[inline]
    pub(super) fn check_payload(&self, len: usize) -> Result<(), WalError> {
        assert!(len > 0, "a record without a kind");
        let limit = self.payload_max();
        if len <= limit { Ok(()) } else { Err(WalError::RecordTooLarge { len, limit }) }
    }

    pub(super) fn check(&self) {
        let block = BLOCK as u64;
        assert!(
            self.segment_bytes.is_multiple_of(block) && self.segment_bytes >= 2 * block,
            "segment_bytes must be a multiple of {block}, at least two of them",
        );
        assert!(
            self.buffer_bytes.is_power_of_two() && self.buffer_bytes >= BLOCK,
            "buffer_bytes must be a power of two, at least {block}",
        );
    }
}
