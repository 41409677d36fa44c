//! YAML files that people write, read so that every mistake is told at once, each with its place.
//!
//! A file goes through four steps; each can only add [`Fault`]s, none stops at the first:
//!
//! ```text
//! bytes ──source──▶ text ──tree──▶ nodes with places ──shape──▶ nodes that fit T's JSON Schema ──serde──▶ T
//!        size, UTF-8      syntax,                      types, unknown and
//!        control bytes    duplicate keys               missing keys, words
//! ```
//!
//! The schema that the loader enforces is the schema that editors are given (`schemas/*.json`): both come from the
//! Rust type. Checks of meaning (unknown agent, a cycle of needs) follow in the layers that know the meaning; they
//! find their places again through [`Document`].
//!
//! Start at [`Reader`].

mod document;
mod fault;
mod shape;
mod source;
mod tree;
mod words;

pub use document::{Document, Reader};
pub use fault::{Fault, Faults};
#[cfg(test)]
pub(crate) use shape::assert_understood;
pub use source::{SIZE_MAX_BYTES, Source};
pub use tree::{DEPTH_MAX, Entry, Kind, Node};
pub use words::{described, nearest};
