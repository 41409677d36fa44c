//! The machine's lease: one measurement at a time, whatever the project, whoever the user.
//!
//! A lock on a well-known file, which the kernel takes back when its holder ends, however it ends. The file's text says
//! who holds it; it is read only when the lock is taken, so a stale text misleads nobody.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::LabError;

/// The machine is ours until this is dropped.
#[derive(Debug)]
pub struct Lease {
    _lock: Flock<File>,
}

/// What came of asking for the lease.
#[derive(Debug)]
pub enum Asked {
    /// We have it.
    Granted(Lease),
    /// Somebody else has it: who, in their own words.
    Busy(String),
}

impl Lease {
    /// Asks once. `owner` is what others are told while we hold it.
    pub fn ask(file: &Path, owner: &str) -> Result<Asked, LabError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let opened = options.open(file).map_err(LabError::file("open the machine's lock", file))?;
        match Flock::lock(opened, FlockArg::LockExclusiveNonblock) {
            Ok(mut lock) => {
                // The text is a courtesy: whether it can be written does not change who holds the lock.
                let _ = lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| writeln!(lock, "{owner}"));
                Ok(Asked::Granted(Self { _lock: lock }))
            }
            Err((mut other, Errno::EWOULDBLOCK)) => {
                let mut text = String::new();
                let _ = other.read_to_string(&mut text);
                let text = text.trim();
                Ok(Asked::Busy(if text.is_empty() { "another measurement runs".to_owned() } else { text.to_owned() }))
            }
            Err((_, error)) => Err(LabError::file("lock", file)(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_the_other_is_told_who() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lock");
        let Asked::Granted(lease) = Lease::ask(&file, "apply T003, pid 1").unwrap() else { panic!() };
        let Asked::Busy(owner) = Lease::ask(&file, "me").unwrap() else { panic!() };
        assert_eq!(owner, "apply T003, pid 1");
        drop(lease);
        assert!(matches!(Lease::ask(&file, "me").unwrap(), Asked::Granted(_)));
    }
}
