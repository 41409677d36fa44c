//! Page 0 of the data file: what kind of file this is, and where recovery begins.
//!
//! ```text
//!  page 0 = two slots of 4096 bytes, written in turn; the intact one with the higher sequence number counts
//!  0        8         12          16         24             32        40        48           88       4092
//!  ┌────────┬─────────┬───────────┬──────────┬──────────────┬─────────┬─────────┬────────────┬── 0 ───┬───────┐
//!  │ magic  │ format  │ page size │ sequence │ checkpoint   │ next    │ next    │ spare      │        │ CRC32C│
//!  │        │ u32     │ u32       │ u64      │ LSN u64      │ txn u64 │ ts u64  │ 5 × u64    │        │       │
//!  └────────┴─────────┴───────────┴──────────┴──────────────┴─────────┴─────────┴────────────┴────────┴───────┘
//! ```
//!
//! Order of a checkpoint: pages written and synced → [`Superblock::write`] (one slot, then fdatasync) → log recycled. A crash
//! that tears the slot leaves the other one, which names an older checkpoint whose log is still there.
//!
//! A new database is made under another name and renamed when it is whole and synced, so a data file is never half made.

use crate::buffer::page::PAGE_SIZE;
use crate::io::{AlignedBuf, BLOCK, File, IoError, Lsn, Vfs};
use crate::sync::{Arc, Mutex};

/// Name of the data file.
pub const DATA_FILE: &str = "data";

/// Version of everything on disk; raised by every incompatible change.
pub const FORMAT_VERSION: u32 = 3;

/// Name of a data file in the making.
pub const NEW_DATA_FILE: &str = "data.new";

const MAGIC: [u8; 8] = *b"ENGINEdb";
const CHECKSUM: usize = BLOCK - 4;
const SPARE: usize = 5;

/// What the superblock remembers for the layers above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// Where redo begins.
    pub checkpoint: Lsn,
    /// No transaction has had this id or a higher one.
    pub next_txn: u64,
    /// No commit has had this timestamp or a higher one.
    pub next_ts: u64,
    /// For whoever needs it.
    pub spare: [u64; SPARE],
}

/// The superblock of an open database.
#[derive(Debug)]
pub struct Superblock {
    file: Arc<dyn File>,
    sequence: Mutex<u64>,
}

/// Why a directory's data file cannot be opened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SuperblockError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] IoError),

    /// The file is something else.
    #[error("file `{file}` is not a database of this engine: it begins with {found:02x?}; give another directory")]
    NotADatabase {
        /// The file.
        file: String,
        /// Its first bytes.
        found: [u8; 8],
    },

    /// Another version of the engine wrote it.
    #[error(
        "file `{file}` has format version {found}, this engine reads {FORMAT_VERSION}; open it with the engine that wrote it"
    )]
    Format {
        /// The file.
        file: String,
        /// Its version.
        found: u32,
    },

    /// It was written with another page size.
    #[error("file `{file}` has pages of {found} bytes, this engine is built for {PAGE_SIZE}")]
    PageSize {
        /// The file.
        file: String,
        /// Its page size.
        found: u32,
    },

    /// Neither slot is intact.
    #[error(
        "file `{file}`: both copies of the superblock (bytes 0 and {BLOCK}) are damaged; restore the database from a backup"
    )]
    Damaged {
        /// The file.
        file: String,
    },
}

impl Superblock {
    /// Makes a new data file with nothing but a superblock.
    pub fn create(vfs: &dyn Vfs, control: &Control) -> Result<Self, SuperblockError> {
        if vfs.list()?.iter().any(|name| name == NEW_DATA_FILE) {
            vfs.remove(NEW_DATA_FILE)?;
        }
        let file = vfs.create(NEW_DATA_FILE)?;
        for sequence in [1, 2] {
            file.write_at(&encode(control, sequence), slot_of(sequence))?;
        }
        file.sync_data()?;
        vfs.rename(NEW_DATA_FILE, DATA_FILE)?;
        vfs.sync_dir()?;
        Ok(Self { file: vfs.open(DATA_FILE)?, sequence: Mutex::new(2) })
    }

    /// Opens the data file, or says that there is none.
    pub fn open(vfs: &dyn Vfs) -> Result<Option<(Self, Control)>, SuperblockError> {
        if !vfs.list()?.iter().any(|name| name == DATA_FILE) {
            return Ok(None);
        }
        let file = vfs.open(DATA_FILE)?;
        let mut block = AlignedBuf::zeroed(2 * BLOCK);
        let read = file.read_at(&mut block, 0)?;
        let slots = block[..read - read % BLOCK].chunks_exact(BLOCK);
        let newest = slots.filter(|slot| is_intact(slot)).max_by_key(|slot| u64_at(slot, 16));
        let Some(slot) = newest else { return Err(diagnose(&block, file.name())) };
        check_compatible(slot, file.name())?;
        let control = Control {
            checkpoint: Lsn(u64_at(slot, 24)),
            next_txn: u64_at(slot, 32),
            next_ts: u64_at(slot, 40),
            spare: std::array::from_fn(|at| u64_at(slot, 48 + 8 * at)),
        };
        let sequence = Mutex::new(u64_at(slot, 16));
        Ok(Some((Self { file, sequence }, control)))
    }

    /// The data file, for the buffer pool.
    pub fn data_file(&self) -> Arc<dyn File> {
        Arc::clone(&self.file)
    }

    /// Replaces the older slot and makes it durable.
    pub fn write(&self, control: &Control) -> Result<(), IoError> {
        let mut sequence = self.sequence.lock();
        let next = *sequence + 1;
        self.file.write_at(&encode(control, next), slot_of(next))?;
        self.file.sync_data()?;
        *sequence = next;
        Ok(())
    }
}

