//! What a power cut leaves: durable state, plus everything whose survival is a matter of luck.

use super::SimFs;
use super::content::{Block, Content, SECTORS, differing_sectors};
use crate::BLOCK;
use foldhash::fast::FixedState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::sync::Arc;

/// The disk at one moment, before it is decided which unsynced changes survive.
#[derive(Clone, Debug, Default)]
pub struct DiskImage {
    pub(super) inodes: BTreeMap<InodeId, Inode>,
    pub(super) names: BTreeMap<Arc<str>, InodeId>,
    pub(super) durable_names: BTreeMap<Arc<str>, InodeId>,
    pub(super) pending_names: Vec<NameChange>,
    /// Limit of the summed file lengths.
    pub(super) capacity: Option<u64>,
}

/// Which of the unsynced changes survive the power cut. Changes are numbered in the order they were made,
/// file by file, then the directory's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// None: the strictest reading of "unsynced".
    Nothing,
    /// All: as if the process alone had been killed.
    Everything,
    /// Those whose bit is set; at most 64 changes.
    Bits(u64),
    /// The first so many.
    First(usize),
    /// This one alone.
    Only(usize),
    /// All but this one.
    AllBut(usize),
    /// A pseudo-random subset; the seed also chooses how dense it is.
    Random(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct InodeId(pub(super) u64);

/// A file's content, apart from its name.
#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    pub(super) current: Content,
    durable: Content,
    pending: Arc<Vec<Pending>>,
}

#[derive(Clone, Debug)]
struct Pending {
    change: Change,
    /// Its sync failed: no later sync makes it durable.
    doomed: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Write { index: usize, block: Option<Block> },
    SetLen(u64),
}

#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Create { name: Arc<str>, inode: InodeId },
    Rename { from: Arc<str>, to: Arc<str>, inode: InodeId },
    Remove { name: Arc<str>, inode: InodeId },
}

impl DiskImage {
    /// Number of changes whose survival is open.
    pub fn unsettled(&self) -> usize {
        let mut count = 0;
        self.settle(&mut |_| {
            count += 1;
            true
        });
        count
    }

    /// A machine that was switched on again after the cut.
    pub fn restart(&self, survival: Survival) -> SimFs {
        SimFs::from_image(self.settle(&mut |unit| survival.keeps(unit)))
    }

    /// Up to `limit` survivals worth trying: all subsets if they are that few, else the extremes, each change
    /// alone missing or alone kept, prefixes, and pseudo-random subsets from `seed`.
    pub fn survivals(&self, limit: usize, seed: u64) -> Vec<Survival> {
        let units = self.unsettled();
        if units < 64 && 1_u64 << units <= limit as u64 {
            return (0..1 << units).map(Survival::Bits).collect();
        }
        let mut chosen = vec![Survival::Nothing, Survival::Everything];
        let shapes: [fn(usize) -> Survival; 3] = [Survival::AllBut, Survival::Only, Survival::First];
        let share = limit.saturating_sub(2) / 4;
        for shape in shapes {
            let step = units.div_ceil(share.max(1)).max(1);
            let start = (mix(seed) as usize) % step;
            chosen.extend((start..units).step_by(step).map(shape));
        }
        let random = limit.saturating_sub(chosen.len()) as u64;
        chosen.extend((0..random).map(|i| Survival::Random(mix(seed).wrapping_add(i))));
        chosen.truncate(limit);
        chosen
    }

    /// Hash of names and contents as a reader sees them now.
    pub(super) fn state_hash(&self) -> u64 {
        let files: Vec<(&Arc<str>, u64)> =
            self.names.iter().map(|(name, id)| (name, self.inodes[id].current.hash())).collect();
        FixedState::default().hash_one(files)
    }

    /// The image after the cut. `keeps` is asked once per unsettled change, in order.
    fn settle(&self, keeps: &mut dyn FnMut(usize) -> bool) -> DiskImage {
        let mut unit = 0;
        let mut next = || {
            unit += 1;
            keeps(unit - 1)
        };
        let reachable: BTreeSet<InodeId> =
            self.durable_names.values().copied().chain(self.pending_names.iter().map(NameChange::inode)).collect();
        let mut inodes: BTreeMap<InodeId, Inode> = BTreeMap::new();
        for id in reachable {
            inodes.insert(id, Inode::settled(self.inodes[&id].survivor(&mut next)));
        }
        let mut names = self.durable_names.clone();
        for change in self.pending_names.iter().filter(|_| next()) {
            change.apply(&mut names);
        }
        inodes.retain(|id, _| names.values().any(|named| named == id));
        DiskImage { inodes, durable_names: names.clone(), names, pending_names: Vec::new(), capacity: self.capacity }
    }
}

