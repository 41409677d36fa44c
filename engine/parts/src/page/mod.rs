//! A page: the unit that is cached, logged against, checksummed and written.
//!
//! ```text
//! byte 0        4     5     6        8            16           24       28       32
//!      ┌────────┬─────┬─────┬────────┬────────────┬────────────┬────────┬────────┬───────────── ─ ─
//!      │checksum│type │flags│reserved│ page LSN   │ page id    │ tree   │reserved│ content
//!      │ u32    │ u8  │ u8  │ u16    │ u64        │ u64        │ u32    │ u32    │ (storage::slotted)
//!      └────────┴─────┴─────┴────────┴────────────┴────────────┴────────┴────────┴───────────── ─ ─
//! ```
//!
//! Integers are little-endian. The checksum (CRC-32C of everything behind it) is set when a page is written out and
//! verified when it is read in; in between it is stale. The page LSN is the end of the last log record whose change
//! the page contains: redo applies a record exactly to the pages whose LSN is below the record's end.

pub mod lines;
pub mod racy;

use std::fmt;

use crate::io::Lsn;

/// Bytes of a page. Recorded in the superblock; a database written with another size is refused.
pub const PAGE_SIZE: usize = 8192;

/// Bytes of the header above; content begins here.
pub const PAGE_HEADER: usize = 32;

const TYPE: usize = 4;
const PAGE_LSN: usize = 8;
const PAGE_ID: usize = 16;
const TREE: usize = 24;

/// Number of a page: its place in the data file is `id × PAGE_SIZE`. Page 0 is the superblock and never cached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId(u64);

impl PageId {
    /// The superblock's page; in a frame it means "no page".
    pub const NONE: PageId = PageId(0);

    /// The page with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The page's number.
    #[inline]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Where the page begins in the data file.
    #[inline]
    pub const fn offset_bytes(self) -> u64 {
        self.0 * PAGE_SIZE as u64
    }
}

impl fmt::Debug for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "page {}", self.0)
    }
}

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Number of a tree, written into each of its pages. 0 is the catalog's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeId(pub u32);

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageType {
    /// Nothing yet: all zeros.
    Blank,
    /// Given back to the allocator; the LSN says when.
    Free,
    /// Rows of a tree.
    Leaf,
    /// Separators and children of a tree.
    Inner,
}

impl PageType {
    const fn code(self) -> u8 {
        match self {
            PageType::Blank => 0,
            PageType::Free => 1,
            PageType::Leaf => 2,
            PageType::Inner => 3,
        }
    }
}

/// The bytes of one page, aligned for direct I/O.
#[derive(Clone)]
#[repr(C, align(4096))]
pub struct Page([u8; PAGE_SIZE]);

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Page {{ {:?}, {:?}, {:?}, lsn {} }}", self.id(), self.kind(), self.tree(), self.lsn())
    }
}

impl Page {
    /// A page of zeros.
    pub const fn zeroed() -> Self {
        Self([0; PAGE_SIZE])
    }

    /// A page with these bytes.
    #[inline]
    pub const fn of(bytes: &[u8; PAGE_SIZE]) -> Self {
        Self(*bytes)
    }

    /// All bytes, header included.
    #[inline]
    pub const fn bytes(&self) -> &[u8; PAGE_SIZE] {
        &self.0
    }

    /// All bytes, for writing.
    #[inline]
    pub const fn bytes_mut(&mut self) -> &mut [u8; PAGE_SIZE] {
        &mut self.0
    }

    /// Zeroes the page and writes a fresh header with LSN 0.
    pub fn format(&mut self, id: PageId, tree: TreeId, kind: PageType) {
        self.0.fill(0);
        self.0[TYPE] = kind.code();
        self.put_u64(PAGE_ID, id.0);
        self.put_u32(TREE, tree.0);
    }

    /// Changes the type and keeps the rest.
    #[inline]
    pub fn set_kind(&mut self, kind: PageType) {
        self.0[TYPE] = kind.code();
    }

    /// The page's type, or nothing for a byte that is none.
    pub fn kind(&self) -> Option<PageType> {
        match self.0[TYPE] {
            0 => Some(PageType::Blank),
            1 => Some(PageType::Free),
            2 => Some(PageType::Leaf),
            3 => Some(PageType::Inner),
            4.. => None,
        }
    }

    /// End of the last log record whose change is in the page.
    #[inline]
    pub fn lsn(&self) -> Lsn {
        Lsn(self.u64(PAGE_LSN))
    }

    /// Records that the change described by the log up to `lsn` is in the page.
    #[inline]
    pub fn set_lsn(&mut self, lsn: Lsn) {
        self.put_u64(PAGE_LSN, lsn.0);
    }

    /// The id the page says it has.
    #[inline]
    pub fn id(&self) -> PageId {
        PageId(self.u64(PAGE_ID))
    }

    /// The tree the page says it belongs to.
    #[inline]
    pub fn tree(&self) -> TreeId {
        TreeId(self.u32(TREE))
    }

    /// Sets the checksum, making the page fit for the disk.
    pub fn seal(&mut self) {
        let checksum = self.computed_checksum();
        self.put_u32(0, checksum);
    }

    /// The checksum written in the page.
    pub fn stored_checksum(&self) -> u32 {
        self.u32(0)
    }

    /// The checksum of what the page holds now.
    pub fn computed_checksum(&self) -> u32 {
        crc32c::crc32c(&self.0[4..])
    }

    /// Whether every byte is zero, as where a file has never been written.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|&byte| byte == 0)
    }

    /// Little-endian u16 at byte `at`.
    #[inline]
    pub fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    /// Little-endian u32 at byte `at`.
    #[inline]
    pub fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    /// Little-endian u64 at byte `at`.
    #[inline]
    pub fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    /// Writes a little-endian u16 at byte `at`.
    #[inline]
    pub fn put_u16(&mut self, at: usize, value: u16) {
        self.0[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }

    /// Writes a little-endian u32 at byte `at`.
    #[inline]
    pub fn put_u32(&mut self, at: usize, value: u32) {
        self.0[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Writes a little-endian u64 at byte `at`.
    #[inline]
    pub fn put_u64(&mut self, at: usize, value: u64) {
        self.0[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    #[inline]
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut out = [0; N];
        out.copy_from_slice(&self.0[at..at + N]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_and_any_flipped_bit_shows() {
        let mut page = Page::zeroed();
        assert!(page.is_zero() && page.kind() == Some(PageType::Blank));
        page.format(PageId::new(7), TreeId(3), PageType::Leaf);
        page.set_lsn(Lsn(0x0102_0304_0506_0708));
        page.seal();
        assert_eq!((page.id(), page.tree(), page.kind()), (PageId::new(7), TreeId(3), Some(PageType::Leaf)));
        assert_eq!(page.lsn(), Lsn(0x0102_0304_0506_0708));
        for at in [4, 8, 31, 32, 4000, PAGE_SIZE - 1] {
            page.bytes_mut()[at] ^= 0x10;
            assert_ne!(page.stored_checksum(), page.computed_checksum(), "flip at {at}");
            page.bytes_mut()[at] ^= 0x10;
        }
        assert_eq!(page.stored_checksum(), page.computed_checksum());
    }
}
