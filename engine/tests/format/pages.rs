//! The data file, read by the offsets of ARCHITECTURE.md: superblock slots, slotted pages, rows.

use super::bytes::{crc32c, u16_at, u32_at, u64_at};

pub(crate) const PAGE: usize = 8192;

/// The fields of one superblock slot (4096 bytes at 0 or 4096 of page 0).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Superblock {
    pub(crate) sequence: u64,
    pub(crate) redo_from: u64,
    pub(crate) next_txn: u64,
    pub(crate) next_ts: u64,
    pub(crate) analysis_from: u64,
    pub(crate) record: u64,
    pub(crate) record_end: u64,
}

/// A slotted page, entries decoded.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) lsn: u64,
    pub(crate) id: u64,
    pub(crate) tree: u32,
    pub(crate) level: u8,
    pub(crate) lower: Vec<u8>,
    pub(crate) upper: Option<Vec<u8>>,
    pub(crate) prefix: Vec<u8>,
    pub(crate) shared: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Row { key: Vec<u8>, stamp: u64, undo: u64, row: Vec<u8> },
    Child { separator: Vec<u8>, page: u64 },
}

/// What a stamp's 64 bits say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    Writer { txn: u64, deleted: bool },
    Committed { ts: u64, deleted: bool },
}

impl Superblock {
    #[track_caller]
    pub(crate) fn parse(slot: &[u8]) -> Self {
        assert_eq!(&slot[..8], b"ENGINEdb");
        assert_eq!((u32_at(slot, 8), u32_at(slot, 12)), (3, 8192), "format version and page size");
        assert_eq!(u32_at(slot, 4092), crc32c(&slot[..4092]));
        assert!(slot[72..4092].iter().all(|&byte| byte == 0), "spare words 3 and 4, and the rest, are zero");
        Self {
            sequence: u64_at(slot, 16),
            redo_from: u64_at(slot, 24),
            next_txn: u64_at(slot, 32),
            next_ts: u64_at(slot, 40),
            analysis_from: u64_at(slot, 48),
            record: u64_at(slot, 56),
            record_end: u64_at(slot, 64),
        }
    }

    /// The slot that counts: of two intact ones that with the higher sequence number.
    #[track_caller]
    pub(crate) fn newest(data: &[u8]) -> Self {
        let [a, b] = [0, 4096].map(|at| Self::parse(&data[at..at + 4096]));
        assert_eq!([a.sequence % 2, b.sequence % 2], [0, 1], "even numbers in the first slot, odd ones in the second");
        if a.sequence > b.sequence { a } else { b }
    }
}

/// Whether bytes 4.. have the CRC that bytes 0..4 say.
pub(crate) fn is_sealed(page: &[u8]) -> bool {
    u32_at(page, 0) == crc32c(&page[4..PAGE])
}

impl Node {
    /// A page as it is on disk.
    #[track_caller]
    pub(crate) fn parse(page: &[u8]) -> Self {
        assert!(is_sealed(page), "the checksum");
        Self::parse_unsealed(page)
    }

