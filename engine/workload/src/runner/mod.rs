//! Runs a [`Workload`] on a [`Store`](crate::store::Store): many sessions on as many threads as there are cores.
//!
//! ```text
//!  worker thread                                     (one of `workers`, parked between slices)
//!    runnable ──▶ draw ─▶ begin, execute, commit ──▶ waiting (FIFO of tickets)
//!       ▲                        │ conflict: again        │ durable: acknowledge, measure
//!       └────────────────────────┴────────────────────────┘
//! ```
//! A session whose commit is not yet durable does not hold its worker: the next session runs, and only when all of a
//! worker's sessions wait does the worker itself. So 64 sessions need no 64 threads, whose switches would be measured
//! instead of the engine. The store is nudged to make commits durable once as many sessions wait as can still run: the
//! sync then runs beside their work, for as many commits as wait by then; those that follow wait for the next.

mod beside;
mod pool;
mod series;
mod stats;
mod tally;
mod worker;
mod workload;

pub use beside::Slices;
pub use pool::{Bench, Live, Runner, RunnerOptions};
pub use series::{Series, Steadiness};
pub use stats::{KindStats, Stats};
pub use tally::Tally;
pub(crate) use workload::Drawn;
pub use workload::{Workload, state_digest};
