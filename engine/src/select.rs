//! The composition table: which implementation stands behind each improvement.
//!
//! Every `cfg(feature)` of the engine is in this file (a test greps the others). Both implementations of a
//! seam are always compiled, so neither can rot, and one test binary can run them side by side; a feature
//! only moves an alias. Code that must not care names the alias or is generic over the trait.
//!
//! How a part is held is a choice too, made once for all of them (A001, [`compose`](crate::compose)).

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
    ("a001", cfg!(feature = "a001")),
];

// A001 --------------------------------------------------------------------------------------------
/// How the parts below are held that are called for every row or transaction.
#[cfg(feature = "a001")]
pub type Root = crate::compose::direct::Direct;
/// How the parts below are held that are called for every row or transaction.
#[cfg(not(feature = "a001"))]
pub type Root = crate::compose::object::Objects;
type Held<V, O> = <Root as crate::compose::Composition>::Held<V, O>;

// T001 --------------------------------------------------------------------------------------------
#[cfg(feature = "t001")]
type T001 = crate::transaction::mvcc::undo_delta::UndoDelta;
#[cfg(not(feature = "t001"))]
type T001 = crate::transaction::mvcc::full_chain::FullChain;
/// Where old versions are kept.
pub type VersionStore =
    Held<T001, dyn crate::transaction::mvcc::VersionStore<Txn = <T001 as crate::transaction::mvcc::VersionStore>::Txn>>;

// T002 --------------------------------------------------------------------------------------------
#[cfg(feature = "t002")]
type T002 = crate::concurrent::lock_table::cas_buckets::CasBuckets;
#[cfg(not(feature = "t002"))]
type T002 = crate::concurrent::lock_table::mutex_map::MutexMap;
/// The lock table.
pub type LockTable = Held<T002, dyn crate::concurrent::lock_table::LockTable>;

// T003 --------------------------------------------------------------------------------------------
#[cfg(feature = "t003")]
type T003 = crate::transaction::wal::grouped::GroupedLog;
#[cfg(not(feature = "t003"))]
type T003 = crate::transaction::wal::serial::SerialLog;
/// The write-ahead log.
pub type CommitLog = Held<T003, dyn crate::transaction::wal::CommitLog>;

// T004 --------------------------------------------------------------------------------------------
#[cfg(feature = "t004")]
type T004 = crate::transaction::deadlock::lazy_edges::LazyEdges;
#[cfg(not(feature = "t004"))]
type T004 = crate::transaction::deadlock::eager_dfs::EagerDfs;
/// How deadlocks are found.
pub type DeadlockPolicy = Held<T004, dyn crate::transaction::deadlock::DeadlockPolicy>;

// B001 --------------------------------------------------------------------------------------------
#[cfg(feature = "b001")]
type B001 = crate::buffer::replacer::car::Car;
#[cfg(not(feature = "b001"))]
type B001 = crate::buffer::replacer::lru::Lru;
/// Which page leaves when another needs its frame.
pub type Replacement = Held<B001, dyn crate::buffer::replacer::Replacer>;

// B002 --------------------------------------------------------------------------------------------
#[cfg(feature = "b002")]
type B002 = crate::buffer::page_table::atomic_array::AtomicArray;
#[cfg(not(feature = "b002"))]
type B002 = crate::buffer::page_table::rwlock_map::RwLockMap;
/// Which frame holds a page.
pub type PageMap = Held<B002, dyn crate::buffer::page_table::PageTable>;

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
#[cfg(feature = "i001")]
type I001 = crate::index::split::adaptive::Adaptive;
#[cfg(not(feature = "i001"))]
type I001 = crate::index::split::half::Half;
/// Where a full tree page is divided.
pub type Split = Held<I001, dyn crate::index::split::SplitPolicy>;

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
