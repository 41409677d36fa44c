//! Optimized: divide where the insertions go.
//!
//! ```text
//!   ascending run at the page's end      ascending run inside               scattered
//!   ┌──────────────────┬──┐┄┄┄           ┌──────────────┐┄┄┄┌───────┐       ┌─────────┬─────────┐
//!   │ 90 %             │10│ new           │ run      new │   │ tail  │       │   half  ┊  half   │
//!   └──────────────────┴──┘              └──────────────┘   └───────┘       └─────────┴─────────┘
//!   full pages stay behind               the tail leaves the run alone      at the shortest separator near the middle
//! ```
//!
//! A page's header keeps where the last insertion went and how many before it went the same way (as InnoDB's
//! `PAGE_LAST_INSERT`, `PAGE_DIRECTION` and `PAGE_N_DIRECTION` do), so every order, district or session that appends
//! inside a tree has its own run, however many there are; a descending run is the mirror image. The last page of a level
//! is always filled to 90 %, as in PostgreSQL, whose split-point choice (`nbtsplitloc.c`) the rest follows.

use super::{SplitPlan, SplitPolicy};
use crate::buffer::PageId;
use crate::buffer::page::PAGE_SIZE;
use crate::metrics::{Metrics, THREAD_SHARDS, shard_of_this_thread};
use crate::storage::slotted::{Insertions, Kind, NODE_HEADER, SlottedPage};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, CachePadded};

/// Share of a page that stays filled behind an ascending run; the rest is room for rows that grow (PostgreSQL's
/// default fillfactor of a leaf).
const FILL: f64 = 0.90;

/// Where the middle begins and ends: within it the shortest separator wins.
const MIDDLE: std::ops::RangeInclusive<f64> = 0.45..=0.55;

/// Divides by the page's recent insertions. Each thread remembers where its latest change landed, and tries that leaf
/// first once two in a row have landed there: the lines of an order do, written or delivered, and so do rows numbered by a sequence,
/// but not rows that come one at a time to scattered places. (PostgreSQL's backends remember the rightmost leaf for themselves.)
#[derive(Debug)]
pub struct Adaptive {
    /// By thread, where its latest change landed: the page's number times two, plus one if the one before landed there too.
    landings: [CachePadded<AtomicU64>; THREAD_SHARDS],
}

/// Where a page is divided, before the separator is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// This many entries stay, for a page without a run.
    Middle,
    /// This many entries stay, and the new key goes behind them.
    Behind(usize),
    /// This many entries and the new key stay.
    Including(usize),
}

impl SplitPolicy for Adaptive {
    fn new(_metrics: &Arc<Metrics>) -> Self {
        Self::default()
    }

    fn choose(&self, node: &SlottedPage, key: &[u8]) -> SplitPlan {
        assert!(node.len() >= 2, "{:?} has too few entries to be divided", node.page().id());
        match cut(node, key) {
            Cut::Middle => {
                let keep = telling_middle(node);
                SplitPlan { keep, separator: separator(node, keep, None, None), at_run: false }
            }
            Cut::Behind(keep) => SplitPlan { keep, separator: separator(node, keep, None, Some(key)), at_run: true },
            Cut::Including(keep) => SplitPlan { keep, separator: separator(node, keep, Some(key), None), at_run: true },
        }
    }

    #[inline]
    fn fast_path(&self) -> Option<PageId> {
        let word = self.landing().load(Ordering::Relaxed);
        (word & TWICE != 0).then(|| PageId::new(word >> 1))
    }

    #[inline]
    fn landed(&self, leaf: PageId) {
        // Threads that share a landing may mislead each other: a wrong guess costs time only.
        let landing = self.landing();
        let before = landing.load(Ordering::Relaxed);
        let now = leaf.get() << 1 | u64::from(before >> 1 == leaf.get());
        if now != before {
            landing.store(now, Ordering::Relaxed);
        }
    }
}

const TWICE: u64 = 1;

impl Adaptive {
    #[inline]
    fn landing(&self) -> &AtomicU64 {
        &self.landings[shard_of_this_thread()]
    }
}

impl Default for Adaptive {
    fn default() -> Self {
        Adaptive { landings: std::array::from_fn(|_| CachePadded(AtomicU64::new(0))) }
    }
}

