//! The laboratory: two arms built, driven in lock-step, compared by a rule that may be looked at any time.
//!
//! In reading order:
//!
//! - [`question`] and [`experiment`]: the words and the facts. [`journal`]: the port through which they are written down; the lab knows
//!   nothing of how they are kept.
//! - [`stats`] and [`verdict`]: pure functions from pairs to a ruling.
//! - [`lease`], [`folder`], [`process`], [`machine`]: the machine to ourselves, and what must not be left on it.
//! - [`build`]: two sets of features become two binaries, each at most once.
//! - [`adapter`]: programs that do not speak the driver protocol, as drivers.
//! - [`driver`]: one process of one arm. [`pair`]: two of them in lock-step.
//! - [`recorder`]: where events go while all this runs.
//! - [`calibration`]: how noisy pairs of one binary against itself are; [`ledger`]: how noisy pairs were before.
//! - [`plan`], then [`apply`]: the main job, from a question to a verdict; [`capture`]: profiles, after it;
//!   [`instructions`]: what a fixed replay executes.
//! - [`screen`]: many improvements at once: designs, their builds, and the effects that follow from what they measured.
//! - [`planted`]: rule and screens on made-up machines whose truth is known.

pub mod adapter;
pub mod apply;
pub mod build;
pub mod calibration;
pub mod capture;
pub mod driver;
pub mod error;
pub mod experiment;
pub mod folder;
pub mod instructions;
pub mod journal;
pub mod lease;
pub mod ledger;
pub mod machine;
pub mod pair;
pub mod plan;
pub mod planted;
pub mod process;
pub mod question;
pub mod recorder;
pub mod screen;
pub mod stats;
pub mod verdict;

pub use error::LabError;
