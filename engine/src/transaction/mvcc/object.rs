//! The version store as an object, for A001's baseline.
//!
//! What a transaction carries for the store differs from store to store. It stays a type: erased, it would have to be
//! allocated for each transaction and looked up anew by each call, which nobody would do who can name it.

use super::{Before, Newest, Pruned, RowId, VersionStore, Vis};
use crate::compose::Object;
use crate::metrics::Metrics;
use crate::sync::Arc;
use crate::transaction::snapshot::Snapshot;
use crate::transaction::stamp::{Stamp, Ts, TxnId};

impl<V: VersionStore + 'static> VersionStore for Object<V, dyn VersionStore<Txn = V::Txn>> {
    type Txn = V::Txn;

    fn new(first_id: TxnId, first_ts: Ts, metrics: Arc<Metrics>) -> Self {
        Self::holding(Box::new(V::new(first_id, first_ts, Arc::clone(&metrics))), &metrics)
    }

    fn stamps_rows(&self) -> bool {
        self.part().stamps_rows()
    }

    #[inline]
    fn resolve(&self, stamp: Stamp) -> Stamp {
        self.part().resolve(stamp)
    }

    fn read(
        &self,
        txn: &mut V::Txn,
        row: RowId<'_>,
        newest: Newest<'_>,
        snapshot: &Snapshot,
        out: &mut Vec<u8>,
    ) -> Vis {
        self.part().read(txn, row, newest, snapshot, out)
    }

    #[inline]
    fn rest(&self, txn: &mut V::Txn) {
        self.part().rest(txn);
    }

    fn before_change(&self, txn: &mut V::Txn, change: Before<'_>, open: &dyn Fn(&mut Vec<Ts>)) -> u64 {
        self.part().before_change(txn, change, open)
    }

    fn commit_row(&self, row: RowId<'_>, newest: u64, ts: Ts) {
        self.part().commit_row(row, newest, ts);
    }

    fn commit(&self, txn: &mut V::Txn, id: TxnId, ts: Ts) {
        self.part_counted().commit(txn, id, ts);
    }

    fn end(&self, txn: &mut V::Txn, id: TxnId) {
        self.part_counted().end(txn, id);
    }

    fn abandon(&self, txn: &mut V::Txn) {
        self.part_counted().abandon(txn);
    }

    fn before_image(&self, row: RowId<'_>, newest: Newest<'_>, out: &mut Vec<u8>) -> Option<(Stamp, u64)> {
        self.part().before_image(row, newest, out)
    }

    fn roll_back(&self, row: RowId<'_>, newest: u64) {
        self.part().roll_back(row, newest);
    }

    fn prune(&self, oldest: Ts) -> Pruned {
        self.part().prune(oldest)
    }

    fn versions(&self) -> u64 {
        self.part().versions()
    }

    fn bytes(&self) -> u64 {
        self.part().bytes()
    }
}
