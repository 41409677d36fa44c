//! Sorted slotted page: keys in order, found by integers.
//!
//! ```text
//!  0        32           64                                                                     8192
//!  ┌────────┬────────────┬─────────────────┬──────────────────┬ ─ ─ ─ ─ ─ ┬──────────────────────┐
//!  │ page   │ node       │ heads u32[cap]  │ slots [cap]      │   free    │ heap: fences, entries│
//!  │ header │ header     │ dense, sorted   │ same order       │           │ (grows downwards)    │
//!  └────────┴────────────┴─────────────────┴──────────────────┴ ─ ─ ─ ─ ─ ┴──────────────────────┘
//!
//!  leaf slot   {offset u16, key length u16, value length u16}      heap: key suffix, value
//!  inner slot  {offset u16, key length u16, child page u64}        heap: key suffix
//! ```
//!
//! * **Fences.** A page covers the keys in `[lower, upper)`; an absent upper fence means no bound. Every key in it
//!   begins with the common prefix of the two fences, so that prefix is stored once, as the start of the lower fence.
//! * **Shared bytes.** What is left of the keys often begins alike all the same: fences may lie far apart, and the outermost pages
//!   of a level have none on one side. So the node header keeps up to seven bytes that all of it begins with; an insertion may make
//!   them fewer. (The first entry of an inner page, its lower fence, has no part in that: nothing is sought below it.)
//! * **Heads.** The four bytes behind those, as a big-endian integer, stand in an array of their
//!   own: a binary search touches sixteen keys per cache line and compares integers. Only keys with equal heads are
//!   looked up in the heap. (LeanStore and Umbra keep the head inside the slot, which spreads the search over three
//!   times as many lines.)
//! * **Children in slots.** An inner page's search ends in the slot, without a visit to the heap.
//! * Removing or moving an entry leaves garbage in the heap, which a compaction gathers when space is needed.
//!
//! * **Insertions.** The node header keeps the place of the last insertion and how many before it followed one another
//!   upwards or downwards: a hint for dividing the page (I001), kept by every variant since it is part of the format.
//!
//! All changes are deterministic functions of the page's content, so redo arrives at the same bytes.
//!
//! `layout` gives the offsets, `search` the look-up (also over bytes that may change underfoot), `edit` the changes,
//! `check` the proof.

mod check;
mod edit;
mod layout;
mod search;
#[cfg(test)]
mod tests;

pub use layout::{Insertions, Kind, MAX_KEY, NODE_HEADER, SlottedPage};
pub use search::{NodeBytes, Shape, child_at, entry_count, find, level_of, share, value_at};
