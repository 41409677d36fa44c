//! The formats on disk, byte by byte, as `engine/ARCHITECTURE.md` documents them.
//!
//! The engine writes, the test reads: with parsers of its own ([`pages`], [`log`], [`bytes`]), made from that page and calling
//! nothing of the engine's decoding. So neither the format nor its description can drift unnoticed: a moved offset, another
//! byte order, a checksum over other bytes fails here, and then either the code or the page (and
//! `superblock::FORMAT_VERSION`) has to change.
//!
//! [`golden_pages`] and [`golden_log`] compare whole pages, headers and records with what the page says they must be;
//! [`damage`] flips single bytes everywhere and asks what becomes of the database.

mod bytes;
mod damage;
mod database;
mod golden_log;
mod golden_pages;
mod log;
mod pages;
