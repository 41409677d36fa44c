//! One pair: a fresh process of each arm, loaded with the same seed, driven in lock-step.
//!
//! ```text
//!   A  load ──┐ warm-up            1        4 5        8          check, finish
//!             ├─ quiet? ── ops ──┐ ▓▓       ▓▓ ▓▓      ▓▓   …  ┐
//!   B  load ──┘ (from A's rate)  └    ▓▓ ▓▓       ▓▓ ▓▓        ┴─ sums per process ─▶ d = ±ln(B/A)
//!                                     2  3        6  7
//! ```
//!
//! Slices are of equal work, so that both databases keep the same size; the order is ABBA, so that a drift over the
//! pair hits both alike; which arm is first is a coin. The idle arm is stopped (`SIGSTOP`), so that what it would do in
//! the background is done in its own slices, at its own cost. The process is the unit: its slices are summed, and the
//! pair yields one difference. A time slice is never a sample.
//!
//! What is recorded live (each slice, for the picture) is written between slices, while both arms are stopped.

mod bench;
mod coins;
mod machine_guard;
mod sum;

pub use bench::{Bench, PairError, Which, expected_time};
pub use coins::Coins;
pub use sum::{Sum, quantile};
