//! Who takes part: a store, and the way it is driven.

use std::fmt;

/// A store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// LMDB.
    Lmdb,
    /// SQLite.
    Sqlite,
    /// redb.
    Redb,
    /// fjall.
    Fjall,
    /// RocksDB, with pessimistic transactions.
    #[cfg(feature = "rocksdb")]
    Rocksdb,
    /// RocksDB, with optimistic transactions.
    #[cfg(feature = "rocksdb")]
    RocksdbOptimistic,
}

/// How many logical transactions a write transaction of a store with one writer takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Adapter {
    /// One.
    Plain,
    /// Up to [`crate::one_writer::BATCH_MAX`].
    Batched,
}

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Contestant {
    /// The engine with all its improvements.
    Ours,
    /// Another store.
    Peer(Peer, Adapter),
}

/// When a commit is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Durability {
    /// When it is on disk.
    Full,
    /// At once; nothing is ever synced.
    Off,
}

impl Durability {
    /// The names, as the command line knows them.
    pub const NAMES: &'static [&'static str] = &["full", "off"];

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Durability::Full, Durability::Off].into_iter().find(|durability| durability.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Durability::Full => "full",
            Durability::Off => "off",
        }
    }
}

/// With fewer durable sessions than this, ours runs them on one thread.
const OURS_FEW_SESSIONS: u64 = 16;

impl Contestant {
    /// Everybody this binary was built with.
    pub const ALL: &'static [Contestant] = &[
        Contestant::Ours,
        Contestant::Peer(Peer::Lmdb, Adapter::Plain),
        Contestant::Peer(Peer::Lmdb, Adapter::Batched),
        Contestant::Peer(Peer::Sqlite, Adapter::Plain),
        Contestant::Peer(Peer::Sqlite, Adapter::Batched),
        Contestant::Peer(Peer::Redb, Adapter::Plain),
        Contestant::Peer(Peer::Redb, Adapter::Batched),
        Contestant::Peer(Peer::Fjall, Adapter::Plain),
        Contestant::Peer(Peer::Fjall, Adapter::Batched),
        #[cfg(feature = "rocksdb")]
        Contestant::Peer(Peer::Rocksdb, Adapter::Plain),
        #[cfg(feature = "rocksdb")]
        Contestant::Peer(Peer::RocksdbOptimistic, Adapter::Plain),
    ];

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Contestant::ALL.iter().copied().find(|contestant| contestant.name() == name)
    }

    /// Its name, as the command line knows it.
    pub fn name(self) -> &'static str {
        match self {
            Contestant::Ours => "ours",
            Contestant::Peer(Peer::Lmdb, Adapter::Plain) => "lmdb",
            Contestant::Peer(Peer::Lmdb, Adapter::Batched) => "lmdb-batched",
            Contestant::Peer(Peer::Sqlite, Adapter::Plain) => "sqlite",
            Contestant::Peer(Peer::Sqlite, Adapter::Batched) => "sqlite-batched",
            Contestant::Peer(Peer::Redb, Adapter::Plain) => "redb",
            Contestant::Peer(Peer::Redb, Adapter::Batched) => "redb-batched",
            Contestant::Peer(Peer::Fjall, Adapter::Plain) => "fjall",
            Contestant::Peer(Peer::Fjall, Adapter::Batched) => "fjall-batched",
            #[cfg(feature = "rocksdb")]
            Contestant::Peer(Peer::Rocksdb, _) => "rocksdb",
            #[cfg(feature = "rocksdb")]
            Contestant::Peer(Peer::RocksdbOptimistic, _) => "rocksdb-optimistic",
        }
    }

    /// Threads that serve it best with `sessions` sessions. `writes`: the workload does.
    ///
    /// Stores with one writer get one thread, durable or not: 64 threads for 64 sessions let readers go on beside a sync, but
    /// queueing for the writer cost at least what that gained (the README has the trial). RocksDB's writers share syncs, so
    /// durable it gets a thread per session. Ours gets the cores, but one where few sessions wait for syncs: there is less to
    /// do meanwhile than it costs to wake another thread. Reading alone, everybody gets the cores.
    pub fn workers(self, sessions: u64, durability: Durability, writes: bool) -> u64 {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        match self {
            Contestant::Ours if writes && durability == Durability::Full && sessions < OURS_FEW_SESSIONS => 1,
            Contestant::Ours => cores,
            Contestant::Peer(..) if !writes => cores,
            Contestant::Peer(Peer::Lmdb | Peer::Sqlite | Peer::Redb | Peer::Fjall, _) => 1,
            #[cfg(feature = "rocksdb")]
            Contestant::Peer(Peer::Rocksdb | Peer::RocksdbOptimistic, _) => match durability {
                Durability::Full => sessions,
                Durability::Off => cores,
            },
        }
    }
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
