//! Records as bytes, there and back.

use super::{Change, Patch, Place, Record};
use crate::io::Lsn;
use crate::page::PageId;
use crate::stamp::{Ts, TxnId};

const INSERT: u8 = 0x01;
const UPDATE: u8 = 0x02;
const DELETE: u8 = 0x03;
const REVIVE: u8 = 0x04;
const PURGE: u8 = 0x05;
const UNDO_INSERT: u8 = 0x11;
const UNDO_CHANGE: u8 = 0x12;
const COMMIT: u8 = 0x20;
const ROLLED_BACK: u8 = 0x21;

/// A record that was written whole, yet makes no sense: of another version, or a bug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// The first byte is no kind of this layer.
    #[error("unknown record kind {0:#04x}")]
    Kind(u8),
    /// It ends too early.
    #[error("a record of kind {0:#04x} is too short")]
    Short(u8),
}

/// Encodes records; keeps its memory from one to the next.
#[derive(Debug, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// Bytes for which it has room.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// The record as it is appended to the log.
    pub fn encode(&mut self, record: &Record<'_>) -> &[u8] {
        self.bytes.clear();
        let (key, before, after): (&[u8], &[u8], &[u8]) = match *record {
            Record::Insert { txn, place, row } => {
                self.place(INSERT, txn, place);
                self.put(row.len() as u64);
                (place.key, &[], row)
            }
            Record::Change { txn, place, change, patch } => {
                let kind = match change {
                    Change::Update => UPDATE,
                    Change::Delete => DELETE,
                    Change::Revive => REVIVE,
                };
                debug_assert_eq!(patch.before.len(), patch.before_len, "a change that could not be undone");
                self.place(kind, txn, place);
                self.patch(&patch);
                (place.key, patch.before, patch.after)
            }
            Record::Purge { place } => {
                self.place(PURGE, TxnId(0), place);
                (place.key, &[], &[])
            }
            Record::UndoInsert { txn, place, undone } => {
                self.place(UNDO_INSERT, txn, place);
                self.put(undone.0);
                (place.key, &[], &[])
            }
            Record::UndoChange { txn, place, undone, ghost, patch } => {
                self.place(UNDO_CHANGE, txn, place);
                self.put(undone.0);
                self.bytes.push(u8::from(ghost));
                self.patch(&patch);
                (place.key, &[], patch.after)
            }
            Record::Commit { txn, ts } => {
                self.bytes.push(COMMIT);
                self.put(txn.0);
                self.put(ts.map_or(0, |ts| ts.0));
                (&[], &[], &[])
            }
            Record::RolledBack { txn } => {
                self.bytes.push(ROLLED_BACK);
                self.put(txn.0);
                (&[], &[], &[])
            }
        };
        for part in [key, before, after] {
            self.bytes.extend_from_slice(part);
        }
        &self.bytes
    }

    fn place(&mut self, kind: u8, txn: TxnId, place: Place<'_>) {
        self.bytes.push(kind);
        self.put(txn.0);
        self.put(place.table);
        self.put(place.page.get());
        self.put(place.key.len() as u64);
    }

    fn patch(&mut self, patch: &Patch<'_>) {
        self.put(patch.at as u64);
        self.put(patch.before_len as u64);
        self.put(patch.after.len() as u64);
    }

    fn put(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

impl<'a> Record<'a> {
    /// Whether records with this first byte belong to this layer.
    #[must_use]
    pub const fn is_kind(kind: u8) -> bool {
        kind < 0x40
    }

    /// Reads a record back.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, BadRecord> {
        let kind = *bytes.first().ok_or(BadRecord::Short(0))?;
        let mut reader = Reader { bytes, at: 1 };
        reader.record(kind)?.ok_or(BadRecord::Short(kind))
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// `Ok(None)` if the bytes end too early.
    fn record(&mut self, kind: u8) -> Result<Option<Record<'a>>, BadRecord> {
        let record = match kind {
            INSERT => self.insert(),
            UPDATE => self.change(Change::Update),
            DELETE => self.change(Change::Delete),
            REVIVE => self.change(Change::Revive),
            PURGE => self.purge(),
            UNDO_INSERT => self.undo_insert(),
            UNDO_CHANGE => self.undo_change(),
            COMMIT => self.commit(),
            ROLLED_BACK => self.varint().map(|txn| Record::RolledBack { txn: TxnId(txn) }),
            unknown => return Err(BadRecord::Kind(unknown)),
        };
        Ok(record)
    }

    fn insert(&mut self) -> Option<Record<'a>> {
        let (txn, place) = self.place()?;
        let row_len = self.len()?;
        let place = self.key(place)?;
        Some(Record::Insert { txn, place, row: self.raw(row_len)? })
    }

    fn change(&mut self, change: Change) -> Option<Record<'a>> {
        let (txn, place) = self.place()?;
        let (at, before_len, after_len) = (self.len()?, self.len()?, self.len()?);
        let place = self.key(place)?;
        let (before, after) = (self.raw(before_len)?, self.raw(after_len)?);
        Some(Record::Change { txn, place, change, patch: Patch { at, before_len, before, after } })
    }

    fn purge(&mut self) -> Option<Record<'a>> {
        let (_, place) = self.place()?;
        Some(Record::Purge { place: self.key(place)? })
    }

    fn undo_insert(&mut self) -> Option<Record<'a>> {
        let (txn, place) = self.place()?;
        let undone = Lsn(self.varint()?);
        Some(Record::UndoInsert { txn, place: self.key(place)?, undone })
    }

    fn undo_change(&mut self) -> Option<Record<'a>> {
        let (txn, place) = self.place()?;
        let undone = Lsn(self.varint()?);
        let ghost = self.raw(1)?[0] != 0;
        let (at, before_len, after_len) = (self.len()?, self.len()?, self.len()?);
        let place = self.key(place)?;
        let patch = Patch { at, before_len, before: &[], after: self.raw(after_len)? };
        Some(Record::UndoChange { txn, place, undone, ghost, patch })
    }

    fn commit(&mut self) -> Option<Record<'a>> {
        let (txn, ts) = (TxnId(self.varint()?), self.varint()?);
        Some(Record::Commit { txn, ts: (ts != 0).then_some(Ts(ts)) })
    }

    /// The place without its key, whose length stands in for it until [`Self::key`].
    fn place(&mut self) -> Option<(TxnId, (u64, PageId, usize))> {
        let txn = TxnId(self.varint()?);
        Some((txn, (self.varint()?, PageId::new(self.varint()?), self.len()?)))
    }

    fn key(&mut self, (table, page, len): (u64, PageId, usize)) -> Option<Place<'a>> {
        Some(Place { table, page, key: self.raw(len)? })
    }

    fn raw(&mut self, len: usize) -> Option<&'a [u8]> {
        let raw = self.bytes.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some(raw)
    }

    fn len(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok()
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(record: &Record<'_>) {
        let mut encoder = Encoder::default();
        let bytes = encoder.encode(record);
        assert!(Record::is_kind(bytes[0]));
        assert_eq!(Record::decode(bytes).as_ref(), Ok(record));
        for len in 0..bytes.len() {
            assert!(matches!(Record::decode(&bytes[..len]), Err(BadRecord::Short(_))), "{record:?} cut to {len}");
        }
    }

    #[test]
    fn every_record_survives_and_none_survives_being_cut() {
        let place = Place { table: 300, page: PageId::new(u64::from(u32::MAX) + 7), key: b"key" };
        let (txn, undone) = (TxnId(TxnId::MAX.0), Lsn(1 << 40));
        let patch = Patch { at: 200, before_len: 3, before: b"old", after: b"newer" };
        check(&Record::Insert { txn, place, row: b"row" });
        for change in [Change::Update, Change::Delete, Change::Revive] {
            check(&Record::Change { txn, place, change, patch });
        }
        check(&Record::Purge { place });
        check(&Record::UndoInsert { txn, place, undone });
        check(&Record::UndoChange { txn, place, undone, ghost: true, patch: patch.forward_only() });
        check(&Record::Commit { txn, ts: Some(Ts(77)) });
        check(&Record::Commit { txn, ts: None });
        check(&Record::RolledBack { txn });
    }

    #[test]
    fn an_unknown_kind_is_named() {
        assert_eq!(Record::decode(&[0x3f, 0]), Err(BadRecord::Kind(0x3f)));
    }
}
