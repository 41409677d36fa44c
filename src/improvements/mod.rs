//! The register: what is claimed, by whom, and how it is to be measured.
//!
//! Start at [`record`], the shape of one entry.

pub mod record;

pub use record::{Category, Claim, Direction, Improvement, ImprovementId, Mechanism, Priority, Status, Trial};
