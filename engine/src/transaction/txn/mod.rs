//! A transaction: [its state](txn), [reads](read), [writes](write), and [how it ends](end).
//!
//! ```text
//! begin ──▶ write: lock table IX, row X ─▶ leaf X-latch ─▶ log record ─▶ before-image ─▶ change, stamped with the id
//!       └─▶ read:  (first one: take the snapshot) ─▶ copy the newest, no latch ─▶ if not seen: leaf S-latch, an older version
//! commit:   take ts ─▶ commit record ─▶ [serial log: sync] ─▶ stamp rows with ts ─▶ publish ts ─▶ release locks ─▶ ticket
//! rollback: newest change first: compensation record ─▶ row as before ─▶ … ─▶ end record ─▶ release locks
//! ```
//!
//! **When the snapshot is taken.** Not at begin but at the first unlocked read. A transaction that writes a row first, and
//! every Payment does, then sees the newest state of it, and does not abort because somebody else did the same a
//! moment before its begin.
//!
//! **First updater wins.** Once there is a snapshot, a row whose newest state the snapshot does not see cannot be written.
//!
//! **Order of latches.** A lock is asked for with no latch held; one leaf is latched at a time; the log and the
//! version store are called with it held, and take nothing above themselves.

mod end;
mod read;
mod spare;
#[expect(clippy::module_inception, reason = "the transaction itself, apart from what it does")]
mod txn;
mod write;

pub use end::CommitTicket;
pub(super) use spare::Spares;
pub use txn::{TableId, Txn};
pub(super) use write::check_size;
