//! Reading rows without a latch.
//!
//! Taking a latch writes to it, and a leaf that many read is then a cache line that wanders between their cores. So a row is
//! copied while its leaf may change, and counts once the leaf's version says that it did not.

use std::ops::Range;

use super::btree::BTree;
use super::descent::{Toward, Way, to_leaf};
use super::error::TreeError;
use super::leaf::{LeafMut, TUPLE_HEADER, TupleHeader};
use super::split::SplitPolicy;
use crate::buffer::{OptimisticPage, Visit};
use crate::metrics::Counter;
use crate::storage::slotted::{Kind, Shape, find, share, value_at};
use crate::transaction::wal::CommitLog;

/// Copies that were disturbed before the leaf is latched after all.
const ATTEMPTS: usize = 4;

/// Keys that are sought at the same time: more than the processor waits for at once, few enough that what was fetched for them
/// stays in its nearest cache.
const GROUP: usize = 16;

/// So many bytes of a row are asked for before it is known where it is.
const ROW_START: usize = 128;

impl<L: CommitLog, P: SplitPolicy> BTree<L, P> {
    /// Copies the row of `key` into `row`, replacing its contents, and returns what `resolve` makes of the tuple header;
    /// nothing if there is no such entry (then `row` is as it was, or holds garbage).
    ///
    /// `resolve` is called while row and header are what the leaf holds: what it looks up belongs to the same moment. It may be
    /// called several times, of which the last one counts.
    #[inline]
    pub fn read<R>(
        &self,
        key: &[u8],
        row: &mut Vec<u8>,
        mut resolve: impl FnMut(TupleHeader) -> R,
    ) -> Result<Option<R>, TreeError> {
        let pool = &self.volume.pool;
        for _ in 0..ATTEMPTS {
            let mut into = None;
            let leaf = to_leaf::<OptimisticPage<'_>>(pool, self.root, Toward::At(key), Visit::Leaf, |parent, at| {
                into = share(&parent.bytes(), at, key);
            })?;
            if let Some(into) = into {
                ask_for_entry(&leaf, into);
            }
            if let Some(answer) = copy_value(&leaf, find_entry(&leaf, key), row, &mut resolve) {
                return Ok(answer);
            }
            pool.metrics().inc(Counter::TreeRestarts);
        }
        let leaf = self.leaf_shared(key)?;
        let Ok(at) = leaf.search(key) else { return Ok(None) };
        let (header, newest) = leaf.entry(at);
        row.clear();
        row.extend_from_slice(newest);
        Ok(Some(resolve(header)))
    }

    /// As [`Self::read`], for many keys, in their order: `visit` is called with each key, what was found, and its row.
    pub fn read_many<K: AsRef<[u8]>, R, E: From<TreeError>>(
        &self,
        keys: &[K],
        row: &mut Vec<u8>,
        mut resolve: impl FnMut(TupleHeader) -> R,
        mut visit: impl FnMut(&K, Option<R>, &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut group = Group::default();
        for keys in keys.chunks(self.group()) {
            self.seek(keys, &mut group)?;
            for (key, sought) in keys.iter().zip(&mut group.0) {
                let answer = sought.take().and_then(|it| copy_value(&it.leaf, it.entry, row, &mut resolve));
                let found = match answer {
                    Some(found) => found,
                    None => self.read(key.as_ref(), row, &mut resolve)?,
                };
                visit(key, found, row)?;
            }
        }
        Ok(())
    }

    /// Keys that are sought at the same time: fewer in a small pool, since each may keep two pages in it.
    pub(crate) fn group(&self) -> usize {
        (self.volume.pool.frame_count() / (4 * GROUP)).clamp(1, GROUP)
    }

    /// Brings the entries of a few keys near the processor, and says where they are, in the order of the keys; nothing for those whose
    /// leaves changed meanwhile.
    ///
    /// An entry that is in memory, but in no cache, costs three waits: for the head of its leaf's frame, for the start of the leaf,
    /// for itself. Those of all the keys pass at the same time. (Group prefetching: Chen, Ailamaki, Gibbons, Mowry,
    /// "Improving hash join performance through prefetching", ICDE 2004.)
    ///
    /// # Panics
    /// With more than [`GROUP`] keys.
    pub(crate) fn seek<'t, K: AsRef<[u8]>>(&'t self, keys: &[K], group: &mut Group<'t>) -> Result<(), TreeError> {
        assert!(keys.len() <= GROUP);
        let pool = &self.volume.pool;
        let mut ways = [const { None }; GROUP];
        for (key, way) in keys.iter().zip(&mut ways) {
            *way = Way::find(pool, self.root, Toward::At(key.as_ref()), 0, &mut |_, _| {})?;
            if let Some(way) = way {
                pool.approach(way.page);
            }
        }
        for ((key, way), sought) in keys.iter().zip(&mut ways).zip(&mut group.0) {
            *sought = None;
            let Some(way) = way.take() else { continue };
            let Some(leaf) = way.hold::<OptimisticPage<'_>>(pool, Visit::Leaf)? else { continue };
            let entry = find_entry(&leaf, key.as_ref());
            *sought = Some(Sought { leaf, entry });
        }
        Ok(())
    }

    /// The leaf with an entry that was sought, for changing, and the entry's number: without a search. Nothing if there was no such
    /// entry, or if the leaf has changed since.
    #[inline]
    pub(crate) fn found_for_change<'t>(&'t self, sought: Sought<'t>) -> Option<(LeafMut<'t>, usize)> {
        let Sought { leaf, entry } = sought;
        let at = entry?.at;
        leaf.into_exclusive().map(|page| (LeafMut::new(&self.volume.pool, page), at))
    }
}

