//! What can go wrong between a page number and its bytes.

use super::page::PageId;
use crate::io::IoError;

/// A page could not be had or could not be written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BufferError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] IoError),

    /// The bytes of a page are not those that were written, and no intact copy exists.
    #[error(
        "file `{file}`, page {page} at byte {offset}: checksum mismatch, expected {expected:#010x}, found {found:#010x}; \
         the page is damaged and has no copy in the double-write area: restore it from a backup"
    )]
    Corruption {
        /// The damaged file.
        file: String,
        /// The damaged page.
        page: PageId,
        /// Where it begins, in bytes.
        offset: u64,
        /// The checksum stored in the page.
        expected: u32,
        /// The checksum of the bytes that were read.
        found: u32,
    },

    /// The page is intact but is another one: a write or a read went astray.
    #[error("file `{file}`, page {page} at byte {offset}: holds page {found} instead; a write went astray")]
    Misplaced {
        /// The damaged file.
        file: String,
        /// The page that was asked for.
        page: PageId,
        /// Where it begins, in bytes.
        offset: u64,
        /// The page that was found there.
        found: PageId,
    },

    /// The page was never written: it lies behind the end of the file, or holds only zeros.
    #[error(
        "file `{file}`, page {page} at byte {offset}: never written; something points to a page that does not exist"
    )]
    Unwritten {
        /// The file.
        file: String,
        /// The page that was asked for.
        page: PageId,
        /// Where it would begin, in bytes.
        offset: u64,
    },

    /// Every frame is latched by somebody, and stayed so for a while.
    #[error("all {frames} frames of the buffer pool are in use at once; configure a larger pool")]
    PoolExhausted {
        /// Size of the pool.
        frames: usize,
    },

    /// An earlier write or sync of pages failed. What is on disk is unknown until recovery has run: restart.
    #[error("page writes are stopped since an earlier failure ({cause}); restart to recover")]
    Stopped {
        /// The failure.
        cause: IoError,
    },
}
