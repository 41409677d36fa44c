//! Where a document disagrees with itself: rules over what was understood of it, none of which knows a particular one.
//!
//! Start at [`find`]. Each file holds the rules about one subject; a rule that cannot be sure says nothing.

mod arithmetic;
mod counts;
mod finding;
mod marks;
mod plan;
mod promises;
mod references;

pub(super) use finding::find;
pub use finding::{Contradiction, ContradictionKind};
