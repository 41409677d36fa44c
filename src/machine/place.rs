//! Where lease and supervisors meet.
//!
//! ```text
//! /tmp/workbench-machine/          anybody may enter and make files; nobody removes another's
//!   lease                          anybody may lock it; its text is the owner
//!   quiet                          locked by the lease's holder while nothing else may run
//!   giving-way/<pid>-<n>           its supervisor's, locked while what that has started may run
//! ```

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::libc;

/// The folder of the machine's lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(PathBuf);

/// Like `/tmp` itself: all users of the machine share it.
const FOLDER_MODE: u32 = 0o1777;
const LEASE_MODE: u32 = 0o666;

impl Place {
    /// In this folder; it need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The lease's file.
    pub fn lease(&self) -> PathBuf {
        self.0.join("lease")
    }

    pub(super) fn quiet(&self) -> PathBuf {
        self.0.join("quiet")
    }

    pub(super) fn giving_way(&self) -> PathBuf {
        self.0.join("giving-way")
    }

    /// Makes what is missing, for all users.
    pub(super) fn prepare(&self) -> io::Result<()> {
        for folder in [self.folder(), &self.giving_way()] {
            match fs::DirBuilder::new().mode(FOLDER_MODE).create(folder) {
                // Once more, since the process's mask has taken bits away.
                Ok(()) => fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Opens one of the files that all may lock, and makes it where it is missing.
    pub(super) fn open(&self, path: &Path) -> io::Result<File> {
        self.prepare()?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NOFOLLOW);
        // Without O_CREAT at first: in a folder that all may write to, the kernel refuses it for another user's file
        // (fs.protected_regular).
        match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        match options.clone().create_new(true).open(path) {
            Ok(file) => {
                file.set_permissions(Permissions::from_mode(LEASE_MODE))?;
                Ok(file)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path),
            failed => failed,
        }
    }

    /// Whether `file` is the lease's file still, and not one that somebody has removed.
    pub(super) fn is_current(&self, file: &File) -> bool {
        let same = |a: fs::Metadata, b: fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
        fs::symlink_metadata(self.lease()).and_then(|there| Ok(same(there, file.metadata()?))).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn everybody_may_lock_and_nobody_may_remove() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path().join("machine"));
        let file = place.open(&place.lease()).unwrap();
        assert_eq!((mode(place.folder()), mode(&place.giving_way()), mode(&place.lease())), (0o1777, 0o1777, 0o666));
        assert!(place.is_current(&file) && place.is_current(&place.open(&place.lease()).unwrap()));
        fs::remove_file(place.lease()).unwrap();
        assert!(!place.is_current(&file));
    }

    #[test]
    fn a_link_planted_there_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path());
        let precious = folder.path().join("precious");
        fs::write(&precious, "precious").unwrap();
        std::os::unix::fs::symlink(&precious, place.lease()).unwrap();
        assert!(place.open(&place.lease()).is_err());
        assert_eq!(fs::read_to_string(precious).unwrap(), "precious");
    }
}
