//! The statistics of paired measurements. Pure functions of numbers; nothing here knows what was measured.
//!
//! - [`e_process`]: the always-valid test behind every verdict: it may be looked at after each pair.
//! - [`rank`]: the Hodges-Lehmann estimate, and the exact Wilcoxon interval for a number of pairs fixed beforehand.
//! - [`scale`]: how noisy pairs are, robustly; what effect that noise lets one see.
//! - [`calibration`]: what pairs of a binary against itself say of noise, slot and drift.
//! - [`change_points`]: where a series of measurements changed, for people to look at.
//! - [`sign_flips`]: how often noise alone would have been accepted, replayed from pairs of a binary against itself.

pub mod calibration;
pub mod change_points;
pub mod e_process;
pub mod rank;
pub mod scale;
pub mod sign_flips;
#[cfg(test)]
mod simulations;

pub use calibration::{Noise, lag_1_limit};
pub use change_points::{ChangePoint, change_points};
pub use e_process::EProcess;
pub use rank::{Wilcoxon, hodges_lehmann, wilcoxon_interval};
pub use scale::{minimum_detectable, robust_scale, robust_scale_about};
pub use sign_flips::{FalseAccepts, sign_flips};
