//! How a database is opened.

use std::time::Duration;

use crate::buffer::flush::{MakeFlusher, make};
use crate::buffer::{PAGE_SIZE, PoolOptions};
use crate::select;
use crate::transaction::recovery::EngineOptions;
use crate::transaction::wal::{Durability, WalOptions};

/// Settings of an open database. All have defaults; none is written into the files.
#[derive(Debug, Clone)]
pub struct Options {
    /// When a commit counts as done.
    pub durability: Durability,
    /// Memory for cached pages.
    pub pool_bytes: usize,
    /// Size of a new log segment.
    pub wal_segment_bytes: u64,
    /// Memory for log records that are not written yet. Best within the processor's cache; each session needs room for
    /// one commit's records.
    pub wal_buffer_bytes: usize,
    /// A checkpoint is made after this much log. It bounds the time a recovery takes, and the log's size on disk.
    pub checkpoint_wal_bytes: u64,
    /// How often vacuum looks for versions that nobody needs.
    pub vacuum_interval: Duration,
    /// How long a transaction waits for a lock before it gives up; deadlocks are found without it.
    pub lock_timeout: Option<Duration>,
    /// Who writes pages, and when: what the features chose, or what a test names.
    pub flusher: MakeFlusher,
    /// Whether to run vacuum, checkpoints and page writing on threads of their own. Without, they run only when called: what
    /// a deterministic test wants.
    pub background: bool,
}

impl Options {
    /// The same in the terms of the layers below.
    pub(super) fn settings(&self) -> EngineOptions {
        let frames = self.pool_bytes / PAGE_SIZE;
        EngineOptions {
            wal: WalOptions {
                durability: self.durability,
                segment_bytes: self.wal_segment_bytes,
                buffer_bytes: self.wal_buffer_bytes,
                prepare_ahead: self.background,
                ..WalOptions::default()
            },
            pool: PoolOptions {
                frames,
                doublewrite_slots: (frames / 4).clamp(8, 512),
                sync: self.durability != Durability::Off,
                flusher: self.flusher,
            },
            lock_timeout: self.lock_timeout,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Full,
            pool_bytes: 256 << 20,
            wal_segment_bytes: 64 << 20,
            wal_buffer_bytes: 512 << 10,
            checkpoint_wal_bytes: 256 << 20,
            vacuum_interval: Duration::from_millis(100),
            lock_timeout: None,
            flusher: make::<select::Flush>,
            background: true,
        }
    }
}
