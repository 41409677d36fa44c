//! The optimized version store: what a change overwrote, in undo segments that the row's header points into.
//!
//! ```text
//! leaf:      key → [stamp: writer 71 │ undo ●│ balance 30 …]
//!                                          │
//! segment of                               ▼
//! the session:   … │ writer 64, "25" at 8, next ● │ …            "before 71 wrote, bytes 8..10 were 25"
//!                                               │
//! another one:   … │ frozen, "17" at 8, next 0 │◀┘
//!
//! statuses:  64 → ts 1009   71 → open                            a commit stores one word here
//! ```
//! * **Deltas, not rows.** A record holds the bytes that the change overwrote, some 40 bytes for a stock row of 300.
//! * **A pointer, not a map.** The header refers to the record; making one moves a pointer in the session's own segment.
//! * **Commit in O(1).** A row keeps its writer's id; [`status`](self) says what became of it. No leaf is visited again.
//! * **Gaps are closed.** With one snapshot open for long, every later change adds a version that nobody will ever ask
//!   for. Every few changes of a row its writer looks at the open snapshots and merges what lies between two of them
//!   (Steam, VLDB'19). So the chain of a hot row is as long as there are snapshots, not as there were changes.
//!
//! *What it costs.* A reader of an older version rebuilds it, one patch per step. Whoever meets a recent writer's id looks
//! it up. Versions in a segment go together: one that is needed keeps its neighbours.
//!
//! *Why it is correct.* Chains change only under their leaf's exclusive latch. A reader follows a reference only from a
//! version that its snapshot does not see, to the one that was replaced by it; that one's segment is kept until every open
//! snapshot sees the replacement. References in pages of earlier lives of the database point nowhere, and are never followed:
//! everything of an earlier life is seen by every snapshot.
//!
//! *Left out.* No hint is written back when an id is looked up: readers have the page latched shared. Vacuum moves a
//! watermark of ids instead, below which nothing needs to be looked up.

mod record;
mod segment;
mod status;
mod store;

pub use store::{DeltaTxn, UndoDelta};
