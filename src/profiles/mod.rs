//! Profiles: where the time of both arms goes, and what changed between them.
//!
//! Start at [`shelf`]: how captured stacks are kept.

mod shelf;

pub use shelf::{Arm, Capture, Kind, Shelf, ShelfError};
