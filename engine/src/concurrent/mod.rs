//! Structures that many threads share: page latches, the [lock table](lock_table) (T002), [epoch
//! reclamation](reclaim) (C003).

pub mod lock_table;
pub mod reclaim;
