//! A directory of the operating system, opened for direct I/O and held by an exclusive lock.

use super::vfs::assert_aligned;
use super::{File, IoAction, IoError, Vfs};
use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, IoSlice};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// A real directory.
///
/// Files are opened with O_DIRECT. A file system without it (some FUSE and network ones) is used through the
/// page cache instead, and [`caveat`](Vfs::caveat) says so: it is as durable, but figures measured on it
/// include the kernel's cache.
#[derive(Debug)]
pub struct RealVfs {
    path: PathBuf,
    /// Open for `fsync`, and carrying the lock, which the kernel drops with the process.
    dir: fs::File,
    direct: AtomicBool,
}

#[derive(Debug)]
struct RealFile {
    name: String,
    file: fs::File,
}

impl RealVfs {
    /// Opens the directory at `path`, making it if it does not exist, and locks it.
    ///
    /// # Errors
    /// `WouldBlock` if another process or another `RealVfs` of this one has it open.
    pub fn open(path: impl AsRef<Path>) -> Result<RealVfs, IoError> {
        let path = path.as_ref();
        let shown = path.display().to_string();
        if !path.exists() {
            fs::create_dir_all(path).map_err(|e| IoError::new(IoAction::Create, &shown, e))?;
            sync_parent(path).map_err(|e| IoError::new(IoAction::SyncDir, &shown, e))?;
        }
        let dir = fs::File::open(path).map_err(|e| IoError::new(IoAction::Open, &shown, e))?;
        dir.try_lock().map_err(|e| match e {
            TryLockError::WouldBlock => {
                let why = "another database handle has this directory open; close that one or use another directory";
                IoError::other(IoAction::Lock, &shown, ErrorKind::WouldBlock, why)
            }
            TryLockError::Error(e) => IoError::new(IoAction::Lock, &shown, e),
        })?;
        Ok(RealVfs { path: path.to_owned(), dir, direct: AtomicBool::new(true) })
    }

    /// The directory's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn open_file(&self, name: &str, action: IoAction) -> Result<Arc<dyn File>, IoError> {
        assert!(!name.is_empty() && !name.contains('/'), "`{name}` is not a file name");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(action == IoAction::Create);
        let path = self.path.join(name);
        let opened = if self.direct.load(Relaxed) { open_direct(&options, &path) } else { options.open(&path) };
        let opened = match opened {
            Err(e) if e.kind() == ErrorKind::InvalidInput && self.direct.load(Relaxed) => {
                self.direct.store(false, Relaxed);
                // A refused O_DIRECT may have made the file before it was refused.
                options.create_new(false).create(action == IoAction::Create).open(&path)
            }
            other => other,
        };
        let file = opened.map_err(|e| IoError::new(action, name, e))?;
        Ok(Arc::new(RealFile { name: name.to_owned(), file }))
    }
}

impl Vfs for RealVfs {
    fn open(&self, name: &str) -> Result<Arc<dyn File>, IoError> {
        self.open_file(name, IoAction::Open)
    }

    fn create(&self, name: &str) -> Result<Arc<dyn File>, IoError> {
        self.open_file(name, IoAction::Create)
    }

    fn list(&self) -> Result<Vec<String>, IoError> {
        let failed = |e| IoError::new(IoAction::List, &self.path.display().to_string(), e);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_type().map_err(failed)?.is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), IoError> {
        fs::rename(self.path.join(from), self.path.join(to)).map_err(|e| IoError::new(IoAction::Rename, from, e))
    }

    fn remove(&self, name: &str) -> Result<(), IoError> {
        fs::remove_file(self.path.join(name)).map_err(|e| IoError::new(IoAction::Remove, name, e))
    }

    fn sync_dir(&self) -> Result<(), IoError> {
        let shown = || self.path.display().to_string();
        self.dir.sync_all().map_err(|e| IoError::new(IoAction::SyncDir, &shown(), e))
    }

    fn caveat(&self) -> Option<String> {
        let path = self.path.display();
        let cached = !self.direct.load(Relaxed);
        cached.then(|| format!("`{path}` does not support direct I/O: reads may come from the kernel's cache"))
    }
}

