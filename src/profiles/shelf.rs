//! Where profiles lie on disk, and what may be found there.
//!
//! ```text
//! profiles/T003/12/a.cpu.folded    as captured in arm A of experiment 12
//!                  b.cpu.folded
//! ```
//!
//! The folded stacks are the evidence and are durable before anybody is told of them.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::improvements::ImprovementId;

/// Which side of a comparison a profile belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm {
    /// Without the improvement.
    A,
    /// With it.
    B,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Samples of the CPU.
    Cpu,
    /// Nanoseconds waited.
    Wait,
}

/// A profile as it was captured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capture<'a> {
    /// Which side.
    pub arm: Arm,
    /// What was counted.
    pub kind: Kind,
    /// Folded stacks, `frame;frame count` lines.
    pub folded: &'a str,
    /// Samples taken, or waits seen.
    pub samples: u64,
    /// CPU time covered.
    pub cpu: Duration,
    /// Operations done meanwhile.
    pub ops: u64,
}

/// The project's folder of profiles.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
}

/// A file of the shelf cannot be written.
#[derive(Debug, Error)]
#[error("cannot write {}: {source}", file.display())]
pub struct ShelfError {
    /// The file.
    pub file: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl Shelf {
    /// The shelf in the folder `root`; it is made when the first profile comes.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// The folder of an experiment's profiles.
    pub fn folder(&self, improvement: &ImprovementId, experiment: i64) -> PathBuf {
        self.root.join(&improvement.0).join(experiment.to_string())
    }

    /// Keeps a capture and returns its file, relative to the shelf.
    pub fn keep(
        &self,
        improvement: &ImprovementId,
        experiment: i64,
        capture: &Capture<'_>,
    ) -> Result<PathBuf, ShelfError> {
        let folder = self.folder(improvement, experiment);
        let file = folder.join(format!("{}.{}.folded", capture.arm.letter(), capture.kind));
        write(&file, capture.folded)?;
        Ok(file.strip_prefix(&self.root).map(Path::to_path_buf).unwrap_or(file))
    }
}

impl Arm {
    /// As it stands in file names.
    pub fn letter(self) -> char {
        match self {
            Self::A => 'a',
            Self::B => 'b',
        }
    }
}

impl Kind {
    /// The kind called `name`.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Cpu, Self::Wait].into_iter().find(|kind| kind.to_string() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cpu => "cpu",
            Self::Wait => "wait",
        })
    }
}

/// Writes a whole file or none of it: beside, synced, renamed.
fn write(file: &Path, text: &str) -> Result<(), ShelfError> {
    let written = || -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let draft = file.with_extension("draft");
        let mut out = File::create(&draft)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        fs::rename(&draft, file)?;
        File::open(folder)?.sync_all()
    };
    written().map_err(|source| ShelfError { file: file.to_path_buf(), source })
}
