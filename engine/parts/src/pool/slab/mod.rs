//! The optimized pool: slabs, a depot, and magazines per thread (Bonwick, USENIX'94 and '01).
//!
//! ```text
//!  thread     loaded [● ● ● ●    ]   previous [● ● ● ● ● ● ● ●]        take: pop    give: push
//!                 ▲ empty for full │ full for empty ▼                  once in 32 objects
//!  depot      one shelf per size:  full magazines ■ ■ ■                under the shelf's lock
//!                 ▲ none left      │ not needed since the last trim ▼
//!  slabs      64 KiB each, of objects of one size; whole ones in stock for any size
//! ```
//! * [`owner`](self): `SlabPool`, and the boxes it hands out. Typed here; below there are only [sizes](class).
//! * [`thread`](self): the process has one depot and every thread two magazines per size.
//! * What another thread frees fills that thread's magazines, and comes back full: vacuum frees what sessions have made, and
//!   neither waits for the other but to exchange a magazine.
//!
//! *Left out.* The system's allocator stays the allocator of everything else: replacing that is another change. Constructed
//! objects are not kept, as Bonwick does: the hot ones here have nothing worth keeping.

mod cache;
mod class;
mod depot;
mod memory;
mod owner;
mod rounds;
mod thread;

pub use cache::Cache;
pub use class::{Class, MAX_BYTES};
pub use depot::Depot;
pub use owner::{SlabBox, SlabBytes, SlabPool, footprint_bytes, outstanding};

use rounds::ROUNDS;
