//! T001 — the version store: rows as they were, for snapshots that are older than the newest row, and for undo.
//!
//! *Problem.* The newest version of a row lies in its leaf. Whoever reads with an older snapshot needs an earlier one, and
//! whoever rolls back needs the one before.
//!
//! *Baseline* ([`full_chain`]): every change puts a full copy of the row before it on a chain, found by the row's key
//! in a sharded map; commit makes a second pass over what was written; vacuum drops what is older than the oldest snapshot.
//! *Optimized* (to come): column deltas in per-transaction undo segments, reached by a pointer in the row's header;
//! commit in O(1).
//!
//! *Why it is correct.* Whoever calls holds the leaf's latch (shared to read, exclusive to change), so the leaf's header and
//! the chain are seen at one moment. A version is dropped only if the version that replaced it was committed
//! at or before the oldest snapshot: then every snapshot sees that one or a newer one.
//!
//! References: Wu et al., VLDB'17; Neumann et al., SIGMOD'15; Böttcher et al. ("Steam"), VLDB'19.

pub mod full_chain;

use super::snapshot::Snapshot;
use super::stamp::{Stamp, Ts};

/// A row by its table and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowId<'a> {
    /// The table's number.
    pub table: u32,
    /// The row's key.
    pub key: &'a [u8],
}

/// What a search through older versions found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vis {
    /// A row; it is in the caller's buffer.
    Row,
    /// Nothing: the snapshot is from before the row, or from while it was deleted.
    Nothing,
}

/// What pruning did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Versions dropped.
    pub versions: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Keeps the versions that are no longer in the leaves. All calls about one row come with its leaf latched; see the
/// [module](self).
pub trait VersionStore: Default + Send + Sync {
    /// Whether commit must visit every written row: to put the timestamp into its header, and to call
    /// [`commit`](Self::commit). If not, a header keeps its writer's id and readers translate it.
    fn stamps_rows(&self) -> bool;

    /// Finds what `snapshot` sees of a row whose newest version (with reference `newest` in its header) it does not see. A
    /// row found replaces the contents of `out`.
    fn read(&self, row: RowId<'_>, newest: u64, snapshot: &Snapshot, out: &mut Vec<u8>) -> Vis;

    /// Keeps the row as it is before a change. Returns the reference to put into the changed row's header.
    fn before_change(&self, row: RowId<'_>, stamp: Stamp, reference: u64, bytes: &[u8]) -> u64;

    /// The transaction that changed `row` has committed at `ts`.
    fn commit(&self, row: RowId<'_>, newest: u64, ts: Ts);

    /// What the last [`before_change`](Self::before_change) kept: the stamp and the reference that were in the header,
    /// and the row's bytes in `out`.
    fn before_image(&self, row: RowId<'_>, newest: u64, out: &mut Vec<u8>) -> Option<(Stamp, u64)>;

    /// The last change is undone in the leaf: forgets its before-image.
    fn roll_back(&self, row: RowId<'_>, newest: u64);

    /// Drops what no snapshot from `oldest` on can need.
    fn prune(&self, oldest: Ts) -> Pruned;

    /// Versions kept at this moment.
    fn versions(&self) -> u64;

    /// Bytes kept at this moment, those that await their last reader included.
    fn bytes(&self) -> u64;
}