    /// A page whose checksum is not set yet, as in a page image of the log.
    #[track_caller]
    pub(crate) fn parse_unsealed(page: &[u8]) -> Self {
        assert_eq!(page.len(), PAGE);
        let (count, capacity) = (usize::from(u16_at(page, 32)), usize::from(u16_at(page, 34)));
        let (heap_start, garbage) = (usize::from(u16_at(page, 36)), usize::from(u16_at(page, 38)));
        let (level, unbounded) = (page[40], page[41]);
        assert_eq!(page[4], if level == 0 { 2 } else { 3 }, "type: leaf at level 0, inner above");
        assert!(page[5..8].iter().chain(&page[28..32]).all(|&byte| byte == 0), "reserved bytes");
        assert!(unbounded <= 1);
        let slot_bytes = if level == 0 { 6 } else { 12 };
        let slots = 64 + 4 * capacity;
        assert!(count <= capacity && slots + slot_bytes * capacity <= heap_start, "slots and heap overlap");

        let mut pieces = Vec::new();
        let mut piece = |offset: usize, len: usize| {
            pieces.push((offset, len));
            page[offset..offset + len].to_vec()
        };
        let lower = piece(u16_at(page, 44).into(), u16_at(page, 46).into());
        let upper = piece(u16_at(page, 48).into(), u16_at(page, 50).into());
        let prefix = lower[..usize::from(u16_at(page, 42))].to_vec();
        assert!(unbounded == 0 || upper.is_empty() && prefix.is_empty());
        assert!(unbounded == 1 || upper.starts_with(&prefix) && lower < upper);
        let (shared, behind) = page[57..64].split_at(page[56].into());
        assert!(behind.iter().all(|&byte| byte == 0), "zeros behind what suffixes share");
        let mut entries = Vec::new();
        for at in 0..count {
            let slot = &page[slots + slot_bytes * at..][..slot_bytes];
            let (offset, key_len) = (usize::from(u16_at(slot, 0)), usize::from(u16_at(slot, 2)));
            let value_len = if level == 0 { usize::from(u16_at(slot, 4)) } else { 0 };
            let content = piece(offset, key_len + value_len);
            let (suffix, value) = content.split_at(key_len);
            let mut head = [0; 4];
            if level == 0 || at > 0 {
                let rest = suffix.strip_prefix(shared).expect("a suffix begins as all of them do");
                let len = rest.len().min(4);
                head[..len].copy_from_slice(&rest[..len]);
            }
            assert_eq!(u32_at(page, 64 + 4 * at), u32::from_be_bytes(head), "head {at}: what follows those bytes");
            let key = [&prefix, suffix].concat();
            entries.push(match level {
                0 => Entry::Row { key, stamp: u64_at(value, 0), undo: u64_at(value, 8), row: value[16..].to_vec() },
                _ => Entry::Child { separator: key, page: u64_at(slot, 4) },
            });
        }
        check_heap(pieces, heap_start, garbage);
        let upper = (unbounded == 0).then_some(upper);
        let node = Self {
            lsn: u64_at(page, 8),
            id: u64_at(page, 16),
            tree: u32_at(page, 24),
            level,
            lower,
            upper,
            prefix,
            shared: shared.to_vec(),
            entries,
        };
        node.check_order();
        node
    }

    #[track_caller]
    fn check_order(&self) {
        let keys: Vec<&[u8]> = self.entries.iter().map(Entry::key).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "keys ascend");
        assert!(
            keys.iter().all(|key| *key >= &self.lower[..] && self.upper.as_deref().is_none_or(|upper| *key < upper))
        );
        if self.level > 0 {
            assert_eq!(keys[0], self.lower, "the first child begins at the lower fence");
        }
    }

    pub(crate) fn children(&self) -> Vec<u64> {
        let child = |entry: &Entry| match entry {
            Entry::Child { page, .. } => Some(*page),
            Entry::Row { .. } => None,
        };
        self.entries.iter().filter_map(child).collect()
    }
}

/// Pieces do not overlap, and with the garbage fill the heap exactly.
#[track_caller]
fn check_heap(mut pieces: Vec<(usize, usize)>, heap_start: usize, garbage: usize) {
    pieces.retain(|&(_, len)| len > 0);
    pieces.sort_unstable();
    let mut end = heap_start;
    for (offset, len) in &pieces {
        assert!(*offset >= end, "pieces overlap at {offset}");
        end = offset + len;
    }
    assert!(end <= PAGE);
    assert_eq!(heap_start + pieces.iter().map(|piece| piece.1).sum::<usize>() + garbage, PAGE);
}

impl Entry {
    pub(crate) fn key(&self) -> &[u8] {
        match self {
            Entry::Row { key, .. } => key,
            Entry::Child { separator, .. } => separator,
        }
    }
}

impl Stamp {
    pub(crate) fn parse(bits: u64) -> Self {
        let (value, deleted) = (bits & (u64::MAX >> 2), bits & 1 << 62 != 0);
        if bits >> 63 == 1 { Stamp::Writer { txn: value, deleted } } else { Stamp::Committed { ts: value, deleted } }
    }
}
