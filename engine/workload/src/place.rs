//! Where the data goes: a directory on a real disk, removed afterwards if nobody named it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use probe::protocol::Failure;
use rustix::fs::{FsWord, statfs};

/// A data directory.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    temporary: bool,
}

/// Temporary directories are `<PREFIX><process id>-<number>`, so that what a killed run left can be told and removed.
const PREFIX: &str = "engine-workload-";

/// File systems in memory: syncing costs nothing there, so a durable figure would be a lie.
const TMPFS_MAGIC: FsWord = 0x0102_1994;
const RAMFS_MAGIC: FsWord = 0x8584_58f6;

impl DataDir {
    /// The directory somebody named. It may not hold anything yet: a load is not an append.
    pub fn named(path: &Path, durable: bool) -> Result<Self, Failure> {
        let shown = path.display();
        let unusable =
            |error: io::Error| Failure::new(format!("{shown} cannot be used: {error}"), "name another --dir");
        std::fs::create_dir_all(path).map_err(unusable)?;
        if std::fs::read_dir(path).map_err(unusable)?.next().is_some() {
            return Err(Failure::new(format!("{shown} is not empty"), "name a new directory, or empty this one"));
        }
        if durable && in_memory(path) {
            return Err(Failure::new(
                format!(
                    "{shown} is on a file system in memory, where fdatasync is free: a durable figure would mean nothing"
                ),
                "name a directory on a disk, or use durability=off",
            ));
        }
        Ok(DataDir { path: path.to_owned(), temporary: false })
    }

    /// A directory of our own, on a disk if `durable`: in the system's place for temporary files, or else in
    /// `/var/tmp` or beside the program. Sweeps away what killed runs have left there.
    pub fn temporary(durable: bool) -> Result<Self, Failure> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
        let roots = [Some(std::env::temp_dir()), Some(PathBuf::from("/var/tmp")), beside];
        for root in roots.into_iter().flatten().filter(|root| !(durable && in_memory(root))) {
            sweep(&root);
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = root.join(format!("{PREFIX}{}-{number}", std::process::id()));
            if std::fs::create_dir(&path).is_ok() {
                return Ok(DataDir { path, temporary: true });
            }
        }
        Err(Failure::new("no place for temporary files is on a writable disk", "name a directory with --dir"))
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is removed in the end.
    pub fn is_temporary(&self) -> bool {
        self.temporary
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if self.temporary {
            // Nothing to be done about a failure; the next run's sweep tries again.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn in_memory(path: &Path) -> bool {
    statfs(path).is_ok_and(|stat| matches!(stat.f_type, TMPFS_MAGIC | RAMFS_MAGIC))
}

/// Removes temporary directories whose process is gone. Best effort: another sweep may be at it.
fn sweep(root: &Path) {
    if !Path::new("/proc/self").exists() {
        return;
    }
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if process.is_some_and(|id| !Path::new(&format!("/proc/{id}")).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_directory_goes_and_a_named_one_stays() {
        let temporary = DataDir::temporary(true).unwrap();
        let path = temporary.path().to_owned();
        std::fs::write(path.join("data"), "x").unwrap();
        drop(temporary);
        assert!(!path.exists());

        let root = tempfile::tempdir().unwrap();
        let named = root.path().join("new");
        drop(DataDir::named(&named, false).unwrap());
        assert!(named.exists());
        std::fs::write(named.join("data"), "x").unwrap();
        let error = DataDir::named(&named, false).unwrap_err();
        assert!(error.message.ends_with("is not empty"), "{error}");
    }

    #[test]
    fn what_a_killed_run_left_is_swept() {
        let root = tempfile::tempdir().unwrap();
        let [dead, alive, other] =
            [format!("{PREFIX}4294967294-0"), format!("{PREFIX}{}-9", std::process::id()), "other".to_owned()]
                .map(|name| root.path().join(name));
        for path in [&dead, &alive, &other] {
            std::fs::create_dir(path).unwrap();
        }
        sweep(root.path());
        assert_eq!([dead.exists(), alive.exists(), other.exists()], [false, true, true]);
    }

    #[test]
    fn a_file_system_in_memory_is_refused_for_durable_runs() {
        let shm = Path::new("/dev/shm");
        if !in_memory(shm) {
            return; // no such file system here
        }
        let path = shm.join(format!("{PREFIX}{}-test", std::process::id()));
        let error = DataDir::named(&path, true).unwrap_err();
        assert!(error.message.contains("fdatasync is free"), "{error}");
        assert!(DataDir::named(&path, false).is_ok());
        std::fs::remove_dir(&path).unwrap();
    }
}
