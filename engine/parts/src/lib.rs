//! Parts of the engine that do not know what it is built of: both variants of each seam, and what they stand on.
//!
//! The engine names these as its own modules. They are a crate of their own because no feature changes them, so that builds
//! with other features need not compile them again. Hence also the attributes: what is called for every row or page is
//! `#[inline]`, since nothing else is inlined across crates.

pub mod compose;
pub mod concurrent;
pub mod deadlock;
pub mod metrics;
pub mod page;
pub mod pool;
pub mod row_log;
pub mod slotted;
pub mod stamp;
pub mod sync;
pub mod wal;

pub use engine_files as io;
