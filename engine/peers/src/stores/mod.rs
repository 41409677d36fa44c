//! The adapters. Each is as thin as the store's own interface allows, and tuned as its friends would tune it.
//!
//! What they share: one table (tree, column family, keyspace) per table of the workload, our keys and rows as they are, one
//! writer at a time where the store has one, and a load that does not sync until its end.

pub mod fjall;
pub mod lmdb;
pub mod redb;
#[cfg(feature = "rocksdb")]
pub mod rocksdb;
pub mod sqlite;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most tables of a workload: adapters keep what they have opened per table in an array.
const TABLES_MAX: usize = 16;

/// How a peer is opened.
#[derive(Debug, Clone, Copy)]
pub struct Config<'a> {
    /// An empty directory.
    pub dir: &'a Path,
    /// The tables, in the order of their ids.
    pub tables: &'static [&'static str],
    /// Memory for cached pages or blocks.
    pub cache_bytes: u64,
    /// Whether a commit is on disk when it returns.
    pub durable: bool,
    /// Rows longer than a quarter of a 4 KiB page: a store that can choose takes larger pages.
    pub long_rows: bool,
    /// Transactions that only read make one look-up or one scan: a store whose look-up is atomic by itself takes no snapshot.
    pub reads_once: bool,
}

/// Whether a commit syncs: not during the load, and then as was asked for.
#[derive(Debug)]
pub(crate) struct Syncing {
    durable: bool,
    now: AtomicBool,
}

impl Syncing {
    pub(crate) fn new(config: &Config<'_>) -> Self {
        Syncing { durable: config.durable, now: AtomicBool::new(false) }
    }

    /// Whether a commit syncs.
    pub(crate) fn now(&self) -> bool {
        self.now.load(Ordering::Relaxed)
    }

    /// The load is over. Whether commits sync from here on.
    pub(crate) fn begin(&self) -> bool {
        self.now.store(self.durable, Ordering::Relaxed);
        self.durable
    }
}
