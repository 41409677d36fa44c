//! Pages on disk: layout, checksums, the superblock, the double-write area.

pub mod slotted;
