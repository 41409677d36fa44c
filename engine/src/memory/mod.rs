//! Memory the engine hands out to itself: [object pools](pool) (M001) and [per-transaction memory](txn_mem) (M003).

pub mod txn_mem;

pub use engine_parts::pool;
