//! What transactions write into the log: rows changed, changes undone, ends.
//!
//! ```text
//! kind u8 │ txn │ table │ page │ key length │ per kind …           │ key │ before │ after
//!         └──────────── LEB128 varints ────────────────┘           └── raw bytes ──┘
//! ```
//! | kind | record | undone by |
//! |---|---|---|
//! | 0x01 | insert: the row | 0x11 |
//! | 0x02 | update: the bytes that differ, before and after | 0x12 |
//! | 0x03 | delete: sets the mark, the row stays | 0x12 |
//! | 0x04 | revive: an insert over a ghost, as an update | 0x12 |
//! | 0x05 | purge: removes a ghost nobody can see. Belongs to no transaction, is never undone | – |
//! | 0x11, 0x12 | compensation: what an undo did. Redone, never undone; names the record it has undone | – |
//! | 0x20 | commit, with its timestamp | – |
//! | 0x21 | rolled back: nothing is left to undo | – |
//!
//! Redo is *physiological*: it goes to the page and finds the key in it. Undo is *logical*: it finds the key through
//! the tree, since the row may have moved to another page by a split. There is no chain of records per transaction (`prev_lsn`):
//! recovery reads the log once, forward, and keeps the open transactions' records while it does.

mod codec;
mod patch;
mod record;

pub use codec::{BadRecord, Encoder};
pub use patch::Patch;
pub use record::{Change, Place, Record};
