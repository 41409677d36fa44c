//! What the engine counts about itself, cheap enough never to be switched off.
//!
//! A [`Metrics`] belongs to one database. [`Counter`] names every event counter and [`Wait`] every reason
//! to stand still; both are closed lists, so a report cannot forget one. Each improvement's counters are
//! here too: they prove that its mechanism fired (`wal.commits` over `wal.syncs` must exceed 1 with group
//! commit, and be 1 without).

mod names;
mod sharded;

pub use names::{Counter, Wait};
pub use sharded::{Metrics, WaitTimer, WaitTotal};
pub use sharded::{THREAD_SHARDS, shard_of_this_thread};