fn cut(node: &SlottedPage, key: &[u8]) -> Cut {
    let len = node.len();
    let at = match (node.kind(), node.search(key)) {
        (Kind::Leaf, Err(at)) => at,
        // A row that grows says nothing about where the next one comes.
        (Kind::Leaf, Ok(_)) => return Cut::Middle,
        // A child's new sibling goes behind it.
        (Kind::Inner, _) => node.child_index(key) + 1,
    };
    match node.insertions() {
        Insertions::Ascending { next } if next == at && at == len => Cut::Behind(filled_front(node)),
        Insertions::Ascending { next } if next == at => Cut::Including(at),
        Insertions::Descending { next } if next == at && at == 0 => Cut::Including(before_filled_back(node)),
        // Entries before the run leave it alone.
        Insertions::Descending { next } if next == at && at < len => Cut::Behind(at),
        _ if at == len && node.upper_fence().is_none() => Cut::Behind(filled_front(node)),
        Insertions::Ascending { .. } | Insertions::Descending { .. } | Insertions::Scattered => Cut::Middle,
    }
}

/// How many of the first entries fill a page as far as it should be; at least one stays and one goes.
fn filled_front(node: &SlottedPage) -> usize {
    // With a fence closer to them the entries may share a longer prefix, which is stored once.
    let last = node.key(node.len() - 1);
    let stripped = common(node.lower_fence(), &last).saturating_sub(node.prefix().len());
    let sizes = (0..node.len()).map(|at| node.entry_bytes(at).saturating_sub(stripped));
    filled(sizes).clamp(1, node.len() - 1)
}

/// The same from the other end: how many entries remain in front of the last ones that fill a page.
fn before_filled_back(node: &SlottedPage) -> usize {
    let stripped =
        node.upper_fence().map_or(0, |upper| common(&node.key(0), upper)).saturating_sub(node.prefix().len());
    let sizes = (0..node.len()).rev().map(|at| node.entry_bytes(at).saturating_sub(stripped));
    (node.len() - filled(sizes)).clamp(1, node.len() - 1)
}

fn filled(sizes: impl Iterator<Item = usize>) -> usize {
    let limit = (PAGE_SIZE - NODE_HEADER) as f64 * FILL;
    let mut bytes = 0;
    sizes
        .take_while(|size| {
            bytes += size;
            bytes as f64 <= limit
        })
        .count()
}

/// The cut near the middle whose separator is shortest, and of those the one nearest to the middle.
fn telling_middle(node: &SlottedPage) -> usize {
    let len = node.len();
    let total = (0..len).map(|at| node.entry_bytes(at)).sum::<usize>() as f64;
    let mut bytes = 0;
    let mut best = (usize::MAX, f64::MAX, 1);
    for keep in 1..len {
        bytes += node.entry_bytes(keep - 1);
        let share = bytes as f64 / total;
        let off = (share - 0.5).abs();
        let length = if MIDDLE.contains(&share) { telling_bytes(node, keep) } else { usize::MAX };
        if length < best.0 || (length == best.0 && off < best.1) {
            best = (length, off, keep);
        }
    }
    best.2
}

/// Bytes behind the page's prefix that a separator at this cut needs.
fn telling_bytes(node: &SlottedPage, keep: usize) -> usize {
    match node.kind() {
        Kind::Leaf => common(node.suffix(keep - 1), node.suffix(keep)) + 1,
        Kind::Inner => node.suffix(keep).len(),
    }
}

/// The shortest key above everything that stays, `left` included, and not above anything that goes, `right` included.
/// In an inner page a separator is the first child's that goes, since that child begins there.
fn separator(node: &SlottedPage, keep: usize, left: Option<&[u8]>, right: Option<&[u8]>) -> Vec<u8> {
    let first_going = node.key(keep);
    if node.kind() == Kind::Inner {
        return first_going;
    }
    let last_staying = node.key(keep - 1);
    let below = left.map_or(&last_staying[..], |new| new.max(&last_staying));
    let above = right.map_or(&first_going[..], |new| new.min(&first_going));
    let telling = if cfg!(planted = "separator_not_above_what_stays") { 0 } else { 1 };
    above[..(common(below, above) + telling).min(above.len())].to_vec()
}

fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
