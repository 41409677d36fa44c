//! Tracking documents in: Markdown that people kept by hand, read into a register, with every contradiction in it.
//!
//! ```text
//! bytes ──mojibake──▶ text ──markdown──▶ blocks ──outline──▶ lines ──document──▶ entries, phases, people, risks …
//!        ends of lines,      pulldown-cmark       sections,                           │            │
//!        UTF-8 read as 1252                       marks, keys               contradictions      records ──write──▶ YAML
//! ```
//!
//! Claims stay claims, word for word; statuses become notes, since the register has no place for what nobody has proven.
//! A line that no record has a place for goes into the appendix, so that nothing is lost. The same document gives the
//! same bytes. Start at [`Import::of`].

mod contradictions;
mod document;
mod entries;
mod figures;
mod markdown;
mod mojibake;
mod outline;
mod phases;
mod records;
mod surroundings;
mod tables;
mod whole;
mod write;

pub use contradictions::{Contradiction, ContradictionKind};
pub use document::AgentRow;
pub use mojibake::{Damage, Repair};
pub use records::{Kept, Records};
pub use whole::{Import, Place};
pub use write::{Files, WriteError, add_yaml, write};
