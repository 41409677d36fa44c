//! B003, prefetch: what is read before a scan asks for it.
//!
//! Problem: a cold scan that reads one page at a time waits for the disk's latency at every leaf, and uses a quarter of
//! its bandwidth.
//!
//! * Baseline [`none`]: nothing is.
//! * Optimized: a window of leaves, ramping up, is read ahead in few large transfers. Their numbers come from the parent
//!   page, since leaves need not be contiguous (PostgreSQL 17's `read_stream.c`; InnoDB's linear read-ahead).
//!
//! Contract: prefetching changes when pages are read, never what a scan returns; an error on a page that nobody asks for
//! is silent; a scan that ends early leaves nothing behind but cached pages.

pub mod none;

use super::error::BufferError;
use super::page::PageId;

/// What a prefetcher may ask of the pool.
pub trait PageSource {
    /// Whether the page is in memory, at this moment.
    fn is_resident(&self, page: PageId) -> bool;

    /// Reads the page into memory.
    fn bring_in(&self, page: PageId) -> Result<(), BufferError>;
}

/// Reads ahead of scans. The state of one scan lives in its cursor: made at its begin, dropped at its end.
pub trait Prefetcher: Send + Sync {
    /// What is remembered about one scan.
    type Scan: Default;

    /// A prefetcher for one pool.
    fn new() -> Self;

    /// The scan is about to visit a leaf; `upcoming` appends the leaves that follow it under the same parent, in order.
    fn next(&self, scan: &mut Self::Scan, source: &impl PageSource, upcoming: impl FnOnce(&mut Vec<PageId>));
}
