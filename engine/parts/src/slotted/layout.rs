//! Where things are in a slotted page, and reading them.

use std::ops::Range;

use crate::page::{PAGE_SIZE, Page, PageId, PageType, TreeId};

/// First byte behind the node header: a cache line boundary, where the heads begin.
pub const NODE_HEADER: usize = 64;

/// Longest key, in bytes: two fences of this length leave most of the page to entries.
pub const MAX_KEY: usize = 512;

pub(super) const COUNT: usize = 32;
pub(super) const CAPACITY: usize = 34;
pub(super) const HEAP_START: usize = 36;
pub(super) const GARBAGE: usize = 38;
pub(super) const LEVEL: usize = 40;
pub(super) const UNBOUNDED: usize = 41;
pub(super) const PREFIX_LEN: usize = 42;
pub(super) const LOWER_OFFSET: usize = 44;
pub(super) const LOWER_LEN: usize = 46;
pub(super) const UPPER_OFFSET: usize = 48;
pub(super) const UPPER_LEN: usize = 50;
pub(super) const LAST_INSERT: usize = 52;
pub(super) const RUN: usize = 54;
/// How many bytes all suffixes that are searched begin with, and those bytes, with zeros behind.
pub(super) const SHARED: usize = 56;

/// There is room for so many of those bytes.
pub(super) const SHARED_MAX: usize = NODE_HEADER - SHARED - 1;

/// Bytes of one head.
pub(super) const HEAD: usize = 4;

/// Which of the two slot formats a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Level 0: slots point to a key suffix and its value.
    Leaf,
    /// Level 1 and up: slots point to a key suffix and hold a child.
    Inner,
}

impl Kind {
    /// Bytes of one slot.
    #[inline]
    pub const fn slot_bytes(self) -> usize {
        match self {
            Kind::Leaf => 6,
            Kind::Inner => 12,
        }
    }

    /// The kind of a page at this level of a tree.
    #[inline]
    pub const fn of_level(level: u8) -> Self {
        if level == 0 { Kind::Leaf } else { Kind::Inner }
    }

    /// Entries before this one are not searched: whatever an inner page covers is at or above its first entry.
    #[inline]
    pub(super) const fn first_searched(self) -> usize {
        match self {
            Kind::Leaf => 0,
            Kind::Inner => 1,
        }
    }

    const fn page_type(self) -> PageType {
        match self {
            Kind::Leaf => PageType::Leaf,
            Kind::Inner => PageType::Inner,
        }
    }
}

/// How the latest insertions into a page followed one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insertions {
    /// In no order.
    Scattered,
    /// Each behind the one before. The run goes on if one more is made before entry `next`.
    Ascending {
        /// Where it would go on.
        next: usize,
    },
    /// Each in front of the one before.
    Descending {
        /// Where it would go on.
        next: usize,
    },
}

/// Insertions in a row that make a run: of `n` random ones into a page of `n` entries, fewer than one in `n²` do.
const RUN_LENGTH: i16 = 3;

/// A page read and written as a sorted slotted page.
#[repr(transparent)]
pub struct SlottedPage(pub(super) Page);

/// One slot, decoded. `value_len` is 0 in inner pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) offset: usize,
    pub(super) key_len: usize,
    pub(super) value_len: usize,
    pub(super) child: u64,
}

impl SlottedPage {
    /// Reads a page as slotted.
    #[inline]
    pub const fn of(page: &Page) -> &Self {
        // SAFETY: `SlottedPage` is `repr(transparent)` over `Page`.
        unsafe { &*std::ptr::from_ref(page).cast::<Self>() }
    }

    /// Writes a page as slotted.
    #[inline]
    pub const fn of_mut(page: &mut Page) -> &mut Self {
        // SAFETY: `SlottedPage` is `repr(transparent)` over `Page`.
        unsafe { &mut *std::ptr::from_mut(page).cast::<Self>() }
    }

    /// The page beneath.
    #[inline]
    pub const fn page(&self) -> &Page {
        &self.0
    }

    /// The page beneath, for its header.
    #[inline]
    pub const fn page_mut(&mut self) -> &mut Page {
        &mut self.0
    }

    /// Makes this an empty page of a tree, covering the keys `[lower, upper)`.
    pub fn format(&mut self, id: PageId, tree: TreeId, level: u8, lower: &[u8], upper: Option<&[u8]>) {
        self.0.format(id, tree, Kind::of_level(level).page_type());
        self.0.bytes_mut()[LEVEL] = level;
        self.0.put_u16(HEAP_START, narrow(PAGE_SIZE));
        self.write_fences(lower, upper);
    }

