//! A directory in memory that takes the durability contract at its worst.
//!
//! ```text
//!                 write, set_len            sync_data
//!   current view ---------------> pending ------------> durable bytes
//!   current names --------------> pending ------------> durable names
//!                 create, rename,           sync_dir
//!                 remove
//!
//!   power cut:  DiskImage  --restart(Survival)-->  a new SimFs = durable + any subset of pending
//! ```
//!
//! A subset is chosen per 512-byte sector, per length change and per directory change. An image is cheap
//! (contents are shared copy-on-write), so a test may take one before *every* I/O of a run, through
//! [`SimFs::observe`], and restart each under many survivals: [`DiskImage::survivals`] enumerates them, all of
//! them while they are few. [`SimFs::state_hash`] tells distinct crash states apart.
//!
//! A failed sync follows what Linux does (the "fsyncgate" of 2018): the pages count as clean, so a later sync
//! that succeeds says nothing about them. What was pending at that moment becomes durable only by chance.

mod content;
mod fs;
mod image;

pub use fs::{Fault, FaultKind, IoEvent, SimFs};
pub use image::{DiskImage, Survival};
