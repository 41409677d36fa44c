//! The baseline: every page is read when it is asked for.

use super::{PageSource, Prefetcher};
use crate::buffer::page::PageId;

/// Reads nothing ahead.
#[derive(Debug)]
pub struct NoPrefetch;

impl Prefetcher for NoPrefetch {
    type Scan = ();

    fn new() -> Self {
        Self
    }

    #[inline]
    fn next(&self, _scan: &mut (), _source: &impl PageSource, _upcoming: impl FnOnce(&mut Vec<PageId>)) {}
}
