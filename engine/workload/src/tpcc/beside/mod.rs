//! Who may be at work beside the terminals, one at a time and on a thread of its own. Not in the specification.
//!
//! Both read a table for longer than a slice lasts, so they read it in [pieces](Pieces) and ask before each whether they may.

pub(super) mod analyst;
mod pieces;
pub(super) mod scanner;

use pieces::Pieces;
