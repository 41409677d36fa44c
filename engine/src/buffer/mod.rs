//! The buffer pool: a fixed number of frames through which every page of the data file is read and changed.
//!
//! ```text
//!            optimistic / shared / exclusive / create                     B001 who goes when a frame is needed
//!   tree ───────────────▶ pool ──▶ page_table (B002: PageId → frame)  ──▶ replacer
//!                          │                                          ──▶ flush     B004 who writes dirty pages, when
//!                          ▼ miss, write-out                          ──▶ prefetch  B003 what is read before it is asked for
//!                        store ──▶ doublewrite ──▶ data file
//! ```
//!
//! Rules that everything here keeps:
//!
//! * **A frame is held by its latch** ([`crate::concurrent::latch`]). Eviction takes the latch exclusively without waiting, so a
//!   latched page stays. Who reads without a latch has the page pinned, so that it stays, or else finds out that it
//!   went when the latch's version is validated: which of the two is the page table's choice (B002).
//! * **A page-table answer is a hint** until the frame is latched and still says that it holds the page.
//! * **No lock but the page's own latch is held across I/O.** Two threads that miss the same page meet at the latch of
//!   the frame being loaded: it is read once.
//! * **The log goes first**: a page is written only after [`DurableHorizon::ensure_durable`](crate::io::DurableHorizon)
//!   of its LSN. The log never needs a page, so that wait cannot close a circle.
//! * **Torn pages** are healed from the double-write area ([`doublewrite`]), not from images in the log: that keeps
//!   page images off the commit path (InnoDB's way; PostgreSQL logs full pages instead).
//!
//! Start at [`BufferPool`](pool::BufferPool); [`guard`] is what callers hold.

mod bulk_writer;
pub mod dirty;
mod doublewrite;
mod error;
pub mod flush;
mod frame;
mod guard;
mod memory;
pub mod page_table;
mod pool;
pub mod prefetch;
pub mod replacer;
mod residents;
mod store;

use engine_parts::page::lines;

pub use bulk_writer::{BATCH_PAGES, Batch, BulkWriter};
pub use doublewrite::{DOUBLEWRITE_FILE, HealReport};
pub use engine_parts::page::{self, racy};
pub use error::BufferError;
pub use frame::FrameId;
pub use guard::{ExclusivePage, OptimisticPage, SharedPage};
pub use page::{PAGE_SIZE, Page, PageId, PageType, TreeId};
pub use pool::{BufferPool, PoolOptions};
pub use residents::{Residents, Visit};
