//! Where profiles lie on disk, and what may be found there.
//!
//! ```text
//! profiles/T003/12/a.cpu.folded     as captured in arm A of experiment 12: the evidence
//!                  a.cpu.2.folded   the same in a second process, and so on
//!                  a.cpu.svg        the flame graph of all of them
//!                  b.cpu.folded, b.cpu.svg, a.wait.folded, …
//!                  diff.cpu.svg     what changed from A to B, per operation
//!                  diff.wait.svg
//! ```
//!
//! Folded stacks are durable before anybody is told of them. Pictures can be drawn again at any time.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::difference::Difference;
use super::flame::flame;
use super::folded::FoldedError;
use super::picture::picture;
use super::profile::{Arm, Kind, Profile, Stretch};

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
    /// CPU time while counting.
    pub cpu: Duration,
    /// CPU time of the slices alone, as they are measured.
    pub measured: Option<Duration>,
    /// CPU time that a sample stands for, where samples were counted.
    pub period: Option<Duration>,
    /// What one draw stands for, where the counts are sums of weights.
    pub weight: Option<u64>,
    /// Operations done meanwhile.
    pub ops: u64,
}

/// The project's folder of profiles.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
}

/// Something about a profile on the shelf.
#[derive(Debug, Error)]
pub enum ShelfError {
    /// A file cannot be written.
    #[error("cannot write {}: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not folded stacks.
    #[error("the {kind} profile of arm {arm:?} is not folded stacks: {source}")]
    Folded {
        /// Which side.
        arm: Arm,
        /// What was counted.
        kind: Kind,
        /// Where it goes wrong.
        source: FoldedError,
    },
}

/// Whose profile, and of which experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// What the experiment is about: an improvement, or what is done.
    pub subject: &'a str,
    /// The experiment's number.
    pub experiment: i64,
}

impl Shelf {
    /// The shelf in the folder `root`; it is made when the first profile comes.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// A file of the shelf.
    pub fn path(&self, file: &Path) -> PathBuf {
        self.root.join(file)
    }

    /// Where a flame graph lies, relative to the shelf.
    pub fn flame_file(owner: Owner<'_>, arm: Arm, kind: Kind) -> PathBuf {
        folder(owner).join(format!("{}.{kind}.svg", arm.letter()))
    }

    /// Where the picture of a difference lies, relative to the shelf.
    pub fn difference_file(owner: Owner<'_>, kind: Kind) -> PathBuf {
        folder(owner).join(format!("diff.{kind}.svg"))
    }

    /// The pictures of a kind: the difference, then both arms. None where the kind has no pictures.
    pub fn pictures(&self, owner: Owner<'_>, kind: Kind) -> impl Iterator<Item = PathBuf> {
        let flames = [Arm::A, Arm::B].map(|arm| Self::flame_file(owner, arm, kind));
        let all = [Self::difference_file(owner, kind)].into_iter().chain(flames);
        all.filter(move |_| kind.has_pictures()).map(|file| self.path(&file))
    }

    /// Keeps a capture as it came, understood or not, beside earlier ones. Returns its file, relative to the shelf.
    pub fn keep(&self, owner: Owner<'_>, capture: &Capture<'_>) -> Result<PathBuf, ShelfError> {
        let name = |stretch: u32| match stretch {
            1 => format!("{}.{}.folded", capture.arm.letter(), capture.kind),
            more => format!("{}.{}.{more}.folded", capture.arm.letter(), capture.kind),
        };
        let mut files = (1..).map(|stretch| folder(owner).join(name(stretch)));
        let file = files.find(|file| !self.path(file).exists()).unwrap_or_else(|| folder(owner).join(name(1)));
        write(&self.path(&file), capture.folded)?;
        Ok(file)
    }

    /// Puts stacks that were captured elsewhere into `file`, relative to the shelf.
    pub fn put(&self, file: &Path, folded: &str) -> Result<(), ShelfError> {
        write(&self.path(file), folded)
    }

    /// Where the files of an experiment lie, relative to the shelf.
    pub fn folder(subject: &str, experiment: i64) -> PathBuf {
        Path::new(subject).join(experiment.to_string())
    }

    /// Reads the stacks in `file` back. `of` says what they cover.
    pub fn read(&self, file: &Path, of: Capture<'_>) -> Result<Stretch, ShelfError> {
        let file = self.path(file);
        let folded = fs::read_to_string(&file).map_err(|source| ShelfError::Read { file, source })?;
        let Capture { arm, kind, .. } = of;
        let capture = Capture { folded: &folded, ..of };
        Stretch::of(&capture).map_err(|source| ShelfError::Folded { arm, kind, source })
    }

    /// Draws those pictures of a difference that are missing.
    pub fn draw_missing(&self, owner: Owner<'_>, difference: &Difference) -> Result<(), ShelfError> {
        let kind = difference.kind();
        if !kind.has_pictures() {
            return Ok(());
        }
        for profile in [&difference.a, &difference.b] {
            if !self.path(&Self::flame_file(owner, profile.arm, kind)).exists() {
                self.draw(owner, profile)?;
            }
        }
        if self.path(&Self::difference_file(owner, kind)).exists() {
            return Ok(());
        }
        self.draw_difference(owner, difference)
    }

    /// Draws the flame graph of a profile.
    pub fn draw(&self, owner: Owner<'_>, profile: &Profile) -> Result<(), ShelfError> {
        let Owner { subject, experiment } = owner;
        let file = self.path(&Self::flame_file(owner, profile.arm, profile.kind));
        let title = format!("{subject} {}: {}, experiment {experiment}", profile.arm.label(), profile.kind.label());
        let svg = flame(profile, &title).map_err(|source| ShelfError::Write { file: file.clone(), source })?;
        write(&file, &svg)
    }

    /// Draws what changed from A to B.
    pub fn draw_difference(&self, owner: Owner<'_>, difference: &Difference) -> Result<(), ShelfError> {
        let Owner { subject, experiment } = owner;
        let kind = difference.a.kind;
        let title = format!("{subject}: {} per operation, experiment {experiment}", kind.label());
        write(&self.path(&Self::difference_file(owner, kind)), &picture(difference, &title))
    }
}

fn folder(owner: Owner<'_>) -> PathBuf {
    Shelf::folder(owner.subject, owner.experiment)
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
    written().map_err(|source| ShelfError::Write { file: file.to_path_buf(), source })
}
