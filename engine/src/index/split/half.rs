//! The baseline: halve the bytes.

use super::{SplitPlan, SplitPolicy};
use crate::buffer::PageId;
use crate::metrics::Metrics;
use crate::storage::slotted::SlottedPage;
use crate::sync::Arc;

/// Splits in the middle, by bytes; the separator is the first key that goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Half;

impl SplitPolicy for Half {
    fn new(_metrics: &Arc<Metrics>) -> Self {
        Self
    }

    fn choose(&self, node: &SlottedPage, _key: &[u8]) -> SplitPlan {
        let len = node.len();
        assert!(len >= 2, "{:?} has {len} entries and no room for another", node.page().id());
        let half = (0..len).map(|at| node.entry_bytes(at)).sum::<usize>() / 2;
        let mut kept_bytes = 0;
        let reaches_half = |at: &usize| {
            kept_bytes += node.entry_bytes(*at);
            kept_bytes >= half
        };
        let keep = (0..len).find(reaches_half).map_or(len - 1, |at| at + 1).clamp(1, len - 1);
        SplitPlan { keep, separator: node.key(keep), at_run: false }
    }

    #[inline]
    fn fast_path(&self) -> Option<PageId> {
        None
    }

    #[inline]
    fn landed(&self, _leaf: PageId) {}
}
