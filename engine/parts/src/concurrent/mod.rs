//! Structures that many threads share: [page latches](latch), the [lock table](lock_table) (T002), [epoch
//! reclamation](reclaim) (C003).

pub mod latch;
pub mod lock_table;
mod parking;
pub mod reclaim;