    /// Number of entries.
    #[inline]
    pub fn len(&self) -> usize {
        usize::from(self.0.u16(COUNT))
    }

    /// Whether there is no entry.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Height above the leaves.
    #[inline]
    pub fn level(&self) -> u8 {
        self.0.bytes()[LEVEL]
    }

    /// Which slot format the page has.
    #[inline]
    pub fn kind(&self) -> Kind {
        Kind::of_level(self.level())
    }

    /// The smallest key the page may hold.
    #[inline]
    pub fn lower_fence(&self) -> &[u8] {
        self.slice(usize::from(self.0.u16(LOWER_OFFSET)), usize::from(self.0.u16(LOWER_LEN)))
    }

    /// The first key beyond the page, if there is any.
    #[inline]
    pub fn upper_fence(&self) -> Option<&[u8]> {
        (self.0.bytes()[UNBOUNDED] == 0)
            .then(|| self.slice(usize::from(self.0.u16(UPPER_OFFSET)), usize::from(self.0.u16(UPPER_LEN))))
    }

    /// Whether `key` belongs here.
    #[inline]
    pub fn covers(&self, key: &[u8]) -> bool {
        self.lower_fence() <= key && self.upper_fence().is_none_or(|upper| key < upper)
    }

    /// What every key in the page begins with.
    #[inline]
    pub fn prefix(&self) -> &[u8] {
        self.slice(usize::from(self.0.u16(LOWER_OFFSET)), usize::from(self.0.u16(PREFIX_LEN)))
    }

    /// What all suffixes of entries that are searched begin with, as far as the page keeps it.
    #[inline]
    pub fn shared(&self) -> &[u8] {
        self.slice(SHARED + 1, usize::from(self.0.bytes()[SHARED]))
    }

    /// What follows the prefix in the key of entry `at`.
    #[inline]
    pub fn suffix(&self, at: usize) -> &[u8] {
        let slot = self.slot(at);
        self.slice(slot.offset, slot.key_len)
    }

    /// Appends the whole key of entry `at` to `out`, which is cleared first.
    #[inline]
    pub fn copy_key(&self, at: usize, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(self.prefix());
        out.extend_from_slice(self.suffix(at));
    }

    /// The whole key of entry `at`, in a vector of its own.
    #[inline]
    pub fn key(&self, at: usize) -> Vec<u8> {
        let mut key = Vec::new();
        self.copy_key(at, &mut key);
        key
    }

    /// The value of entry `at` of a leaf.
    #[inline]
    pub fn value(&self, at: usize) -> &[u8] {
        let slot = self.slot(at);
        self.slice(slot.offset + slot.key_len, slot.value_len)
    }

    /// The child of entry `at` of an inner page.
    #[inline]
    pub fn child(&self, at: usize) -> PageId {
        debug_assert!(self.kind() == Kind::Inner);
        PageId::new(self.slot(at).child)
    }

    /// Where the insertions of late went: a hint for whoever divides the page, never more.
    #[inline]
    pub fn insertions(&self) -> Insertions {
        let run = self.0.u16(RUN).cast_signed();
        match usize::from(self.0.u16(LAST_INSERT)) {
            at if run >= RUN_LENGTH => Insertions::Ascending { next: at + 1 },
            at if run <= -RUN_LENGTH => Insertions::Descending { next: at },
            _ => Insertions::Scattered,
        }
    }

    /// Bytes that entries and fences occupy, slots included.
    #[inline]
    pub fn used_bytes(&self) -> usize {
        let fences = self.lower_fence().len() + self.upper_fence().map_or(0, <[u8]>::len);
        fences + (0..self.len()).map(|at| self.entry_bytes(at)).sum::<usize>()
    }

    /// Bytes that entry `at` occupies, its head and slot included.
    #[inline]
    pub fn entry_bytes(&self, at: usize) -> usize {
        let slot = self.slot(at);
        slot.key_len + slot.value_len + HEAD + self.kind().slot_bytes()
    }

    /// Share of the usable bytes that entries and fences occupy, 0 to 1.
    #[inline]
    pub fn fill(&self) -> f64 {
        self.used_bytes() as f64 / (PAGE_SIZE - NODE_HEADER) as f64
    }

