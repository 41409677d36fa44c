//! What an assignment's folder takes on the disk: its worktree, what is built in it, its briefs and outputs.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Looking takes no more than one part in so many of the time: a target directory may hold a hundred thousand files.
const SHARE: u32 = 20;

/// A folder that is looked through now and then, beside everything else.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    next: Instant,
    walk: Option<(Instant, JoinHandle<u64>)>,
}

impl Disk {
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), next: Instant::now() + EVERY, walk: None }
    }

    /// The bytes that the folder takes, once they are known anew. Waits for nothing.
    pub(super) async fn look(&mut self) -> Option<u64> {
        if let Some((began, walk)) = self.walk.take_if(|(_, walk)| walk.is_finished()) {
            self.next = Instant::now() + EVERY.max(began.elapsed() * SHARE);
            return walk.await.ok();
        }
        if self.walk.is_none() && Instant::now() >= self.next {
            let folder = self.folder.clone();
            self.walk = Some((Instant::now(), tokio::task::spawn_blocking(move || taken_bytes(&folder))));
        }
        None
    }
}

/// What is allocated, so that a sparse file counts as what it takes; a file with several names counts once. What cannot be read, or
/// goes while we look, counts nothing.
fn taken_bytes(folder: &Path) -> u64 {
    let (mut total, mut named, mut folders) = (0, BTreeSet::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            // Of the entry itself: links are not followed.
            let Ok(found) = entry.metadata() else { continue };
            if found.is_dir() {
                folders.push(entry.path());
            }
            if found.nlink() == 1 || found.is_dir() || named.insert((found.dev(), found.ino())) {
                total += found.blocks() * 512;
            }
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_counts_once_and_as_what_it_takes() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("deep")).unwrap();
        let empty = taken_bytes(folder.path());
        fs::write(path("deep/file"), vec![1; 1 << 20]).unwrap();
        let one = taken_bytes(folder.path()) - empty;
        assert!((1 << 20..2 << 20).contains(&one), "{one}");
        fs::hard_link(path("deep/file"), path("again")).unwrap();
        std::os::unix::fs::symlink("/usr", path("elsewhere")).unwrap();
        fs::File::create(path("sparse")).unwrap().set_len(1 << 30).unwrap();
        assert!(taken_bytes(folder.path()) - empty < one + (1 << 16));
    }
}
