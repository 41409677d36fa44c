//! Profiles: where the time of both arms goes, and what changed between them.
//!
//! ```text
//!  folded stacks ──▶ Folded ──▶ CallTree ─┐
//!   (driver)          │ samples, CPU, ops │ scaled to ns per operation
//!                     └──▶ Profile ───────┴──▶ Difference ──▶ diff.cpu.svg, table of functions
//!                              └──▶ flame graph (inferno) ──▶ a.cpu.svg, b.cpu.svg
//! ```
//!
//! Two profiles are compared per operation, never per sample: B does more work in the same time, so its samples are
//! worth less. Deltas are inclusive, on our own call tree; frames that appear or vanish have colours of their own; and a
//! change that sampling alone would explain is grey. (inferno's differential colours the leaf's change only, and its
//! normalisation rounds to whole samples.)
//!
//! Start at [`profile`], then [`difference`]. [`shelf`] knows where files lie.

pub mod difference;
pub mod flame;
pub mod folded;
pub mod functions;
mod names;
pub mod picture;
pub mod profile;
pub mod shelf;
mod svg;
pub mod tree;

pub use difference::{Change, Difference};
pub use folded::{Folded, FoldedError};
pub use functions::{FunctionCost, functions};
pub use profile::{Arm, Kind, Profile};
pub use shelf::{Capture, Owner, Shelf, ShelfError};
pub use tree::CallTree;
