//! Reports: values in, text out. Nothing here reads a file, a clock or the store.
//!
//! ```text
//!  register + roster ─┐
//!                     ├─▶ Snapshot ──Document::of──▶ Document ──markdown──▶ TRACKING.md
//!  facts of a moment ─┘            (everything derived)     └──serde────▶ the same as JSON
//! ```
//!
//! What people wrote is a claim; what the store holds is a measurement. The two never share a column. Every count, state
//! and date is derived, so the same facts give the same bytes.
//!
//! Start at [`document`].

pub mod control_chart;
pub mod criteria;
pub mod document;
pub mod effects;
pub mod evidence;
pub mod history;
mod markdown;
pub mod screen;
pub mod standup;
pub mod words;

#[cfg(test)]
mod tests;

pub use criteria::{Judgement, State};
pub use document::{Document, Snapshot};
pub use markdown::markdown;
pub use standup::Standup;