/// What was sought at the same time. Not returned but filled, since it is too large to be handed around.
#[derive(Debug, Default)]
pub(crate) struct Group<'t>(pub(crate) [Option<Sought<'t>>; GROUP]);

/// Where a key was found, or would be; to be validated.
#[derive(Debug)]
pub(crate) struct Sought<'t> {
    leaf: OptimisticPage<'t>,
    entry: Option<Entry>,
}

/// An entry of a leaf: its number, and where its value is.
#[derive(Debug)]
struct Entry {
    at: usize,
    value: Range<usize>,
}

/// Asks the processor for the lines where the entry will be that is so far into the leaf, as those say who read the leaf before: they would
/// otherwise be known only when the start of the leaf has come, and the row's when its slot has.
#[inline]
fn ask_for_entry(leaf: &OptimisticPage<'_>, share: u32) {
    let (slot, value) = Shape::from_word(leaf.note()).entry(share);
    leaf.bytes().prefetch(slot, 1);
    leaf.bytes().prefetch(value, ROW_START);
}

/// The entry of a key in its leaf, if it is there; to be validated. The processor is asked for all its lines at once: a copy
/// has only as many on their way as the stores behind them find room.
#[inline]
fn find_entry(leaf: &OptimisticPage<'_>, key: &[u8]) -> Option<Entry> {
    let bytes = leaf.bytes();
    let at = find(&bytes, Kind::Leaf, key).ok()?;
    let value = value_at(&bytes, at);
    bytes.prefetch(value.start, value.len());
    leaf.set_note(Shape::of(&bytes).to_word());
    Some(Entry { at, value })
}

/// Nothing means that the leaf changed since it was held.
#[inline]
fn copy_value<R>(
    leaf: &OptimisticPage<'_>,
    entry: Option<Entry>,
    row: &mut Vec<u8>,
    resolve: &mut impl FnMut(TupleHeader) -> R,
) -> Option<Option<R>> {
    let header = entry.map(|Entry { value, .. }| {
        let bytes = leaf.bytes();
        bytes.copy(value.start + TUPLE_HEADER, value.len().saturating_sub(TUPLE_HEADER), row);
        TupleHeader { stamp: bytes.u64(value.start), undo: bytes.u64(value.start + 8) }
    });
    // Once, so that `resolve` is asked about a header that exists; and again, since it may have changed its meaning meanwhile:
    // a writer that rolls back takes its stamp off the row before it is forgotten.
    if !cfg!(planted = "row_read_unvalidated") && !leaf.validate() {
        return None;
    }
    let answer = header.map(resolve);
    (cfg!(planted = "row_read_unvalidated") || leaf.validate()).then_some(answer)
}
