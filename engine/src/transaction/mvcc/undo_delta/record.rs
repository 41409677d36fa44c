//! One undo record: how to get from a version of a row to the one before.
//!
//! ```text
//!  ┌───────────┬──────────┬────────┬───────────────┬────────────────┬──────────────────┐
//!  │ stamp u64 │ next u64 │ at u16 │ after_len u16 │ before_len u16 │ before_len bytes │
//!  └───────────┴──────────┴────────┴───────────────┴────────────────┴──────────────────┘
//! ```
//! Replace `after_len` bytes at `at` of the newer row by the bytes: that is the older row, and `stamp` is its stamp. `next`
//! refers to the record of the version before that one. Once written, only `next` changes.

use std::ptr::{self, NonNull};

use crate::transaction::row_log::Patch;
use crate::transaction::stamp::Stamp;

/// Where an undo record is, as it stands in a row's header: 48 bits of address, and above them how many changes of the row
/// may pass until its chain is worth looking through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference(pub(super) u64);

const ADDRESS_BITS: u32 = 48;
const ADDRESS: u64 = (1 << ADDRESS_BITS) - 1;

/// The fixed part.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Head {
    stamp: Stamp,
    next: Reference,
    at: u16,
    after_len: u16,
    before_len: u16,
}

/// A record in place. Whoever has one holds the row's leaf latched: shared to read, exclusively to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record(NonNull<Head>);

/// Alignment of records.
pub(super) const RECORD_ALIGN: usize = align_of::<Head>();

impl Reference {
    /// Nothing is before.
    pub(super) const NONE: Reference = Reference(0);

    pub(super) fn new(record: Record, until_trim: u16) -> Self {
        let address = record.0.as_ptr().expose_provenance() as u64;
        assert!(address <= ADDRESS, "an address of more than {ADDRESS_BITS} bits");
        Self(address | u64::from(until_trim) << ADDRESS_BITS)
    }

    /// Changes until the chain is to be trimmed.
    pub(super) fn until_trim(self) -> u16 {
        (self.0 >> ADDRESS_BITS) as u16
    }

    /// The record, whose memory the caller knows to be still there.
    pub(super) fn record(self) -> Option<Record> {
        NonNull::new(ptr::with_exposed_provenance_mut((self.0 & ADDRESS) as usize)).map(Record)
    }
}

impl Record {
    /// Bytes that a record with a patch's old bytes takes.
    pub(super) const fn size(before_len: usize) -> usize {
        (size_of::<Head>() + before_len).next_multiple_of(RECORD_ALIGN)
    }

    /// Makes a record of `patch`, which leads to the older row, in `memory`.
    ///
    /// # Safety
    /// `memory` is aligned, is [`size`](Self::size)`(patch.after.len())` bytes long, and is the caller's alone.
    pub(super) unsafe fn write(memory: NonNull<u8>, stamp: Stamp, next: Reference, patch: &Patch<'_>) -> Self {
        let record = Self(memory.cast());
        let before = patch.after;
        // A row is smaller than a quarter of a page.
        let (at, after_len, before_len) = (patch.at as u16, patch.before_len as u16, before.len() as u16);
        // SAFETY: aligned, long enough for both and ours, says the caller.
        unsafe {
            record.0.write(Head { stamp, next, at, after_len, before_len });
            ptr::copy_nonoverlapping(before.as_ptr(), record.bytes(), before.len());
        }
        record
    }

    /// The older version's stamp.
    ///
    /// # Safety
    /// The record's memory is still there, and the leaf is latched.
    pub(super) unsafe fn stamp(self) -> Stamp {
        // SAFETY: the caller's promise.
        unsafe { (*self.0.as_ptr()).stamp }
    }

    /// What is before the older version.
    ///
    /// # Safety
    /// As [`stamp`](Self::stamp).
    pub(super) unsafe fn next(self) -> Reference {
        // SAFETY: the caller's promise.
        unsafe { (*self.0.as_ptr()).next }
    }

    /// Links another one behind.
    ///
    /// # Safety
    /// As [`stamp`](Self::stamp), with the leaf latched exclusively.
    pub(super) unsafe fn set_next(self, next: Reference) {
        // SAFETY: the caller's promise.
        unsafe { (*self.0.as_ptr()).next = next };
    }

    /// Bytes the record takes.
    ///
    /// # Safety
    /// As [`stamp`](Self::stamp).
    pub(super) unsafe fn size_now(self) -> u64 {
        // SAFETY: the caller's promise.
        Self::size(usize::from(unsafe { (*self.0.as_ptr()).before_len })) as u64
    }

    /// Turns `row` into the older version; `None` if this is not a record of such a row.
    ///
    /// # Safety
    /// As [`stamp`](Self::stamp).
    pub(super) unsafe fn apply(self, row: &mut Vec<u8>) -> Option<()> {
        // SAFETY: the caller's promise.
        let head = unsafe { *self.0.as_ptr() };
        // SAFETY: as above; so many bytes were written with it.
        let before = unsafe { std::slice::from_raw_parts(self.bytes(), head.before_len.into()) };
        Patch { at: head.at.into(), before_len: head.after_len.into(), before: &[], after: before }.apply(row)
    }

    fn bytes(self) -> *mut u8 {
        // SAFETY: behind the head, within the record's memory or at its end.
        unsafe { self.0.as_ptr().add(1).cast() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_leads_back() {
        let mut memory = [0_u64; 8];
        let (new, old) = (b"balance 0017".as_slice(), b"balance 9".as_slice());
        let patch = Patch::between(new, old);
        assert!(Record::size(patch.after.len()) <= size_of_val(&memory));
        let at = NonNull::from(&mut memory).cast();
        // SAFETY: aligned, long enough, ours.
        let record = unsafe { Record::write(at, Stamp::FROZEN, Reference::NONE, &patch) };
        let mut row = new.to_vec();
        // SAFETY: `memory` lives; nobody else has the record.
        unsafe {
            assert_eq!(record.apply(&mut row), Some(()));
            assert_eq!(row, old);
            let reference = Reference::new(record, 7);
            assert_eq!((reference.record(), reference.until_trim()), (Some(record), 7));
            record.set_next(reference);
            assert_eq!((record.stamp(), record.next()), (Stamp::FROZEN, reference));
            assert_eq!(record.apply(&mut Vec::new()), None);
        }
        assert_eq!(Reference::NONE.record(), None);
    }
}
