//! What lies in limbo, in bytes: retired and not yet freed.

use crate::metrics::{Counter, Metrics};
use crate::sync::Arc;
// Counts take no part in the protocol.
use std::sync::atomic::{AtomicU64, Ordering};

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Gauge {
    limbo_bytes: AtomicU64,
    peak_bytes: AtomicU64,
    metrics: Arc<Metrics>,
}

impl Gauge {
    pub(super) fn new(metrics: &Arc<Metrics>) -> Self {
        Self { limbo_bytes: AtomicU64::new(0), peak_bytes: AtomicU64::new(0), metrics: Arc::clone(metrics) }
    }

    pub(super) fn retired(&self, bytes: u64) {
        let limbo = self.limbo_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.metrics.add(Counter::ReclaimRetiredBytes, bytes);
        if limbo > self.peak_bytes.load(Ordering::Relaxed) {
            let before = self.peak_bytes.fetch_max(limbo, Ordering::Relaxed);
            // A sum of steps upwards: the highest so far.
            self.metrics.add(Counter::ReclaimPeakBytes, limbo.saturating_sub(before));
        }
    }

    pub(super) fn freed(&self, bytes: u64) {
        self.limbo_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.metrics.add(Counter::ReclaimFreedBytes, bytes);
    }

    pub(super) fn limbo_bytes(&self) -> u64 {
        self.limbo_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
