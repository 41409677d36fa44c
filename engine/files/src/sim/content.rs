//! The bytes of one simulated file, shared copy-on-write between the disk and its images.

use crate::{BLOCK, SECTOR};
use foldhash::fast::FixedState;
use std::hash::BuildHasher;
use std::sync::{Arc, OnceLock};

/// Blocks per group: a write after an image was taken copies one group's pointers, not the whole file's.
const GROUP: usize = 64;
/// Sectors in a block, and bits in a full sector mask.
pub(super) const SECTORS: usize = BLOCK / SECTOR;

/// One block's bytes; zeros are represented by absence.
#[derive(Clone, Debug)]
pub(super) struct Block(Arc<BlockBytes>);

#[derive(Debug)]
struct BlockBytes {
    bytes: [u8; BLOCK],
    hash: OnceLock<u64>,
}

/// The bytes and length of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    groups: Arc<Vec<Arc<Group>>>,
    len: u64,
}

#[derive(Clone, Debug)]
struct Group {
    blocks: [Option<Block>; GROUP],
    hash: OnceLock<u64>,
}

impl Block {
    /// The block made of these bytes: `None` if all are zero.
    pub(super) fn new(bytes: &[u8]) -> Option<Block> {
        let bytes: [u8; BLOCK] = bytes.try_into().expect("a block is BLOCK bytes long");
        (bytes != [0; BLOCK]).then(|| Block(Arc::new(BlockBytes { bytes, hash: OnceLock::new() })))
    }

    fn hash(&self) -> u64 {
        *self.0.hash.get_or_init(|| FixedState::default().hash_one(self.0.bytes))
    }
}

/// The bytes of a block, `None` being zeros.
pub(super) fn block_bytes(block: &Option<Block>) -> &[u8; BLOCK] {
    static ZEROS: [u8; BLOCK] = [0; BLOCK];
    block.as_ref().map_or(&ZEROS, |block| &block.0.bytes)
}

/// Which sectors of two blocks differ, as a bit mask.
pub(super) fn differing_sectors(a: &Option<Block>, b: &Option<Block>) -> u8 {
    let (a, b) = (block_bytes(a), block_bytes(b));
    let differs = |s: &usize| a[s * SECTOR..(s + 1) * SECTOR] != b[s * SECTOR..(s + 1) * SECTOR];
    (0..SECTORS).filter(differs).fold(0, |mask, s| mask | 1 << s)
}

impl Content {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn block(&self, index: usize) -> &Option<Block> {
        self.groups.get(index / GROUP).map_or(&None, |group| &group.blocks[index % GROUP])
    }

    /// Replaces a block, extending the length to cover it.
    pub(super) fn set_block(&mut self, index: usize, block: Option<Block>) {
        self.len = self.len.max(((index + 1) * BLOCK) as u64);
        self.place(index, block);
    }

    /// Replaces the sectors of `mask` in a block by those of `from`.
    pub(super) fn set_sectors(&mut self, index: usize, from: &Option<Block>, mask: u8) {
        if mask == u8::MAX {
            return self.set_block(index, from.clone());
        }
        let mut bytes = *block_bytes(self.block(index));
        for s in (0..SECTORS).filter(|s| mask & 1 << s != 0) {
            bytes[s * SECTOR..(s + 1) * SECTOR].copy_from_slice(&block_bytes(from)[s * SECTOR..(s + 1) * SECTOR]);
        }
        self.set_block(index, Block::new(&bytes));
    }

    /// Cuts or extends with zeros.
    pub(super) fn set_len(&mut self, len: u64) {
        let (kept, tail) = ((len as usize) / BLOCK, (len as usize) % BLOCK);
        if len < self.len {
            let blocks = self.groups.len() * GROUP;
            (kept + usize::from(tail > 0)..blocks).for_each(|index| self.place(index, None));
            if tail > 0 {
                let mut bytes = *block_bytes(self.block(kept));
                bytes[tail..].fill(0);
                self.place(kept, Block::new(&bytes));
            }
        }
        self.len = len;
    }

    /// Reads what there is of `buf.len()` bytes at a block boundary.
    pub(super) fn read(&self, buf: &mut [u8], offset: u64) -> usize {
        let available = self.len.saturating_sub(offset).min(buf.len() as u64) as usize;
        for (i, out) in buf[..available].chunks_mut(BLOCK).enumerate() {
            out.copy_from_slice(&block_bytes(self.block(offset as usize / BLOCK + i))[..out.len()]);
        }
        available
    }

    pub(super) fn hash(&self) -> u64 {
        let mut hashes: Vec<u64> = self.groups.iter().map(|group| group.hash()).collect();
        while hashes.last() == Some(&0) {
            hashes.pop();
        }
        FixedState::default().hash_one((hashes, self.len))
    }

    fn place(&mut self, index: usize, block: Option<Block>) {
        if self.groups.len() <= index / GROUP {
            if block.is_none() {
                return;
            }
            let empty = || Arc::new(Group { blocks: [const { None }; GROUP], hash: OnceLock::new() });
            Arc::make_mut(&mut self.groups).resize_with(index / GROUP + 1, empty);
        }
        if block.is_none() && self.block(index).is_none() {
            return;
        }
        let group = Arc::make_mut(&mut Arc::make_mut(&mut self.groups)[index / GROUP]);
        group.blocks[index % GROUP] = block;
        group.hash = OnceLock::new();
    }
}

impl Group {
    /// Zero for a group of zeros, so that a file's hash does not depend on how it came to its length.
    fn hash(&self) -> u64 {
        *self.hash.get_or_init(|| match self.blocks.iter().any(Option::is_some) {
            true => FixedState::default().hash_one(self.blocks.each_ref().map(|b| b.as_ref().map(Block::hash))),
            false => 0,
        })
    }
}
