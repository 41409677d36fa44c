//! The tracking document as Markdown, section by section as teams have kept it by hand.
//!
//! Start at [`markdown`]; each further file is a section of it, and `text` is what all are written with.

mod evidence;
mod improvement;
mod metric;
mod phase;
mod plan;
mod screen;
mod text;
mod whole;
mod work;

pub use whole::markdown;
