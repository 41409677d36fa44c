//! The composition table: which implementation stands behind each improvement.
//!
//! Every `cfg(feature)` of the engine is in this file (a test greps the others). Both implementations of a
//! seam are always compiled, so neither can rot, and one test binary can run them side by side; a feature
//! only moves an alias. Code that must not care names the alias or is generic over the trait.

/// Each improvement of this build and whether it is on, in register order.
pub const ACTIVE: &[(&str, bool)] = &[
    ("t001", cfg!(feature = "t001")),
    ("t002", cfg!(feature = "t002")),
    ("t003", cfg!(feature = "t003")),
    ("t004", cfg!(feature = "t004")),
    ("m001", cfg!(feature = "m001")),
    ("m003", cfg!(feature = "m003")),
    ("b001", cfg!(feature = "b001")),
    ("b002", cfg!(feature = "b002")),
    ("b004", cfg!(feature = "b004")),
    ("c003", cfg!(feature = "c003")),
    ("i001", cfg!(feature = "i001")),
];

// T001 --------------------------------------------------------------------------------------------
/// Where old versions are kept.
#[cfg(feature = "t001")]
pub type VersionStore = crate::transaction::mvcc::undo_delta::UndoDelta;
/// Where old versions are kept.
#[cfg(not(feature = "t001"))]
pub type VersionStore = crate::transaction::mvcc::full_chain::FullChain;

// T002 --------------------------------------------------------------------------------------------
/// The lock table.
#[cfg(feature = "t002")]
pub type LockTable = crate::concurrent::lock_table::cas_buckets::CasBuckets;
/// The lock table.
#[cfg(not(feature = "t002"))]
pub type LockTable = crate::concurrent::lock_table::mutex_map::MutexMap;

// T003 --------------------------------------------------------------------------------------------
/// The write-ahead log.
#[cfg(feature = "t003")]
pub type CommitLog = crate::transaction::wal::grouped::GroupedLog;
/// The write-ahead log.
#[cfg(not(feature = "t003"))]
pub type CommitLog = crate::transaction::wal::serial::SerialLog;

// T004 --------------------------------------------------------------------------------------------
/// How deadlocks are found.
#[cfg(feature = "t004")]
pub type DeadlockPolicy = crate::transaction::deadlock::lazy_edges::LazyEdges;
/// How deadlocks are found.
#[cfg(not(feature = "t004"))]
pub type DeadlockPolicy = crate::transaction::deadlock::eager_dfs::EagerDfs;

// B001 --------------------------------------------------------------------------------------------
/// Which page leaves when another needs its frame.
#[cfg(feature = "b001")]
pub type Replacement = crate::buffer::replacer::car::Car;
/// Which page leaves when another needs its frame.
#[cfg(not(feature = "b001"))]
pub type Replacement = crate::buffer::replacer::lru::Lru;

// B002 --------------------------------------------------------------------------------------------
/// Which frame holds a page.
#[cfg(feature = "b002")]
pub type PageMap = crate::buffer::page_table::atomic_array::AtomicArray;
/// Which frame holds a page.
#[cfg(not(feature = "b002"))]
pub type PageMap = crate::buffer::page_table::rwlock_map::RwLockMap;

// B003 --------------------------------------------------------------------------------------------
/// What is read before a scan asks for it.
pub type Prefetch = crate::buffer::prefetch::none::NoPrefetch;

// B004 --------------------------------------------------------------------------------------------
/// Who writes dirty pages, and when.
#[cfg(feature = "b004")]
pub type Flush = crate::buffer::flush::paced::Paced;
/// Who writes dirty pages, and when.
#[cfg(not(feature = "b004"))]
pub type Flush = crate::buffer::flush::sharp::Sharp;

// I001 --------------------------------------------------------------------------------------------
/// Where a full tree page is divided.
#[cfg(feature = "i001")]
pub type Split = crate::index::split::adaptive::Adaptive;
/// Where a full tree page is divided.
#[cfg(not(feature = "i001"))]
pub type Split = crate::index::split::half::Half;

// M001 --------------------------------------------------------------------------------------------
/// Where small hot objects come from.
#[cfg(feature = "m001")]
pub type Pool<T> = crate::memory::pool::slab::SlabPool<T>;
/// Where small hot objects come from.
#[cfg(not(feature = "m001"))]
pub type Pool<T> = crate::memory::pool::heap::HeapPool<T>;

// M003 --------------------------------------------------------------------------------------------
/// What a transaction keeps its bookkeeping in.
#[cfg(feature = "m003")]
pub type TxnMem<T> = crate::memory::txn_mem::arena::ArenaMem<T>;
/// What a transaction keeps its bookkeeping in.
#[cfg(not(feature = "m003"))]
pub type TxnMem<T> = crate::memory::txn_mem::heap::HeapMem<T>;

// C003 --------------------------------------------------------------------------------------------
/// When retired memory is freed.
#[cfg(feature = "c003")]
pub type Reclaim<T> = crate::concurrent::reclaim::epochs::Epochs<T>;
/// When retired memory is freed.
#[cfg(not(feature = "c003"))]
pub type Reclaim<T> = crate::concurrent::reclaim::crossbeam::Crossbeam<T>;
