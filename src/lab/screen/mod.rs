//! Many flags at once: which of them act, found with few builds, and how they act together.
//!
//! ```text
//!   Design ── rows: which features each build has ──▶ the runner builds and measures each against one reference
//!      │                                                        │ log-ratios, several per row, some rows missing
//!      └────────────────── Effects::fit ◀────────────────────────┘
//!                              │ least squares on the log scale, with its own error
//!                              ▼
//!      effect of each feature (on against off), interval, standing; which interactions hide in it
//! ```
//!
//! Up to here pure functions of numbers; [`run`] builds, measures and has the facts stored.
//!
//! One flag at a time, n flags take n builds, and each effect rests on two of them: variance 2σ². In a Hadamard design
//! every effect rests on every build: half of them with the feature, half without, and all others balanced on both
//! sides: variance 4σ²/N. What is paid for it: with interactions, an effect is an average over the others' settings,
//! and pairs of features leak into it until the design is folded over. So a screen proposes, and pairs decide.
//!
//! - [`design`]: rows and columns, built from [`hadamard`] matrices, adapted by [`exchange`] where features exclude
//!   each other, folded over, or full for few features.
//! - [`contrast`]: the weights by which rows become an effect; all that aliasing and lost rows do is in them.
//! - [`lenth`]: what is noise, told from the effects themselves; the half-normal plot's points.
//! - [`effects`]: the fit. Start reading here.
//! - [`facts`]: what is stored of a screen; [`journal`]: the port through which.
//! - [`plan`]: from a question to a design, and what it can hope to see; [`order`]: its coins.
//! - [`culprits`]: which features keep builds from building. [`run`]: the work itself.
//!
//! Sources: Plackett & Burman 1946 (the designs); Paley 1933 (Hadamard matrices); Box & Wilson 1951 (fold-over); Daniel
//! 1959 (half-normal plots); Lenth 1989 (pseudo standard error); Meyer & Nachtsheim 1995 (coordinate exchange).

mod contrast;
pub mod culprits;
pub mod design;
pub mod effects;
mod exchange;
pub mod facts;
mod hadamard;
pub mod journal;
pub mod lenth;
pub mod order;
pub mod plan;
pub mod run;

pub use design::{Design, Kind, Term};
pub use effects::{Effects, Error, ErrorSource, Estimate, Standing};
pub use lenth::{HalfNormal, Lenth, half_normal};
