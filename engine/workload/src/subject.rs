//! The database under test, as its driver tells it to what is compiled once for all of its builds.

use std::path::Path;

use probe::protocol::Failure;

use crate::alloc_micro::Pools;
use crate::entry::Named;
use crate::store::AnyStore;

/// A database whose improvements are features.
pub struct Subject {
    /// The driver's name.
    pub driver: &'static str,
    /// The sources it was built from, where its builder says so.
    pub source: Option<&'static str>,
    /// Every improvement, and whether this build has it.
    pub improvements: &'static [(&'static str, bool)],
    /// Opens it, and finds or creates the tables.
    pub open: fn(&Opening<'_>) -> Result<AnyStore, Failure>,
    /// Its object pools, as a database has them.
    pub pools: fn() -> Box<dyn Pools>,
}

/// What is to be opened, and how.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// Where its files are.
    pub dir: &'a Path,
    /// Its tables, in the order of their numbers.
    pub tables: &'a [&'a str],
    /// When a commit is acknowledged.
    pub durability: Durability,
    /// Bytes of its page cache.
    pub pool_bytes: usize,
    /// Bytes of log between checkpoints.
    pub checkpoint_bytes: u64,
    /// Bytes of a file of the log, unless they are as usual.
    pub segment_bytes: Option<u64>,
}

/// When a commit is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When it is on disk.
    Full,
    /// Soon before it is on disk.
    GroupAsync,
    /// At once; nothing is synced.
    Off,
}

impl Named for Durability {
    const NAMED: &'static [(&'static str, Self)] =
        &[("full", Durability::Full), ("group_async", Durability::GroupAsync), ("off", Durability::Off)];
}

impl Subject {
    /// The improvements that this build has.
    pub fn features(&self) -> Vec<String> {
        self.improvements.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned()).collect()
    }
}
