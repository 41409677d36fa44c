//! Reading one row without a latch.
//!
//! Taking a latch writes to it, and a leaf that many read is then a cache line that wanders between their cores. So a row is
//! copied while its leaf may change, and counts once the leaf's version says that it did not.

use super::btree::BTree;
use super::descent::{Toward, to_leaf};
use super::error::TreeError;
use super::leaf::{TUPLE_HEADER, TupleHeader};
use super::split::SplitPolicy;
use crate::buffer::{OptimisticPage, Visit};
use crate::metrics::Counter;
use crate::storage::slotted::{Kind, find, value_at};
use crate::transaction::wal::CommitLog;

/// Copies that were disturbed before the leaf is latched after all.
const ATTEMPTS: usize = 4;

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
            let leaf = to_leaf::<OptimisticPage<'_>>(pool, &self.root, Toward::At(key), Visit::Leaf, |_, _| {})?;
            if let Some(answer) = copy_entry(&leaf, key, row, &mut resolve) {
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
}

/// Nothing means that the leaf changed underway.
#[inline]
fn copy_entry<R>(
    leaf: &OptimisticPage<'_>,
    key: &[u8],
    row: &mut Vec<u8>,
    resolve: &mut impl FnMut(TupleHeader) -> R,
) -> Option<Option<R>> {
    let bytes = leaf.bytes();
    let found = find(&bytes, Kind::Leaf, key).ok().map(|at| {
        let value = value_at(&bytes, at);
        bytes.copy(value.start + TUPLE_HEADER, value.len().saturating_sub(TUPLE_HEADER), row);
        TupleHeader { stamp: bytes.u64(value.start), undo: bytes.u64(value.start + 8) }
    });
    // Once, so that `resolve` is asked about a header that exists; and again, since it may have changed its meaning meanwhile:
    // a writer that rolls back takes its stamp off the row before it is forgotten.
    if !cfg!(planted = "row_read_unvalidated") && !leaf.validate() {
        return None;
    }
    let answer = found.map(resolve);
    (cfg!(planted = "row_read_unvalidated") || leaf.validate()).then_some(answer)
}