    /// Whether an entry with this whole key and this many value bytes can be added or can replace another.
    #[inline]
    pub fn has_room(&self, key_len: usize, value_len: usize) -> bool {
        let suffix_len = key_len.saturating_sub(usize::from(self.0.u16(PREFIX_LEN)));
        let growth = if self.len() == self.capacity() { HEAD + self.kind().slot_bytes() } else { 0 };
        suffix_len + value_len + growth <= self.gap() + usize::from(self.0.u16(GARBAGE))
    }

    /// The two stretches that hold all content: header to slots, and heap. Between them is free space.
    #[inline]
    pub fn occupied(&self) -> (Range<usize>, Range<usize>) {
        (0..self.slots_end(), usize::from(self.0.u16(HEAP_START))..PAGE_SIZE)
    }

    #[inline]
    pub(super) fn head(&self, at: usize) -> u32 {
        self.0.u32(NODE_HEADER + HEAD * at)
    }

    /// Where the fences are in the heap.
    #[inline]
    pub(super) fn fence_pieces(&self) -> [(usize, usize); 2] {
        let piece = |offset, len| (usize::from(self.0.u16(offset)), usize::from(self.0.u16(len)));
        [piece(LOWER_OFFSET, LOWER_LEN), piece(UPPER_OFFSET, UPPER_LEN)]
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        usize::from(self.0.u16(CAPACITY))
    }

    #[inline]
    pub(super) fn slots_end(&self) -> usize {
        NODE_HEADER + self.capacity() * (HEAD + self.kind().slot_bytes())
    }

    /// Unbroken free bytes between slots and heap.
    #[inline]
    pub(super) fn gap(&self) -> usize {
        usize::from(self.0.u16(HEAP_START)) - self.slots_end()
    }

    #[inline]
    pub(super) fn slot_at(&self, at: usize) -> usize {
        NODE_HEADER + self.capacity() * HEAD + at * self.kind().slot_bytes()
    }

    #[inline]
    pub(super) fn slot(&self, at: usize) -> Slot {
        debug_assert!(at < self.len(), "entry {at} of {}", self.len());
        let place = self.slot_at(at);
        let (offset, key_len) = (usize::from(self.0.u16(place)), usize::from(self.0.u16(place + 2)));
        match self.kind() {
            Kind::Leaf => Slot { offset, key_len, value_len: usize::from(self.0.u16(place + 4)), child: 0 },
            Kind::Inner => Slot { offset, key_len, value_len: 0, child: self.0.u64(place + 4) },
        }
    }

    #[inline]
    pub(super) fn slice(&self, offset: usize, len: usize) -> &[u8] {
        &self.0.bytes()[offset..offset + len]
    }
}

/// A size or offset within a page as it is stored.
#[inline]
pub(super) fn narrow(value: usize) -> u16 {
    debug_assert!(value <= PAGE_SIZE);
    value as u16
}

/// The first four bytes, padded with zeros, as an integer that orders like them.
#[inline]
pub(super) fn head_of(suffix: &[u8]) -> u32 {
    (word_of(suffix) >> 32) as u32
}

/// The first eight bytes, padded with zeros, as an integer that orders like them.
#[inline]
pub(super) fn word_of(bytes: &[u8]) -> u64 {
    let behind = 8 * (8 - bytes.len().min(8));
    // Fewer than eight are read as two halves that overlap: no loop, for what is asked several times in every search.
    match (bytes.first_chunk(), bytes.first_chunk(), bytes.last_chunk(), bytes.first_chunk(), bytes.last_chunk()) {
        (Some(all), ..) => u64::from_be_bytes(*all),
        (_, Some(front), Some(back), ..) => {
            u64::from(u32::from_be_bytes(*front)) << 32 | u64::from(u32::from_be_bytes(*back)) << behind
        }
        (.., Some(front), Some(back)) => {
            u64::from(u16::from_be_bytes(*front)) << 48 | u64::from(u16::from_be_bytes(*back)) << behind
        }
        _ => bytes.first().map_or(0, |byte| u64::from(*byte) << 56),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_the_bytes_and_zeros() {
        let bytes = [0x81, 0x42, 0xa3, 0x24, 0xc5, 0x66, 0x07, 0xe8, 0x99];
        for len in 0..=bytes.len() {
            let mut padded = [0; 8];
            padded[..len.min(8)].copy_from_slice(&bytes[..len.min(8)]);
            assert_eq!(word_of(&bytes[..len]), u64::from_be_bytes(padded), "{len}");
            assert_eq!(head_of(&bytes[..len]).to_be_bytes(), padded[..4], "{len}");
        }
    }
}
