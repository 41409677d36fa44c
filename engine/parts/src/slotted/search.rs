//! Finding a key, in a page that is latched or in one that may change underfoot.
//!
//! One search serves both: it reads the page through [`NodeBytes`], whose implementation for optimistic readers lives
//! in `buffer::racy`. Such a reader may see any bytes at all, so nothing here trusts a count, an offset or a length:
//! implementations clamp every access to the page, loops are bounded by the clamped count, and the answer is worth
//! something only once the page's version has been validated.

use std::cmp::Ordering;
use std::hint::select_unpredictable;

use super::layout::{CAPACITY, COUNT, HEAD, Kind, LEVEL, NODE_HEADER, PREFIX_LEN, SlottedPage, head_of};
use crate::page::racy::OptimisticBytes;
use crate::page::{PAGE_SIZE, Page, PageId};

/// More entries than any page holds.
const MOST_ENTRIES: usize = (PAGE_SIZE - NODE_HEADER) / (HEAD + 6);

/// Access to the bytes of a node. Reads beyond the page give some value, never a fault.
pub trait NodeBytes {
    /// The byte at `at`.
    fn u8(&self, at: usize) -> u8;
    /// Little-endian u16 at byte `at`.
    fn u16(&self, at: usize) -> u16;
    /// Little-endian u32 at byte `at`.
    fn u32(&self, at: usize) -> u32;
    /// Little-endian u64 at byte `at`.
    fn u64(&self, at: usize) -> u64;
    /// How the `len` bytes at `at` order against `key`.
    fn compare(&self, at: usize, len: usize, key: &[u8]) -> Ordering;
    /// How many of the `len` ascending u32 from byte `at` on are below `bound`; if they do not ascend, some count up to `len`.
    fn count_below(&self, at: usize, len: usize, bound: u32) -> usize;

    /// The first eight of the `len` bytes at `at`, or what there is of them and zeros, as a number that orders as they do.
    #[inline]
    fn word(&self, at: usize, len: usize) -> u64 {
        let from = at.min(PAGE_SIZE - 8);
        let word = self.u64(from).swap_bytes() << (8 * (at - from).min(7));
        if len < 8 { word & !(u64::MAX >> (8 * len)) } else { word }
    }
}

impl NodeBytes for Page {
    #[inline]
    fn u8(&self, at: usize) -> u8 {
        self.bytes()[at]
    }

    #[inline]
    fn u16(&self, at: usize) -> u16 {
        Page::u16(self, at)
    }

    #[inline]
    fn u32(&self, at: usize) -> u32 {
        Page::u32(self, at)
    }

    #[inline]
    fn u64(&self, at: usize) -> u64 {
        Page::u64(self, at)
    }

    #[inline]
    fn compare(&self, at: usize, len: usize, key: &[u8]) -> Ordering {
        self.bytes()[at..at + len].cmp(key)
    }

    #[inline]
    fn count_below(&self, at: usize, len: usize, bound: u32) -> usize {
        OptimisticBytes::still(self).count_below(at, len, bound)
    }
}

impl NodeBytes for OptimisticBytes {
    #[inline]
    fn u8(&self, at: usize) -> u8 {
        OptimisticBytes::u8(self, at)
    }

    #[inline]
    fn u16(&self, at: usize) -> u16 {
        OptimisticBytes::u16(self, at)
    }

    #[inline]
    fn u32(&self, at: usize) -> u32 {
        OptimisticBytes::u32(self, at)
    }

    #[inline]
    fn u64(&self, at: usize) -> u64 {
        OptimisticBytes::u64(self, at)
    }

    #[inline]
    fn compare(&self, at: usize, len: usize, key: &[u8]) -> Ordering {
        OptimisticBytes::compare(self, at, len, key)
    }

    #[inline]
    fn count_below(&self, at: usize, len: usize, bound: u32) -> usize {
        OptimisticBytes::count_below(self, at, len, bound)
    }
}

impl SlottedPage {
    /// Where `key` is (`Ok`) or would be inserted (`Err`). The key must lie between the fences.
    #[inline]
    pub fn search(&self, key: &[u8]) -> Result<usize, usize> {
        find(&self.0, self.kind(), key)
    }

    /// Index of the first entry whose key is at least `key`.
    #[inline]
    pub fn lower_bound(&self, key: &[u8]) -> usize {
        match self.search(key) {
            Ok(at) | Err(at) => at,
        }
    }

    /// The entry of an inner page whose child covers `key`.
    pub fn child_index(&self, key: &[u8]) -> usize {
        match self.search(key) {
            Ok(at) => at,
            Err(at) => at.saturating_sub(1),
        }
    }
}

