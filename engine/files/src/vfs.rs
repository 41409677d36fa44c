//! The two traits behind which the real and the simulated directory are exchanged.

use super::{IoAction, IoError};
use std::fmt::Debug;
use std::io::{ErrorKind, IoSlice};
use std::sync::Arc;

/// Unit of every transfer: offset, length and memory address are multiples of it.
pub const BLOCK: usize = 4096;

/// What a disk writes atomically. A crash may keep any subset of the sectors written since the last sync.
pub const SECTOR: usize = 512;

/// One flat directory of files, held exclusively.
pub trait Vfs: Send + Sync + Debug {
    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// `NotFound` if there is none of that name.
    fn open(&self, name: &str) -> Result<Arc<dyn File>, IoError>;

    /// Makes a new, empty file. Its name is durable after [`sync_dir`](Self::sync_dir).
    ///
    /// # Errors
    /// `AlreadyExists` if the name is taken.
    fn create(&self, name: &str) -> Result<Arc<dyn File>, IoError>;

    /// The names of all files, sorted.
    fn list(&self) -> Result<Vec<String>, IoError>;

    /// Gives `from` the name `to`, atomically replacing a file of that name. Durable after `sync_dir`.
    fn rename(&self, from: &str, to: &str) -> Result<(), IoError>;

    /// Deletes a file; open handles stay usable. Durable after `sync_dir`.
    fn remove(&self, name: &str) -> Result<(), IoError>;

    /// Makes every create, rename and remove up to now durable.
    fn sync_dir(&self) -> Result<(), IoError>;

    /// What a user should know about this directory, e.g. that it cannot do direct I/O.
    fn caveat(&self) -> Option<String> {
        None
    }
}

/// One open file. All transfers are whole [`BLOCK`]s from block-aligned memory; anything else panics.
pub trait File: Send + Sync + Debug {
    /// Reads into `buf` and returns how many bytes came: fewer than asked only by whole blocks or at the end.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize, IoError>;

    /// Writes all of `buf`, extending the file where needed. Durable after `sync_data`.
    fn write_at(&self, buf: &[u8], offset: u64) -> Result<(), IoError>;

    /// Writes the buffers one after the other, beginning at `offset`.
    fn write_vectored_at(&self, bufs: &[IoSlice<'_>], offset: u64) -> Result<(), IoError>;

    /// Makes every write and length change up to now durable (fdatasync).
    ///
    /// # Errors
    /// After an error the state of earlier writes is unknown, and no retry can make it known: give up.
    fn sync_data(&self) -> Result<(), IoError>;

    /// Length in bytes.
    fn len(&self) -> Result<u64, IoError>;

    /// Cuts or extends with zeros. Durable after `sync_data`.
    fn set_len(&self, len: u64) -> Result<(), IoError>;

    /// The name the file was opened by, for messages.
    fn name(&self) -> &str;

    /// Whether the file holds no byte.
    fn is_empty(&self) -> Result<bool, IoError> {
        Ok(self.len()? == 0)
    }

    /// Reads exactly `buf.len()` bytes.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file ends before.
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<(), IoError> {
        let mut done = 0;
        while done < buf.len() {
            let n = self.read_at(&mut buf[done..], offset + done as u64)?;
            if n == 0 || n % BLOCK != 0 && done + n < buf.len() {
                let why =
                    format!("the file ends at {}, wanted {} bytes at {offset}", offset + (done + n) as u64, buf.len());
                return Err(IoError::other(IoAction::Read, self.name(), ErrorKind::UnexpectedEof, why));
            }
            done += n;
        }
        Ok(())
    }
}

/// Panics unless a transfer keeps to whole aligned blocks: the same rule for the real and the simulated file.
pub(super) fn assert_aligned(buf: &[u8], offset: u64) {
    assert!(
        buf.len().is_multiple_of(BLOCK)
            && offset.is_multiple_of(BLOCK as u64)
            && (buf.as_ptr() as usize).is_multiple_of(BLOCK),
        "transfer of {} bytes at offset {offset} from {:p} is not made of aligned {BLOCK}-byte blocks",
        buf.len(),
        buf.as_ptr(),
    );
}
