//! The composition table: which implementation stands behind each improvement.
//!
//! Every `cfg(feature)` of the engine is in this file (a test greps the others). Both implementations of a
//! seam are always compiled, so neither can rot, and one test binary can run them side by side; a feature
//! only moves an alias. Code that must not care names the alias or is generic over the trait.

/// Each improvement of this build and whether it is on, in register order.
pub const ACTIVE: &[(&str, bool)] = &[("t003", cfg!(feature = "t003"))];

// T001 --------------------------------------------------------------------------------------------
/// Where old versions are kept.
pub type VersionStore = crate::transaction::mvcc::full_chain::FullChain;

// T002 --------------------------------------------------------------------------------------------
/// The lock table.
pub type LockTable = crate::concurrent::lock_table::mutex_map::MutexMap;

// T004 --------------------------------------------------------------------------------------------
/// How deadlocks are found.
pub type DeadlockPolicy = crate::transaction::deadlock::eager_dfs::EagerDfs;

// M001 --------------------------------------------------------------------------------------------
/// Where small hot objects come from.
pub type Pool<T> = crate::memory::pool::heap::HeapPool<T>;

// M003 --------------------------------------------------------------------------------------------
/// What a transaction keeps its bookkeeping in.
pub type TxnMem<T> = crate::memory::txn_mem::heap::HeapMem<T>;

// C003 --------------------------------------------------------------------------------------------
/// When retired memory is freed.
pub type Reclaim = crate::concurrent::reclaim::crossbeam::Crossbeam;
