//! The clustered B+tree: rows live in its leaves, in key order.
//!
//! ```text
//!                     ┌────────────────────────┐
//!   level 2   root    │ ""→p3   "m"→p7         │     inner entry: separator → child; the child covers the keys from its
//!                     └──┬────────┬────────────┘     separator up to the next one
//!   level 1    p3 ["", "m")     p7 ["m", ∞)
//!               ┌──┴──┐           └──┐
//!   level 0   p4     p5     …       p9               leaf entry: key → {stamp, undo} row
//! ```
//!
//! * **Descent** reads inner pages optimistically: read the child's number, latch the child, then validate the parent. So a
//!   reader writes to no shared memory above the leaf, and no page freed or split underway is mistaken for the right one.
//! * **One row** is [copied](BTree::read) out of its leaf without a latch, and the leaf's version validated afterwards.
//! * **Leaves** are handed out latched ([`LeafRef`], [`LeafMut`]); what rows mean is the transaction layer's business.
//!   Hold one leaf at a time, and ask the tree for nothing while holding it.
//! * **No sibling links**: a scan goes on by descending to the upper fence of the leaf it has finished. A split then
//!   touches three pages and no neighbour.
//! * **Structure changes** (split, unlink) are system transactions of one redo-only log record that describes all pages
//!   it changes: a crash sees all of it or nothing, and no rollback of a user's transaction ever undoes it. The root page
//!   never moves: when it is full, its content moves down.
//!
//! [`btree`] is the entrance, [`load`] fills an empty tree from its leaves up, [`structure`] holds the records and their redo,
//! [`split`] the policy (I001), [`check`] the proof.

pub mod btree;
pub mod check;
mod descent;
mod error;
mod leaf;
pub mod load;
mod read;
mod scan;
mod smo;
pub mod split;
pub mod structure;

pub use btree::BTree;
pub use error::TreeError;
pub use leaf::{Leaf, LeafMut, LeafRef, MAX_ENTRY, MAX_KEY, TUPLE_HEADER, TupleHeader, entry_room};
pub(crate) use read::{Group, Sought};
pub use scan::LeafScan;
