//! Checks of meaning: what no schema can say, because it needs a second file or a second value.
//!
//! Start at `documents::run`.

mod across;
mod documents;
mod entry;
mod plan;
mod trials;

pub(super) use documents::{Documents, run, stem};
