//! The log as an object, for A001's baseline.

use super::{CommitLog, CommitWait, Durability, Resume, WalError, WalOptions};
use crate::compose::Object;
use crate::io::{DurableHorizon, IoError, Lsn, Span};
use crate::metrics::Metrics;
use crate::sync::Arc;

impl<V: CommitLog> CommitLog for Object<V, dyn CommitLog> {
    fn open(resume: Resume, options: &WalOptions, metrics: Arc<Metrics>) -> Result<Self, WalError> {
        Ok(Self::holding(Box::new(V::open(resume, options, Arc::clone(&metrics))?), &metrics))
    }

    fn horizon(&self) -> Arc<dyn DurableHorizon> {
        self.part().horizon()
    }

    #[inline]
    fn append(&self, payload: &[u8]) -> Result<Span, WalError> {
        self.part().append(payload)
    }

    fn commit(&self, end: Lsn) -> Result<CommitWait, WalError> {
        self.part_counted().commit(end)
    }

    #[inline]
    fn tail(&self) -> Lsn {
        self.part().tail()
    }

    fn wait(&self, lsn: Lsn) -> Result<(), WalError> {
        self.part().wait(lsn)
    }

    fn nudge(&self) {
        self.part().nudge();
    }

    fn sync_to(&self, lsn: Lsn) -> Result<(), WalError> {
        self.part().sync_to(lsn)
    }

    fn recycle_below(&self, lsn: Lsn) -> Result<(), WalError> {
        self.part().recycle_below(lsn)
    }

    fn poison(&self, cause: IoError) {
        self.part().poison(cause);
    }

    fn close(&self) -> Result<(), WalError> {
        self.part().close()
    }

    fn releases_locks_early(&self) -> bool {
        self.part().releases_locks_early()
    }

    fn durability(&self) -> Durability {
        self.part().durability()
    }
}

impl<V: CommitLog> DurableHorizon for Object<V, dyn CommitLog> {
    #[inline]
    fn durable(&self) -> Lsn {
        self.part().durable()
    }

    fn ensure_durable(&self, lsn: Lsn) -> Result<(), IoError> {
        self.part().ensure_durable(lsn)
    }
}
