//! The register: what is claimed, by whom, and how it is to be measured.
//!
//! Start at [`record`], the shape of one entry. [`plan`] is the shape of what stands around the entries; [`register`]
//! reads the folder; `check` finds the contradictions. [`import`]
//! makes one from a tracking document, [`foreign`] one from the features of a package.

mod check;
mod claim;
pub mod foreign;
pub mod import;
pub mod plan;
pub mod record;
pub mod register;

pub use crate::units::Direction;
pub use claim::{AgainstClaim, Claim};
pub use record::{
    Bounds, Category, Improvement, ImprovementId, Mechanism, NotBuiltYet, Priority, Status, Trial, Variants,
    with_params,
};
pub use register::Register;
