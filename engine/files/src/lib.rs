//! Everything that touches a disk, and the disk that is only pretended.
//!
//! [`Vfs`] is one flat directory, [`File`] one file in it. Transfers are whole [`BLOCK`]s at block offsets
//! from [`AlignedBuf`]s, since the real directory opens its files with O_DIRECT: what the engine measures is
//! the engine, not the kernel's page cache.
//!
//! ```text
//!   durable when?   file bytes and length  ->  after sync_data of that file
//!                   create, rename, remove ->  after sync_dir
//!   before that     any subset of 512-byte sectors and of directory changes may survive a crash
//! ```
//!
//! [`RealVfs`] is a directory of the operating system. [`SimFs`] takes the contract at its worst, and crash
//! tests run on it.
//!
//! [`Lsn`] lives here because the buffer pool must speak about log positions (through the port
//! [`DurableHorizon`]) without knowing the log, which stands above it.

mod aligned;
mod error;
mod lsn;
mod mapping;
mod real;
mod sim;
mod vfs;

pub use aligned::AlignedBuf;
pub use error::{IoAction, IoError};
pub use lsn::{DurableHorizon, Lsn, Span};
pub use mapping::{HUGE_PAGE, Mapping};
pub use real::RealVfs;
pub use sim::{DiskImage, Fault, FaultKind, IoEvent, SimFs, Survival};
pub use vfs::{BLOCK, File, SECTOR, Vfs};
