//! Finding a key, in a page that is latched or in one that may change underfoot.
//!
//! One search serves both: it reads the page through [`NodeBytes`], whose implementation for optimistic readers lives
//! in `buffer::racy`. Such a reader may see any bytes at all, so nothing here trusts a count, an offset or a length:
//! implementations clamp every access to the page, loops are bounded by the clamped count, and the answer is worth
//! something only once the page's version has been validated.

use std::cmp::Ordering;

use super::layout::{CAPACITY, COUNT, HEAD, Kind, LEVEL, NODE_HEADER, PREFIX_LEN, SlottedPage, head_of};
use crate::buffer::page::{PAGE_SIZE, Page, PageId};
use crate::buffer::racy::OptimisticBytes;

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
    let head_at = |at: usize| node.u32(NODE_HEADER + HEAD * at);

    let first = first_at_least(0, count, head, head_at);
    if first == count || head_at(first) != head {
        return Err(first);
    }
    let slots = slot_at(node, kind, 0);
    let tail = Tail::of(suffix);
    let order_at = |at: usize| {
        let slot = slots + at * kind.slot_bytes();
        tail.order(node, usize::from(node.u16(slot)), usize::from(node.u16(slot + 2)))
    };
    // Most heads are unique. Where several entries share this one they follow one another from here on.
    let unique = first + 1 == count || head_at(first + 1) != head;
    let (mut low, mut high) = (first, if unique { first + 1 } else { count });
    while low < high {
        let middle = low + (high - low) / 2;
        match if head_at(middle) == head { order_at(middle) } else { Ordering::Greater } {
            Ordering::Less => low = middle + 1,
            Ordering::Equal => return Ok(middle),
            Ordering::Greater => high = middle,
        }
    }
    Err(low)
}

/// What is behind the head of the key that is searched for, its first bytes as a number.
struct Tail<'k> {
    suffix: &'k [u8],
    word: u64,
}

impl<'k> Tail<'k> {
    #[inline]
    fn of(suffix: &'k [u8]) -> Self {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(suffix.iter().skip(HEAD)) {
            *to = *from;
        }
        Self { suffix, word: u64::from_be_bytes(word) }
    }

    /// How an entry's suffix, the `len` bytes at `at`, whose head is the key's, orders against the key's.
    #[inline]
    fn order(&self, node: &impl NodeBytes, at: usize, len: usize) -> Ordering {
        if len.max(self.suffix.len()) <= HEAD {
            // Nothing behind the heads, which are equal: the entry, often a cache miss, need not be looked at.
            return len.cmp(&self.suffix.len());
        }
        // Zeros stand for what a suffix does not have, in heads as in words: so where they differ the one that ends is below, and
        // where they do not it is below, too, if it is shorter.
        let word = node.word(at + HEAD, len.saturating_sub(HEAD));
        if word != self.word {
            word.cmp(&self.word)
        } else if len.max(self.suffix.len()) <= HEAD + 8 {
            len.cmp(&self.suffix.len())
        } else {
            node.compare(at, len, self.suffix)
        }
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

/// First index in `low..high` whose head is not below `head`, without branches on the heads.
#[inline]
fn first_at_least(mut low: usize, high: usize, head: u32, head_at: impl Fn(usize) -> u32) -> usize {
    let mut len = high - low;
    while len > 1 {
        let half = len / 2;
        low += usize::from(head_at(low + half - 1) < head) * half;
        len -= half;
    }
    low + usize::from(len == 1 && head_at(low) < head)
}
