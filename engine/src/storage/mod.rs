//! What pages look like and where they are: the slotted layout, the superblock, free space, the catalog.
//!
//! * [`slotted`]: sorted entries in a page.
//! * [`superblock`]: page 0, from which everything is found.
//! * [`space`]: which pages are free.
//! * [`volume`]: pool, space and log, as every tree needs them together.
//! * [`catalog`]: the tree of trees.

pub mod catalog;
pub mod space;
pub mod superblock;
pub mod volume;

pub use engine_parts::slotted;
pub use volume::Volume;
