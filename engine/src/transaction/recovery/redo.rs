//! The second pass over the log: repeats every change that a page does not contain yet.

use super::OpenError;
use crate::buffer::BufferPool;
use crate::index::structure::StructureRecord;
use crate::index::{LeafMut, TreeError, TupleHeader};
use crate::io::{Lsn, Span};
use crate::transaction::row_log::{Patch, Place, Record};
use crate::transaction::stamp::{Stamp, TxnId};
use crate::transaction::wal::LogReader;

/// Repeats history from the reader's place up to `end`, where the log ended when it was analysed.
pub(super) fn run(reader: &mut LogReader, end: Lsn, pool: &BufferPool) -> Result<(), OpenError> {
    while let Some(record) = reader.next()? {
        let (span, kind) = (record.span, record.payload[0]);
        if span.start >= end {
            break;
        }
        if StructureRecord::is_kind(kind) {
            StructureRecord::decode(record.payload).map_err(TreeError::from)?.redo(pool, span.end)?;
        } else if Record::is_kind(kind) {
            let malformed = |why: String| OpenError::Record { lsn: span.start, why };
            let decoded = Record::decode(record.payload).map_err(|why| malformed(why.to_string()))?;
            let fits = redo(pool, &decoded, span)?;
            fits.ok_or_else(|| malformed(format!("the page does not hold the row it speaks of: {decoded:?}")))?;
        }
    }
    Ok(())
}

/// `None` if the page is not as it was when the record was written.
fn redo(pool: &BufferPool, record: &Record<'_>, span: Span) -> Result<Option<()>, OpenError> {
    let done = match *record {
        Record::Insert { txn, place, row } => on_leaf(pool, place, span.end, |leaf, at| {
            let at = at.err()?;
            leaf.insert(at, place.key, header(txn, false), row, span.end);
            Some(())
        })?,
        Record::Change { txn, place, change, patch } => on_leaf(pool, place, span.end, |leaf, at| {
            patch_row(leaf, at.ok()?, header(txn, change.to_ghost()), &patch, span.end)
        })?,
        Record::UndoChange { place, ghost, patch, .. } => on_leaf(pool, place, span.end, |leaf, at| {
            let header = TupleHeader { stamp: Stamp::FROZEN.with_deleted(ghost).bits(), undo: 0 };
            patch_row(leaf, at.ok()?, header, &patch, span.end)
        })?,
        Record::UndoInsert { place, .. } | Record::Purge { place } => on_leaf(pool, place, span.end, |leaf, at| {
            leaf.remove(at.ok()?, span.end);
            Some(())
        })?,
        Record::Commit { .. } | Record::RolledBack { .. } => Some(()),
    };
    Ok(done)
}

/// Runs `change` on the leaf unless it contains it already.
fn on_leaf(
    pool: &BufferPool,
    place: Place<'_>,
    end: Lsn,
    change: impl FnOnce(&mut LeafMut<'_>, Result<usize, usize>) -> Option<()>,
) -> Result<Option<()>, OpenError> {
    let Some(mut leaf) = LeafMut::for_redo(pool, place.page, end)? else { return Ok(Some(())) };
    let at = leaf.search(place.key);
    Ok(change(&mut leaf, at))
}

fn patch_row(leaf: &mut LeafMut<'_>, at: usize, header: TupleHeader, patch: &Patch<'_>, end: Lsn) -> Option<()> {
    let mut row = leaf.row(at).to_vec();
    patch.apply(&mut row)?;
    leaf.replace(at, header, &row, end);
    Some(())
}

fn header(writer: TxnId, ghost: bool) -> TupleHeader {
    TupleHeader { stamp: Stamp::writer(writer).with_deleted(ghost).bits(), undo: 0 }
}
