//! The one error of the I/O layer: what was being done, to which file, and what the system said.

use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;

/// An I/O operation failed. Cheap to clone, since a failed log repeats its cause to every later caller.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot {action} `{file}`: {source}")]
pub struct IoError {
    /// What was being done.
    pub action: IoAction,
    /// The file's name in its directory, or the directory's path.
    pub file: Arc<str>,
    /// What the system said.
    pub source: Arc<std::io::Error>,
}

/// What can be done to a file or a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IoAction {
    /// Open a file that exists.
    Open,
    /// Make a new file.
    Create,
    /// Read from a file.
    Read,
    /// Write to a file.
    Write,
    /// Make a file's bytes durable.
    Sync,
    /// Change a file's length.
    SetLen,
    /// Ask for a file's length.
    Len,
    /// Give a file another name.
    Rename,
    /// Delete a file.
    Remove,
    /// List a directory.
    List,
    /// Make a directory's entries durable.
    SyncDir,
    /// Take the exclusive lock of a directory.
    Lock,
}

impl IoError {
    /// An error of the system.
    pub fn new(action: IoAction, file: &str, source: std::io::Error) -> IoError {
        IoError { action, file: file.into(), source: Arc::new(source) }
    }

    /// An error of our own making, with its explanation.
    pub fn other(action: IoAction, file: &str, kind: ErrorKind, why: impl Into<String>) -> IoError {
        IoError::new(action, file, std::io::Error::new(kind, why.into()))
    }

    /// The kind of the system's error.
    pub fn kind(&self) -> ErrorKind {
        self.source.kind()
    }

    /// The disk or the quota is full.
    pub fn is_out_of_space(&self) -> bool {
        matches!(self.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
    }
}

impl fmt::Display for IoAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IoAction::Open => "open",
            IoAction::Create => "create",
            IoAction::Read => "read",
            IoAction::Write => "write",
            IoAction::Sync => "sync",
            IoAction::SetLen => "set the length of",
            IoAction::Len => "ask for the length of",
            IoAction::Rename => "rename",
            IoAction::Remove => "remove",
            IoAction::List => "list",
            IoAction::SyncDir => "sync the directory",
            IoAction::Lock => "lock the directory",
        })
    }
}