impl File for RealFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize, IoError> {
        assert_aligned(buf, offset);
        retry(|| self.file.read_at(buf, offset)).map_err(|e| IoError::new(IoAction::Read, &self.name, e))
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> Result<(), IoError> {
        assert_aligned(buf, offset);
        self.file.write_all_at(buf, offset).map_err(|e| IoError::new(IoAction::Write, &self.name, e))
    }

    fn write_vectored_at(&self, bufs: &[IoSlice<'_>], offset: u64) -> Result<(), IoError> {
        bufs.iter().for_each(|buf| assert_aligned(buf, offset));
        let len: usize = bufs.iter().map(|buf| buf.len()).sum();
        let written = retry(|| Ok(rustix::io::pwritev(&self.file, bufs, offset)?));
        let mut done = written.map_err(|e| IoError::new(IoAction::Write, &self.name, e))?;
        if done == len {
            return Ok(());
        }
        // The kernel took only a part, which is rare (more buffers than it accepts at once): go on one by one.
        let mut at = offset;
        for buf in bufs {
            let skip = done.min(buf.len());
            self.file
                .write_all_at(&buf[skip..], at + skip as u64)
                .map_err(|e| IoError::new(IoAction::Write, &self.name, e))?;
            done -= skip;
            at += buf.len() as u64;
        }
        Ok(())
    }

    fn sync_data(&self) -> Result<(), IoError> {
        self.file.sync_data().map_err(|e| IoError::new(IoAction::Sync, &self.name, e))
    }

    fn len(&self) -> Result<u64, IoError> {
        Ok(self.file.metadata().map_err(|e| IoError::new(IoAction::Len, &self.name, e))?.len())
    }

    fn set_len(&self, len: u64) -> Result<(), IoError> {
        self.file.set_len(len).map_err(|e| IoError::new(IoAction::SetLen, &self.name, e))
    }

    fn name(&self) -> &str {
        &self.name
    }
}

fn open_direct(options: &OpenOptions, path: &Path) -> io::Result<fs::File> {
    options.clone().custom_flags(rustix::fs::OFlags::DIRECT.bits() as i32).open(path)
}

fn retry<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// A new directory is durable once the one that holds it is synced.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => fs::File::open(parent)?.sync_all(),
        Some(_) | None => fs::File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AlignedBuf, BLOCK};

    #[test]
    fn bytes_come_back_and_names_change() {
        let dir = tempfile::tempdir().unwrap();
        let vfs = RealVfs::open(dir.path().join("db")).unwrap();
        let file = vfs.create("a").unwrap();
        let mut one = AlignedBuf::zeroed(BLOCK);
        one.fill(1);
        let mut two = AlignedBuf::zeroed(2 * BLOCK);
        two.fill(2);
        file.write_vectored_at(&[IoSlice::new(&one), IoSlice::new(&two)], BLOCK as u64).unwrap();
        file.sync_data().unwrap();
        vfs.rename("a", "b").unwrap();
        vfs.sync_dir().unwrap();
        assert_eq!(vfs.list().unwrap(), ["b"]);
        let mut all = AlignedBuf::zeroed(4 * BLOCK);
        vfs.open("b").unwrap().read_exact_at(&mut all, 0).unwrap();
        assert!(all[..BLOCK].iter().all(|&b| b == 0));
        assert!(all[BLOCK..2 * BLOCK].iter().all(|&b| b == 1));
        assert!(all[2 * BLOCK..].iter().all(|&b| b == 2));
        let short = file.read_exact_at(&mut all, BLOCK as u64).unwrap_err();
        assert_eq!(short.kind(), ErrorKind::UnexpectedEof);
        vfs.remove("b").unwrap();
        assert_eq!(vfs.open("b").unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_second_opener_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = RealVfs::open(dir.path()).unwrap();
        let refused = RealVfs::open(dir.path()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::WouldBlock);
        assert!(refused.to_string().contains("another database handle"), "{refused}");
        drop(first);
        RealVfs::open(dir.path()).unwrap();
    }
}