fn slot_of(sequence: u64) -> u64 {
    sequence % 2 * BLOCK as u64
}

fn encode(control: &Control, sequence: u64) -> AlignedBuf {
    let mut slot = AlignedBuf::zeroed(BLOCK);
    slot[..8].copy_from_slice(&MAGIC);
    slot[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    slot[12..16].copy_from_slice(&(PAGE_SIZE as u32).to_le_bytes());
    let words = [sequence, control.checkpoint.0, control.next_txn, control.next_ts];
    for (at, word) in words.iter().chain(&control.spare).enumerate() {
        slot[16 + 8 * at..24 + 8 * at].copy_from_slice(&word.to_le_bytes());
    }
    let checksum = crc32c::crc32c(&slot[..CHECKSUM]);
    slot[CHECKSUM..].copy_from_slice(&checksum.to_le_bytes());
    slot
}

fn is_intact(slot: &[u8]) -> bool {
    slot[..8] == MAGIC && crc32c::crc32c(&slot[..CHECKSUM]) == u32_at(slot, CHECKSUM)
}

fn check_compatible(slot: &[u8], file: &str) -> Result<(), SuperblockError> {
    let file = file.to_owned();
    match (u32_at(slot, 8), u32_at(slot, 12)) {
        (FORMAT_VERSION, page_size) if page_size as usize == PAGE_SIZE => Ok(()),
        (FORMAT_VERSION, found) => Err(SuperblockError::PageSize { file, found }),
        (found, _) => Err(SuperblockError::Format { file, found }),
    }
}

/// With no intact slot: is this ours at all?
fn diagnose(block: &[u8], file: &str) -> SuperblockError {
    let slots = [&block[..BLOCK], &block[BLOCK..]];
    let Some(ours) = slots.into_iter().find(|slot| slot[..8] == MAGIC) else {
        let mut found = [0; 8];
        found.copy_from_slice(&block[..8]);
        return SuperblockError::NotADatabase { file: file.to_owned(), found };
    };
    // Another version may place its checksum elsewhere; magic and version stay where they are for ever.
    check_compatible(ours, file).err().unwrap_or(SuperblockError::Damaged { file: file.to_owned() })
}

fn u32_at(slot: &[u8], at: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&slot[at..at + 4]);
    u32::from_le_bytes(bytes)
}

fn u64_at(slot: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&slot[at..at + 8]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::SimFs;

    fn control(checkpoint: u64) -> Control {
        Control { checkpoint: Lsn(checkpoint), next_txn: 5, next_ts: 6, spare: [1, 2, 3, 4, 5] }
    }

    fn reopen(fs: &SimFs) -> Result<Control, SuperblockError> {
        Ok(Superblock::open(fs)?.expect("there is a data file").1)
    }

    #[test]
    fn a_crash_leaves_the_old_or_the_new_superblock() {
        let fs = SimFs::new();
        assert!(Superblock::open(&fs).unwrap().is_none());
        let superblock = Superblock::create(&fs, &control(1)).unwrap();
        for checkpoint in 2..6 {
            let run = fs.image().restart(crate::io::Survival::Everything);
            superblock.write(&control(checkpoint)).unwrap();
            assert_eq!(reopen(&fs).unwrap(), control(checkpoint));
            let again = Superblock::open(&run).unwrap().unwrap().0;
            run.power_off_at(run.op_count() + 1);
            assert!(again.write(&control(checkpoint)).is_err());
            for survival in run.image().survivals(64, checkpoint) {
                let found = reopen(&run.image().restart(survival)).unwrap().checkpoint.0;
                assert!(found == checkpoint || found == checkpoint - 1, "{found}");
            }
        }
    }

    #[test]
    fn a_crash_while_creating_leaves_nothing_or_everything() {
        for stop_after in 0..6 {
            let fs = SimFs::new();
            fs.power_off_at(stop_after);
            let _ = Superblock::create(&fs, &control(1));
            for survival in fs.image().survivals(64, stop_after) {
                let after = fs.image().restart(survival);
                match Superblock::open(&after).unwrap() {
                    None => drop(Superblock::create(&after, &control(1)).unwrap()),
                    Some((_, found)) => assert_eq!(found, control(1)),
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        let with = |change: &dyn Fn(&mut [u8])| {
            let fs = SimFs::new();
            let file = fs.create(DATA_FILE).unwrap();
            for sequence in [1, 2] {
                let mut slot = encode(&control(1), sequence);
                change(&mut slot);
                let checksum = crc32c::crc32c(&slot[..CHECKSUM]);
                slot[CHECKSUM..].copy_from_slice(&checksum.to_le_bytes());
                file.write_at(&slot, slot_of(sequence)).unwrap();
            }
            fs
        };
        let message = |fs: &SimFs| reopen(fs).unwrap_err().to_string();
        assert!(message(&with(&|slot| slot[0] = b'X')).contains("not a database"));
        assert!(message(&with(&|slot| slot[8] = 9)).contains("format version 9"));
        assert!(message(&with(&|slot| slot[13] = 0x10)).contains("pages of 4096 bytes"));
        let damaged = with(&|_| {});
        damaged.corrupt(DATA_FILE, 100, 1);
        assert_eq!(reopen(&damaged).unwrap(), control(1), "one slot is enough");
        damaged.corrupt(DATA_FILE, BLOCK as u64 + 100, 1);
        assert!(message(&damaged).contains("both copies of the superblock"));
        let empty = SimFs::new();
        empty.create(DATA_FILE).unwrap();
        assert!(message(&empty).contains("not a database"));
    }
}
