//! A lock on a whole file, which belongs to the open file and so ends with it, however its process ends.
//!
//! Open-file-description locks (fcntl(2)): who asks whether one is held takes nothing, so that looking on never turns away
//! somebody who asks for the lock at that moment. With flock(2) one has to try.

use std::fs::File;
use std::io;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// The file is ours until this is dropped.
#[derive(Debug)]
pub struct FileLock {
    file: File,
}

impl FileLock {
    /// Locks a file that is open for writing; gives it back when somebody else has it.
    pub fn ask(file: File) -> io::Result<Result<Self, File>> {
        match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole(libc::F_WRLCK))) {
            Ok(_) => Ok(Ok(Self { file })),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(Err(file)),
            Err(error) => Err(error.into()),
        }
    }

    /// The file.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives the lock back and keeps the file.
    pub fn release(self) -> File {
        // Explicitly: a child between its fork and its exec has this open file too.
        let _ = fcntl(&self.file, FcntlArg::F_OFD_SETLK(&whole(libc::F_UNLCK)));
        self.file
    }
}

/// Whether somebody has the lock. Takes nothing; the file may be open for reading only.
pub fn is_held(file: &File) -> io::Result<bool> {
    let mut found = whole(libc::F_WRLCK);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut found))?;
    Ok(libc::c_int::from(found.l_type) != libc::F_UNLCK)
}

/// All bytes of a file, also those to come.
fn whole(kind: libc::c_int) -> libc::flock {
    // l_pid must be zero for locks of open files; a length of zero reaches to the end.
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;

    #[test]
    fn one_at_a_time_and_looking_on_takes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let open = || OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).unwrap();
        let looking = open();
        assert!(!is_held(&looking).unwrap());
        let lock = FileLock::ask(open()).unwrap().unwrap();
        assert!(is_held(&File::open(&path).unwrap()).unwrap());
        assert!(FileLock::ask(open()).unwrap().is_err());
        let file = lock.release();
        assert!(!is_held(&looking).unwrap());
        drop(FileLock::ask(file).unwrap().unwrap());
        assert!(!is_held(&looking).unwrap(), "dropped is released");
    }
}
