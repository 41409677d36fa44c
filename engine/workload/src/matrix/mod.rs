//! The matrix: the engine built and tested with many sets of its improvements, and one database handed through all of them.
//!
//! With n improvements there are 2ⁿ engines. Eight sets show every pair of improvements in every combination ([`covering`]);
//! those and the full set are tested on every change, each improvement alone on and alone off by `--each`. A set has passed
//! when the tests that go through the composition pass on it ([`bench`](Bench::test)); then a [`relay`](crate::relay), whose course is [`tour`](tour::tour), lets every
//! set open what every other left.

mod bench;
pub mod covering;
mod ledger;
pub mod sets;
pub mod tour;

pub use bench::{Bench, Built, Tested};
pub use ledger::Ledger;