/// Searches a node of the given kind for a whole key that lies between its fences.
#[inline]
pub fn find(node: &impl NodeBytes, kind: Kind, key: &[u8]) -> Result<usize, usize> {
    let count = entry_count(node);
    let suffix = &key[usize::from(node.u16(PREFIX_LEN)).min(key.len())..];
    let head = head_of(suffix);
    let first = node.count_below(NODE_HEADER, count, head);
    let has_head = |at: usize| at < count && node.u32(NODE_HEADER + HEAD * at) == head;
    if !has_head(first) {
        return Err(first);
    }
    let slots = slot_at(node, kind, 0);
    let entries = Entries { node, slots, slot_bytes: kind.slot_bytes(), suffix, sought: Tail::of(suffix) };
    // Most heads are unique. Where several entries share this one they follow one another from here on.
    if !has_head(first + 1) {
        return match entries.order(first) {
            Ordering::Less => Err(first + 1),
            Ordering::Equal => Ok(first),
            Ordering::Greater => Err(first),
        };
    }
    let end = head.checked_add(1).map_or(count, |above| node.count_below(NODE_HEADER, count, above));
    entries.search(first, end.max(first))
}

/// The entries of a node as the key that is searched for, whose suffix and tail these are, compares with them.
struct Entries<'n, N> {
    node: &'n N,
    slots: usize,
    slot_bytes: usize,
    suffix: &'n [u8],
    sought: Tail,
}

impl<N: NodeBytes> Entries<'_, N> {
    /// Searches the entries from `low` up to `end`, whose heads are the key's.
    #[inline]
    fn search(&self, mut low: usize, end: usize) -> Result<usize, usize> {
        // Without branches on what is read, as far as the tails decide.
        let mut left = end - low;
        while left > 0 {
            let half = left.div_ceil(2);
            low = select_unpredictable(self.tail(low + half - 1) < self.sought, low + half, low);
            left -= half;
        }
        if low == end || !self.sought.is_cut() {
            return if low < end && self.tail(low) == self.sought { Ok(low) } else { Err(low) };
        }
        let mut high = end;
        while low < high {
            let middle = low + (high - low) / 2;
            match self.order(middle) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Ok(middle),
                Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// Where the suffix of an entry begins, and how long it is.
    #[inline]
    fn place(&self, at: usize) -> (usize, usize) {
        let slot = self.slots + at * self.slot_bytes;
        (usize::from(self.node.u16(slot)), usize::from(self.node.u16(slot + 2)))
    }

    #[inline]
    fn tail(&self, at: usize) -> Tail {
        let (start, len) = self.place(at);
        // Nothing behind the head: the entry, often a cache miss, need not be looked at.
        let word = if len <= HEAD { 0 } else { self.node.word(start + HEAD, len - HEAD) };
        Tail::new(word, len)
    }

    /// How an entry, whose head is the key's, orders against the key.
    #[inline]
    fn order(&self, at: usize) -> Ordering {
        let order = self.tail(at).cmp(&self.sought);
        if order.is_ne() || !self.sought.is_cut() {
            return order;
        }
        let (start, len) = self.place(at);
        self.node.compare(start, len, self.suffix)
    }
}

/// What is behind the head of a suffix: its first eight bytes as a number, and in the lowest byte the suffix's length, or
/// [`Self::CUT`] if there is more than that. One number, since it is compared without a branch.
///
/// Suffixes with one head order as their tails do, unless both are cut. Zeros stand for what a suffix does not have, in heads as
/// in words: so where they differ the one that ends is below, and where they do not it is below, too, if it is shorter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tail(u128);

impl Tail {
    const CUT: u8 = HEAD as u8 + 8 + 1;

    #[inline]
    fn new(word: u64, len: usize) -> Self {
        Self(u128::from(word) << 8 | len.min(Self::CUT.into()) as u128)
    }

    #[inline]
    fn of(suffix: &[u8]) -> Self {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(suffix.iter().skip(HEAD)) {
            *to = *from;
        }
        Self::new(u64::from_be_bytes(word), suffix.len())
    }

    #[inline]
    fn is_cut(&self) -> bool {
        self.0 as u8 == Self::CUT
    }
}

/// Number of entries of a node.
#[inline]
pub fn entry_count(node: &impl NodeBytes) -> usize {
    usize::from(node.u16(COUNT)).min(MOST_ENTRIES)
}

/// Height of a node above the leaves.
#[inline]
pub fn level_of(node: &impl NodeBytes) -> u8 {
    node.u8(LEVEL)
}

/// The child that slot `at` of an inner node holds.
#[inline]
pub fn child_at(node: &impl NodeBytes, at: usize) -> PageId {
    PageId::new(node.u64(slot_at(node, Kind::Inner, at) + 4))
}

/// Where the value that slot `at` of a leaf points to lies.
#[inline]
pub fn value_at(node: &impl NodeBytes, at: usize) -> std::ops::Range<usize> {
    let slot = slot_at(node, Kind::Leaf, at);
    let field = |at: usize| usize::from(node.u16(slot + at));
    let start = field(0) + field(2);
    start..start + field(4)
}

/// Where slot `at` begins.
#[inline]
fn slot_at(node: &impl NodeBytes, kind: Kind, at: usize) -> usize {
    let capacity = usize::from(node.u16(CAPACITY)).min(MOST_ENTRIES);
    NODE_HEADER + HEAD * capacity + at.min(MOST_ENTRIES) * kind.slot_bytes()
}
