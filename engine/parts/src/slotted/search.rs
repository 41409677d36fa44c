//! Finding a key, in a page that is latched or in one that may change underfoot.
//!
//! One search serves both: it reads the page through [`NodeBytes`], whose implementation for optimistic readers lives
//! in `buffer::racy`. Such a reader may see any bytes at all, so nothing here trusts a count, an offset or a length:
//! implementations clamp every access to the page, loops are bounded by the clamped count, and the answer is worth
//! something only once the page's version has been validated.

use std::cmp::Ordering;
use std::hint::select_unpredictable;

use super::layout::{
    CAPACITY, COUNT, HEAD, HEAP_START, Kind, LEVEL, NODE_HEADER, PREFIX_LEN, SHARED, SHARED_MAX, SlottedPage, word_of,
};
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
        match find(&self.0, self.kind(), key) {
            // The first entry of an inner page is not sought.
            Err(1) if self.kind() == Kind::Inner && self.suffix(0) == &key[self.prefix().len()..] => Ok(0),
            found => found,
        }
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

/// Searches a node of the given kind for a whole key that lies between its fences. The first entry of an inner node, which no such
/// key is below, is not found: a key that is at it or below the second gives `Err(1)`.
#[inline]
pub fn find(node: &impl NodeBytes, kind: Kind, key: &[u8]) -> Result<usize, usize> {
    let count = entry_count(node);
    let from = kind.first_searched().min(count);
    let suffix_at = suffix_at(node, key);
    let shared = Shared::of(node);
    match shared.order(key, suffix_at) {
        Ordering::Less => return Err(from),
        Ordering::Equal => {}
        Ordering::Greater => return Err(count),
    }
    let head_at = suffix_at + shared.len;
    let head = head_from(key, head_at);
    let below = |bound| from + node.count_below(NODE_HEADER + HEAD * from, count - from, bound);
    let first = below(head);
    let has_head = |at: usize| at < count && node.u32(NODE_HEADER + HEAD * at) == head;
    if !has_head(first) {
        return Err(first);
    }
    let slots = slot_at(node, kind, 0);
    let sought = Tail::new(word_at(key, head_at + HEAD), key.len() - head_at);
    let (slot_bytes, suffix) = (kind.slot_bytes(), &key[suffix_at..]);
    let entries = Entries { node, slots, slot_bytes, shared: shared.len, suffix, sought };
    // Most heads are unique. Where several entries share this one they follow one another from here on.
    if !has_head(first + 1) {
        return match entries.order(first) {
            Ordering::Less => Err(first + 1),
            Ordering::Equal => Ok(first),
            Ordering::Greater => Err(first),
        };
    }
    let end = head.checked_add(1).map_or(count, below);
    entries.search(first, end.max(first))
}

/// What the suffixes of a node begin with: so many bytes, which are the first of a big-endian number whose others are zero.
struct Shared {
    len: usize,
    bytes: u64,
}

impl Shared {
    #[inline]
    fn of(node: &impl NodeBytes) -> Self {
        let word = node.u64(SHARED).swap_bytes();
        Self { len: ((word >> 56) as usize).min(SHARED_MAX), bytes: word << 8 }
    }

    /// How a key, whose suffix begins at `suffix_at`, orders against all of them: equal if it begins as they do.
    #[inline]
    fn order(&self, key: &[u8], suffix_at: usize) -> Ordering {
        let begin = word_at(key, suffix_at) & !(u64::MAX >> (8 * self.len));
        // One that ends within is below those that it agrees with until then, whether or not they go on with zeros.
        let ends_within = key.len() - suffix_at < self.len;
        begin.cmp(&self.bytes).then(if ends_within { Ordering::Less } else { Ordering::Equal })
    }
}

/// Where the suffix of `key` begins in the node: behind the prefix.
#[inline]
fn suffix_at(node: &impl NodeBytes, key: &[u8]) -> usize {
    usize::from(node.u16(PREFIX_LEN)).min(key.len())
}

/// The head that an entry of the rest of `key`, from `at` on, would have.
#[inline]
fn head_from(key: &[u8], at: usize) -> u32 {
    (word_at(key, at) >> 32) as u32
}

/// [`word_of`] what follows in `key` from `at` on.
#[inline]
fn word_at(key: &[u8], at: usize) -> u64 {
    // The last eight bytes serve for all that begin among them, without a branch on how many are left.
    let Some(last) = key.len().checked_sub(8) else { return word_of(key.get(at..).unwrap_or_default()) };
    let from = at.min(last);
    word_of(&key[from..from + 8]).checked_shl(8 * (at - from) as u32).unwrap_or(0)
}

/// The entries of a node as the key that is searched for, whose suffix and tail these are, compares with them.
struct Entries<'n, N> {
    node: &'n N,
    slots: usize,
    slot_bytes: usize,
    /// Bytes that all suffixes share, before their heads.
    shared: usize,
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
        let (head_at, len) = (start + self.shared, len.saturating_sub(self.shared));
        // Nothing behind the head: the entry, often a cache miss, need not be looked at.
        let word = if len <= HEAD { 0 } else { self.node.word(head_at + HEAD, len - HEAD) };
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

/// What is behind the head of a suffix: its first eight bytes as a number, and in the lowest byte how long the suffix is from its head on,
/// or [`Self::CUT`] if there is more than that. One number, since it is compared without a branch.
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
    fn is_cut(&self) -> bool {
        self.0 as u8 == Self::CUT
    }
}

/// How far `key` is on the way from entry `at` of an inner node to the next, in 65,536ths, by their heads; nothing where there are none
/// to tell. Keys that are spread evenly have their entry as far into the child.
#[inline]
pub fn share(node: &impl NodeBytes, at: usize, key: &[u8]) -> Option<u32> {
    if at < Kind::Inner.first_searched() || at + 1 >= entry_count(node) {
        return None;
    }
    let head = head_from(key, suffix_at(node, key) + Shared::of(node).len);
    let [low, high] = [at, at + 1].map(|at| node.u32(NODE_HEADER + HEAD * at));
    let (into, whole) = (head.checked_sub(low)?, high.checked_sub(low)?);
    Some((u64::from(into) << 16).checked_div(whole.into())?.min(0xffff) as u32)
}

/// What tells roughly where the entries of a leaf are: a word of its header, which may be kept elsewhere and may be out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape(u64);

impl Shape {
    /// That of a node.
    #[inline]
    pub fn of(node: &impl NodeBytes) -> Self {
        Self(node.u64(COUNT))
    }

    /// As it was kept.
    #[inline]
    pub const fn from_word(word: u64) -> Self {
        Self(word)
    }

    /// To be kept.
    #[inline]
    pub const fn to_word(self) -> u64 {
        self.0
    }

    /// Where slot and value of the entry that is so far into the leaf, in 65,536ths, begin, if entries are of one size and were added in
    /// their order.
    #[inline]
    pub fn entry(self, share: u32) -> (usize, usize) {
        let field = |at: usize| usize::from((self.0 >> (8 * (at - COUNT))) as u16);
        let count = field(COUNT);
        // Rounded: the share of an entry that is just there was rounded down.
        let at = ((share as usize * count + 0x8000) >> 16).min(count.saturating_sub(1));
        let slot = NODE_HEADER + HEAD * field(CAPACITY) + at * Kind::Leaf.slot_bytes();
        let heap = PAGE_SIZE.saturating_sub(field(HEAP_START));
        let above = (heap * (at + 1)).checked_div(count).unwrap_or(0);
        (slot, PAGE_SIZE.saturating_sub(above))
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
