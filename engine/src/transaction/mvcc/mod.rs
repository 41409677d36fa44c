//! T001 — the version store: rows as they were, for snapshots that are older than the newest row, and for undo.
//!
//! *Problem.* The newest version of a row lies in its leaf. Whoever reads with an older snapshot needs an earlier one, and
//! whoever rolls back needs the one before.
//!
//! *Baseline* ([`full_chain`]): every change puts a full copy of the row before it on a chain, found by the row's key
//! in a sharded map; commit makes a second pass over what was written; vacuum drops what is older than the oldest snapshot.
//! *Optimized* ([`undo_delta`]): the bytes that a change overwrote, in undo segments, reached by a pointer in the row's
//! header; commit in O(1); versions between two snapshots are dropped too.
//!
//! *When it wins.* A little always: no allocation, no map, no second pass. Much with a snapshot open for long, while which the
//! baseline drops nothing and its vacuum goes through everything again and again. *What it costs:* readers of older
//! versions rebuild them.
//!
//! *Why it is correct.* Whoever calls holds the leaf's latch (shared to read, exclusive to change), so the leaf's header and
//! the chain are seen at one moment. A version is dropped only if the version that replaced it was committed
//! at or before the oldest snapshot: then every snapshot sees that one or a newer one.
//!
//! References: Wu et al., VLDB'17; Neumann et al., SIGMOD'15; Böttcher et al. ("Steam"), VLDB'19.

pub mod full_chain;
mod object;
pub mod undo_delta;

use std::fmt::Debug;

use super::row_log::Patch;
use super::snapshot::Snapshot;
use super::stamp::{Stamp, Ts, TxnId};
use crate::metrics::Metrics;
use crate::sync::Arc;

/// A row by its table and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowId<'a> {
    /// The table's number.
    pub table: u32,
    /// The row's key.
    pub key: &'a [u8],
}

/// The newest version of a row as its leaf has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest<'a> {
    /// The reference in its header.
    pub reference: u64,
    /// The row.
    pub bytes: &'a [u8],
}

/// A row that is about to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before<'a> {
    /// Which.
    pub row: RowId<'a>,
    /// By whom.
    pub txn: TxnId,
    /// The stamp in its header.
    pub stamp: Stamp,
    /// The reference in its header.
    pub reference: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What will change in them.
    pub patch: &'a Patch<'a>,
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
pub trait VersionStore: Debug + Send + Sync {
    /// What an open transaction carries for the store. Outlives it: the next one takes it over.
    type Txn: Default + Debug + Send;

    /// An empty store. Transactions below `first_id` and commits up to `first_ts` are of earlier lives of the database.
    fn new(first_id: TxnId, first_ts: Ts, metrics: Arc<Metrics>) -> Self
    where
        Self: Sized;

    /// Whether commit must visit every written row: to put the timestamp into its header, and to call
    /// [`commit_row`](Self::commit_row). If not, a header keeps its writer's id and readers [translate](Self::resolve) it.
    fn stamps_rows(&self) -> bool;

    /// What a stamp means now: that of a writer who has committed since becomes that of its commit, or of an earlier one
    /// that every snapshot sees.
    fn resolve(&self, stamp: Stamp) -> Stamp;

    /// Finds what `snapshot` sees of a row whose newest version it does not see. A row found replaces the contents of `out`.
    fn read(
        &self,
        txn: &mut Self::Txn,
        row: RowId<'_>,
        newest: Newest<'_>,
        snapshot: &Snapshot,
        out: &mut Vec<u8>,
    ) -> Vis;

    /// The transaction has read what it wanted of a leaf.
    fn rest(&self, txn: &mut Self::Txn);

    /// Keeps the row as it is before a change. Returns the reference to put into the changed row's header. `open` lists
    /// the open snapshots; the store may ask for them.
    fn before_change(&self, txn: &mut Self::Txn, change: Before<'_>, open: &dyn Fn(&mut Vec<Ts>)) -> u64;

    /// The transaction that changed `row` has committed at `ts`.
    fn commit_row(&self, row: RowId<'_>, newest: u64, ts: Ts);

    /// Transaction `id` has committed at `ts`, which is not yet published.
    fn commit(&self, txn: &mut Self::Txn, id: TxnId, ts: Ts);

    /// Transaction `id` is over: committed, rolled back, or without a trace.
    fn end(&self, txn: &mut Self::Txn, id: TxnId);

    /// The transaction is over, neither committed nor rolled back, since the disk failed: its changes stay in the leaves,
    /// and nobody may ever see them.
    fn abandon(&self, txn: &mut Self::Txn);

    /// What the last [`before_change`](Self::before_change) kept: the stamp and the reference that were in the header,
    /// and the row's bytes in `out`.
    fn before_image(&self, row: RowId<'_>, newest: Newest<'_>, out: &mut Vec<u8>) -> Option<(Stamp, u64)>;

    /// The last change is undone in the leaf: forgets its before-image.
    fn roll_back(&self, row: RowId<'_>, newest: u64);

    /// Drops what no snapshot from `oldest` on can need, and none is older. One caller at a time.
    fn prune(&self, oldest: Ts) -> Pruned;

    /// Versions kept at this moment.
    fn versions(&self) -> u64;

    /// Bytes kept at this moment, those that await their last reader included.
    fn bytes(&self) -> u64;
}
