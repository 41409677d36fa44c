//! Profiles: where the time of both arms goes, and what changed between them.
//!
//! ```text
//!  folded stacks ──▶ Folded ──▶ CallTree ─┐
//!   (driver)          │ samples, CPU, ops │ scaled to ns per operation
//!                     └──▶ Profile ───────┴──▶ Difference ─┬▶ Attribution: functions, and books that close
//!                              │  a stretch per process    ├▶ diff.cpu.svg
//!                              │                           └▶ export: pprof, speedscope, folded
//!                              └──▶ flame graph (inferno) ──▶ a.cpu.svg, b.cpu.svg
//! ```
//!
//! Two profiles are compared per operation, never per sample: B does more work in the same time, so its samples are
//! worth less. Deltas are inclusive, on our own call tree; frames that appear or vanish have colours of their own; and a
//! change that chance may explain is grey: [`spread`] says how that is known. (inferno's differential colours the leaf's change only, and its
//! normalisation rounds to whole samples.)
//!
//! Start at [`profile`], then [`difference`], then [`attribution`]. [`shelf`] knows where files lie.

pub mod attribution;
pub mod difference;
pub mod export;
pub mod flame;
pub mod folded;
pub mod functions;
pub mod instructions;
mod names;
pub mod picture;
pub mod profile;
pub mod shelf;
pub mod spread;
pub(crate) mod svg;
pub mod tree;
pub mod waits;

pub use attribution::{Attribution, Books, Entry};
pub use difference::{Change, Difference};
pub use folded::{Folded, FoldedError};
pub use functions::{FunctionCost, functions};
pub use profile::{Arm, Kind, Profile, Stretch};
pub use shelf::{Capture, Owner, Shelf, ShelfError};
pub use spread::Spread;
pub use tree::{CallTree, Counts};
pub use waits::{WaitCost, waits};
