//! What a store occupies, in memory and on disk, at some moment.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use probe::driver::{Heap, heap, peak_memory_bytes, resident_memory_bytes};

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Footprint {
    /// The most memory that was resident so far, pool included.
    pub peak_bytes: Option<u64>,
    /// Memory resident now, pool included.
    pub resident_bytes: Option<u64>,
    /// The allocator's heap now: the pool, which is a mapping of its own, is not in it.
    pub heap: Option<Heap>,
    /// Bytes on disk by kind of file: a file's name up to its first `-` or `.`.
    pub disk_bytes: BTreeMap<String, u64>,
}

impl Footprint {
    /// Of this process, and of a store in `dir`.
    pub fn now(dir: Option<&Path>) -> Self {
        Footprint {
            peak_bytes: peak_memory_bytes(),
            resident_bytes: resident_memory_bytes(),
            heap: heap(),
            disk_bytes: dir.map(on_disk).unwrap_or_default(),
        }
    }

    /// Bytes on disk in all; nothing for a store that keeps nothing there.
    pub fn disk_bytes(&self) -> Option<u64> {
        (!self.disk_bytes.is_empty()).then(|| self.disk_bytes.values().sum())
    }
}

/// Blocks that files have been given, not their lengths: preallocated counts, sparse does not.
fn on_disk(dir: &Path) -> BTreeMap<String, u64> {
    const BLOCK_BYTES: u64 = 512;
    let mut kinds = BTreeMap::new();
    // A file that goes away meanwhile occupies nothing.
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let (name, Ok(metadata)) = (entry.file_name(), entry.metadata()) else { continue };
        let name = name.to_string_lossy();
        let kind = name.split(['-', '.']).next().unwrap_or_default();
        *kinds.entry(kind.to_owned()).or_default() += metadata.blocks() * BLOCK_BYTES;
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_by_kind_and_with_what_they_occupy() {
        let dir = tempfile::tempdir().unwrap();
        for (name, len) in [("data", 8192), ("wal-0000000001", 4096), ("wal-spare-2", 4096)] {
            std::fs::write(dir.path().join(name), vec![1; len]).unwrap();
        }
        std::fs::File::create(dir.path().join("doublewrite")).unwrap().set_len(1 << 30).unwrap();
        let footprint = Footprint::now(Some(dir.path()));
        let kinds: Vec<_> = footprint.disk_bytes.keys().map(String::as_str).collect();
        assert_eq!(kinds, ["data", "doublewrite", "wal"]);
        assert_eq!(footprint.disk_bytes(), Some(footprint.disk_bytes["data"] + footprint.disk_bytes["wal"]));
        assert!(footprint.disk_bytes["wal"] >= 8192);
        assert_eq!(Footprint::now(None).disk_bytes(), None);
    }
}
