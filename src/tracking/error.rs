//! What can go wrong with the store, and what the person can do about it. Nothing here ever deletes a file.

use std::fmt;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use crate::profiles::ShelfError;

/// A fault, and the store it happened to.
#[derive(Debug, Error)]
#[error("the store {} {fault}", path.display())]
pub struct StoreError {
    /// The database file.
    pub path: PathBuf,
    /// What happened to it; told in the message already, and so no source of it.
    pub fault: Fault,
}

/// What happened. Each reads on after "the store PATH".
#[derive(Debug, Error)]
pub enum Fault {
    /// The file is something else.
    #[error("is not a workbench store: {what}")]
    Foreign {
        /// What it is instead.
        what: String,
    },
    /// Some of its pages do not make sense.
    #[error("is damaged: {what}")]
    Damaged {
        /// What SQLite found.
        what: String,
    },
    /// A later workbench wrote it.
    #[error("was written by a newer workbench: its schema is version {found}, this one knows {known}")]
    Newer {
        /// Version of the file.
        found: i64,
        /// Version of this program.
        known: i64,
    },
    /// The file or its folder may not be written.
    #[error("cannot be written: {what}")]
    ReadOnly {
        /// What the system said.
        what: String,
    },
    /// The disk has no room. The fact at hand was not recorded; all earlier ones are intact.
    #[error("cannot grow: {what}")]
    Full {
        /// What the system said.
        what: String,
    },
    /// Another process kept it locked for longer than [`super::store::BUSY_TIMEOUT`].
    #[error("was kept locked by another process: {what}")]
    Busy {
        /// What SQLite said.
        what: String,
    },
    /// It cannot be opened or created at all.
    #[error("cannot be opened: {what}")]
    CannotOpen {
        /// What the system said.
        what: String,
    },
    /// A profile beside it cannot be written, read or understood.
    #[error("cannot keep a profile: {0}")]
    Profile(ShelfError),
    /// A row does not decode.
    #[error("holds a fact that cannot be read: {what} of {table} {row}: {cause}")]
    Unreadable {
        /// Its table.
        table: &'static str,
        /// Its row.
        row: i64,
        /// The column.
        what: &'static str,
        /// Why.
        cause: String,
    },
    /// A fact that contradicts the store's rules.
    #[error("refuses a fact: {what}")]
    Refused {
        /// Which rule.
        what: String,
    },
    /// Whatever else the database said.
    #[error("failed: {0}")]
    Sql(sqlx::Error),
}

impl Fault {
    fn code(&self) -> &'static str {
        match self {
            Self::Foreign { .. } => "store::foreign",
            Self::Damaged { .. } => "store::damaged",
            Self::Newer { .. } => "store::newer",
            Self::ReadOnly { .. } => "store::read_only",
            Self::Full { .. } => "store::full",
            Self::Busy { .. } => "store::busy",
            Self::CannotOpen { .. } => "store::cannot_open",
            Self::Profile(_) => "store::profile",
            Self::Unreadable { .. } => "store::unreadable",
            Self::Refused { .. } => "store::refused",
            Self::Sql(_) => "store::sql",
        }
    }

    fn remedy(&self, path: &Path) -> String {
        let shown = path.display();
        match self {
            Self::Foreign { .. } => format!("nothing was changed; move {shown} away and the next command creates a store"),
            Self::Damaged { .. } => format!(
                "nothing was changed; save what is left with `sqlite3 {shown} .recover > recovered.sql`, then move the \
                 file and its -wal and -shm away, or put a backup in its place"
            ),
            Self::Newer { .. } => "nothing was changed; use the newer workbench, or name another project".to_owned(),
            Self::ReadOnly { .. } => format!("what was recorded before is intact; make {shown} and its folder writable"),
            Self::Full { .. } => {
                "what was recorded before is intact; free some room and run the command again (`apply --resume` goes on)"
                    .to_owned()
            }
            Self::Busy { .. } => "look for a stopped or debugged workbench that holds it, then try again".to_owned(),
            Self::CannotOpen { .. } => format!("check that {shown} is a file in a folder that may be entered and written"),
            Self::Profile(ShelfError::Write { .. } | ShelfError::Read { .. }) => {
                "what was recorded before is intact; make the folder accessible or free some room".to_owned()
            }
            Self::Profile(ShelfError::Folded { .. }) => {
                "what was recorded before is intact; look at what the driver sends as its profile".to_owned()
            }
            Self::Unreadable { .. } => {
                "the row was written by another version or changed by hand; the rest of the store is intact".to_owned()
            }
            Self::Refused { .. } => "facts are append-only and recorded once; nothing was changed".to_owned(),
            Self::Sql(_) => "nothing was changed by the failed step; `workbench doctor` checks the store".to_owned(),
        }
    }
}

impl Diagnostic for StoreError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.fault.code()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.fault.remedy(&self.path)))
    }
}

/// SQLite's primary result codes that a person can do something about (<https://www.sqlite.org/rescode.html>).
mod code {
    pub(super) const PERM: i32 = 3;
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const CONSTRAINT: i32 = 19;
    pub(super) const NOTADB: i32 = 26;
    /// The file may not grow, for a reason other than a full disk.
    pub(super) const IOERR_WRITE: i32 = 778;
    /// A short read past the end of the file: extended code of IOERR.
    pub(super) const IOERR_SHORT_READ: i32 = 522;
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = &error else {
            return Self::Sql(error);
        };
        let extended = database.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
        let what = database.message().to_owned();
        match extended & 0xff {
            code::NOTADB => Self::Foreign { what },
            code::CORRUPT => Self::Damaged { what },
            code::IOERR if extended == code::IOERR_SHORT_READ => Self::Damaged { what },
            code::READONLY | code::PERM => Self::ReadOnly { what },
            code::FULL => Self::Full { what },
            code::IOERR if extended == code::IOERR_WRITE => Self::Full { what },
            code::BUSY | code::LOCKED => Self::Busy { what },
            code::CANTOPEN => Self::CannotOpen { what },
            code::CONSTRAINT => Self::Refused { what },
            _ => Self::Sql(error),
        }
    }
}

impl From<ShelfError> for Fault {
    fn from(error: ShelfError) -> Self {
        Self::Profile(error)
    }
}

/// Names the store a fault happened to.
pub(super) trait At<T> {
    /// `self`, whose error names `path`.
    fn at(self, path: &Path) -> Result<T, StoreError>;
}

impl<T, E: Into<Fault>> At<T> for Result<T, E> {
    fn at(self, path: &Path) -> Result<T, StoreError> {
        self.map_err(|error| StoreError { path: path.to_path_buf(), fault: error.into() })
    }
}