impl Survival {
    fn keeps(self, unit: usize) -> bool {
        match self {
            Survival::Nothing => false,
            Survival::Everything => true,
            Survival::Bits(bits) => bits >> unit & 1 == 1,
            Survival::First(count) => unit < count,
            Survival::Only(one) => unit == one,
            Survival::AllBut(one) => unit != one,
            Survival::Random(seed) => {
                let threshold = [32, 128, 224][(mix(seed) % 3) as usize];
                mix(seed ^ mix(unit as u64 + 1)) % 256 < threshold
            }
        }
    }
}

impl Inode {
    fn settled(content: Content) -> Inode {
        Inode { current: content.clone(), durable: content, pending: Arc::default() }
    }

    pub(super) fn write(&mut self, offset: u64, buf: &[u8]) {
        for (i, bytes) in buf.chunks_exact(BLOCK).enumerate() {
            let (index, block) = (offset as usize / BLOCK + i, Block::new(bytes));
            self.current.set_block(index, block.clone());
            self.push(Change::Write { index, block }, false);
        }
    }

    /// A write that reported an error: a reader does not see it, yet some of it may be on the disk.
    pub(super) fn write_failed(&mut self, offset: u64, buf: &[u8]) {
        for (i, bytes) in buf.chunks_exact(BLOCK).enumerate() {
            self.push(Change::Write { index: offset as usize / BLOCK + i, block: Block::new(bytes) }, true);
        }
    }

    pub(super) fn set_len(&mut self, len: u64) {
        self.current.set_len(len);
        self.push(Change::SetLen(len), false);
    }

    pub(super) fn sync(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let mut doomed = Vec::new();
        for Pending { change, doomed: is_doomed } in pending.iter() {
            if *is_doomed {
                doomed.push(Pending { change: change.clone(), doomed: true });
                continue;
            }
            if let Change::Write { index: newer, .. } = change {
                doomed.retain(|old| !matches!(old.change, Change::Write { index, .. } if index == *newer));
            }
            change.apply(&mut self.durable, u8::MAX);
        }
        self.pending = Arc::new(doomed);
    }

    pub(super) fn sync_failed(&mut self) {
        Arc::make_mut(&mut self.pending).iter_mut().for_each(|pending| pending.doomed = true);
    }

    /// Damages a byte on the disk itself.
    pub(super) fn corrupt(&mut self, offset: u64, xor: u8) {
        let index = offset as usize / BLOCK;
        for content in [&mut self.current, &mut self.durable] {
            let mut bytes = *super::content::block_bytes(content.block(index));
            bytes[offset as usize % BLOCK] ^= xor;
            content.set_block(index, Block::new(&bytes));
        }
    }

    fn push(&mut self, change: Change, doomed: bool) {
        Arc::make_mut(&mut self.pending).push(Pending { change, doomed });
    }

    /// The content after a cut; asks `next` about every change that matters, in order.
    fn survivor(&self, next: &mut dyn FnMut() -> bool) -> Content {
        let mut survivor = self.durable.clone();
        // Only sectors that a write changed are a matter of luck: so rewriting a tail block again and again stays
        // enumerable.
        let mut latest = self.durable.clone();
        for Pending { change, .. } in self.pending.iter() {
            match change {
                Change::Write { index, block } => {
                    let differing = differing_sectors(latest.block(*index), block);
                    let extends = latest.len() < ((index + 1) * BLOCK) as u64;
                    let kept = (0..SECTORS).filter(|s| differing & 1 << s != 0 && next()).fold(0, |m, s| m | 1 << s);
                    // Asked even where the answer is implied, so that a change's number never depends on the
                    // fate of another.
                    let extended = extends && next();
                    if kept != 0 || extended {
                        survivor.set_sectors(*index, block, kept);
                    }
                    latest.set_block(*index, block.clone());
                }
                Change::SetLen(len) => {
                    if *len != latest.len() && next() {
                        survivor.set_len(*len);
                    }
                    latest.set_len(*len);
                }
            }
        }
        survivor
    }
}

impl Change {
    fn apply(&self, content: &mut Content, mask: u8) {
        match self {
            Change::Write { index, block } => content.set_sectors(*index, block, mask),
            Change::SetLen(len) => content.set_len(*len),
        }
    }
}

impl NameChange {
    pub(super) fn inode(&self) -> InodeId {
        match self {
            NameChange::Create { inode, .. } | NameChange::Rename { inode, .. } | NameChange::Remove { inode, .. } => {
                *inode
            }
        }
    }

    /// Changes the names as a journal would replay it, whether or not earlier changes survived.
    pub(super) fn apply(&self, names: &mut BTreeMap<Arc<str>, InodeId>) {
        match self {
            NameChange::Create { name, inode } => {
                names.insert(name.clone(), *inode);
            }
            NameChange::Rename { from, to, inode } => {
                if names.get(from) == Some(inode) {
                    names.remove(from);
                }
                names.insert(to.clone(), *inode);
            }
            NameChange::Remove { name, inode } => {
                if names.get(name) == Some(inode) {
                    names.remove(name);
                }
            }
        }
    }
}

/// The finaliser of SplitMix64: every input bit reaches every output bit.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
