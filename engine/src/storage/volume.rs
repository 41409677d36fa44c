//! What every tree of a database shares: its pages, who is free, and the log of changes.

use super::space::Space;
use crate::buffer::BufferPool;

/// The pages of a database and the log that goes before them.
#[derive(Debug)]
pub struct Volume<L> {
    /// Where pages are read and changed.
    pub pool: BufferPool,
    /// Which pages are free.
    pub space: Space,
    /// Where changes are logged first.
    pub log: L,
}

impl<L> Volume<L> {
    /// A volume whose free pages are not known yet: see [`Space::rebuild`].
    pub fn new(pool: BufferPool, log: L) -> Self {
        Self { pool, space: Space::new(), log }
    }
}
