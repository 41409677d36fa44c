//! Worlds whose truth is planted: what the lab's methods say of effects that are known, counted over many experiments.
//!
//! A rule that decides what is true must itself be measured, and only where the truth is known can it be. So machines
//! are made up, with the noise of real ones, and the lab's own code is let loose on them: the same [`super::verdict::judge`]
//! that `workbench apply` calls, the same [`super::screen::Effects`].
//!
//! - [`noise`]: machines: what a process, a slot, an hour of the day adds.
//! - [`experiment`]: one improvement judged by the rule, from calibration to confirmation.
//! - [`rivals`]: the same question put to runs in blocks, and to a t-test that is looked at after every pair.
//! - [`screens`]: many flags at once, against one at a time.
//! - [`tally`]: counts over many experiments, as tables.
//!
//! `cargo run --release --example planted` prints the tables; the tests here are their small, deterministic form. For a
//! driver with planted effects that speaks the protocol, see `probe/examples/planted_driver.rs`.

pub mod experiment;
pub mod noise;
pub mod rivals;
pub mod screens;
pub mod tally;

#[cfg(test)]
mod tests;

pub use noise::{Machine, Noise};
