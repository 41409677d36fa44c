//! Where the sources of an arm are: the project's working tree, another one, or a commit.
//!
//! ```text
//!  .        the project as it is                        tracking/lab/target
//!  ../fix   another working tree as it is               tracking/lab/trees/<its path's hash>/target
//!  main     trees/<tree>/source, written out by git     tracking/lab/trees/<tree>/target
//! ```
//!
//! Sources never share a target directory: Cargo's names for what it builds do not hold the place of the sources, and its
//! freshness goes by their times, so that the binary of the one would be taken for the other's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::tree::hex;
use crate::lab::LabError;
use crate::lab::experiment::Revision;
use crate::lab::folder::LabFolder;
use crate::project;
use crate::repository::History;

/// Sources, and where Cargo builds them.
#[derive(Debug, Clone)]
pub struct Place {
    /// The project's root in these sources.
    pub(super) root: PathBuf,
    /// Cargo's target directory.
    pub(super) target: PathBuf,
    /// What it is called in a plan; the project's own working tree has no name.
    pub(super) revision: Option<Revision>,
    /// Its folder in `trees/`; the project's own working tree has none.
    home: Option<PathBuf>,
    /// What to write out where it is not there.
    commit: Option<WrittenOut>,
}

/// A commit's files in the lab's folder.
#[derive(Debug, Clone)]
struct WrittenOut {
    history: History,
    tree: String,
    source: PathBuf,
}

const SOURCE: &str = "source";
const TARGET: &str = "target";

/// Its time is when the place was last used.
const USED: &str = "used";

/// Names of the working tree.
const HERE: [&str; 2] = [".", "WORKTREE"];

impl Place {
    /// The project's working tree.
    pub fn here(root: &Path, folder: &LabFolder) -> Self {
        Self { root: root.to_path_buf(), target: folder.target(), revision: None, home: None, commit: None }
    }

    /// What `name` means to the project in `root`: the working tree, a revision of its repository, or else another working
    /// tree by its path. A commit's files are written out, unless they were before.
    pub fn named(name: &str, root: &Path, folder: &LabFolder) -> Result<Self, LabError> {
        if HERE.contains(&name) {
            return Ok(Self::here(root, folder));
        }
        let is_path = name.contains('/') && Path::new(name).is_dir();
        let history = match History::of(root) {
            Err(_) if is_path => return Self::elsewhere(name, folder),
            history => history?,
        };
        let commit = match history.commit(name) {
            Err(_) if is_path => return Self::elsewhere(name, folder),
            commit => commit?,
        };
        let home = folder.trees().join(&commit.tree);
        let below = root.strip_prefix(history.top()).unwrap_or(Path::new(""));
        let place = Self {
            root: home.join(SOURCE).join(below),
            target: home.join(TARGET),
            revision: Some(Revision { name: name.to_owned(), commit: Some(commit.id) }),
            commit: Some(WrittenOut { history, tree: commit.tree, source: home.join(SOURCE) }),
            home: Some(home),
        };
        place.ensure()?;
        Ok(place)
    }

    fn elsewhere(name: &str, folder: &LabFolder) -> Result<Self, LabError> {
        let root = project::absolute(Path::new(name))?;
        let home = folder.trees().join(hex(Sha256::new_with_prefix(root.as_os_str().as_encoded_bytes())));
        let revision = Some(Revision { name: name.to_owned(), commit: None });
        Ok(Self { root, target: home.join(TARGET), revision, home: Some(home), commit: None })
    }

    /// For people: `main (1234567)`.
    pub(super) fn shown(&self) -> String {
        match &self.revision {
            None => "the working tree".to_owned(),
            Some(Revision { name, commit: None }) => name.clone(),
            Some(Revision { name, commit: Some(commit) }) => format!("{name} ({commit:.7})"),
        }
    }

    /// Writes a commit's files out where they are missing, and marks the place as used now.
    pub(super) fn ensure(&self) -> Result<(), LabError> {
        let Some(home) = &self.home else { return Ok(()) };
        fs::create_dir_all(home).map_err(LabError::file("make", home))?;
        if let Some(WrittenOut { history, tree, source }) =
            self.commit.as_ref().filter(|commit| !commit.source.exists())
        {
            match history.write_out(tree, source) {
                // Another process was quicker.
                Err(_) if source.exists() => {}
                written => written?,
            }
        }
        fs::write(home.join(USED), []).map_err(LabError::file("mark", home.join(USED)))
    }

    /// Removes places that were not used for longest until the rest takes no more than `limit_bytes`; those in `used` stay.
    pub(super) fn prune(folder: &LabFolder, limit_bytes: u64, used: &[&Self]) -> io::Result<()> {
        let mut homes = Vec::new();
        for entry in fs::read_dir(folder.trees())?.flatten() {
            let home = entry.path();
            let time = fs::metadata(home.join(USED)).and_then(|mark| mark.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            homes.push((time, size_bytes(&home)?, home));
        }
        homes.sort();
        let mut total: u64 = homes.iter().map(|(_, size, _)| size).sum();
        for (_, size, home) in homes {
            if total > limit_bytes && !used.iter().any(|place| place.home.as_ref() == Some(&home)) {
                fs::remove_dir_all(home)?;
                total -= size;
            }
        }
        Ok(())
    }
}

/// What the files below a folder take; links are not followed.
fn size_bytes(folder: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        total += if metadata.is_dir() { size_bytes(&entry.path())? } else { metadata.len() };
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_places_unused_for_longest_go_first_and_those_in_use_stay() {
        let root = tempfile::tempdir().unwrap();
        let folder = LabFolder::at(root.path()).unwrap();
        let place = |name: &str, age_s: u64| {
            let home = folder.trees().join(name);
            let place = Place { home: Some(home.clone()), ..Place::here(root.path(), &folder) };
            place.ensure().unwrap();
            fs::create_dir(home.join(TARGET)).unwrap();
            fs::write(home.join(TARGET).join("built"), [0; 100]).unwrap();
            let mark = fs::File::options().write(true).open(home.join(USED)).unwrap();
            mark.set_modified(SystemTime::now() - Duration::from_secs(age_s)).unwrap();
            place
        };
        let (oldest, _middle, newest) = (place("oldest", 30), place("middle", 20), place("newest", 10));
        let left = || {
            let mut names: Vec<_> =
                fs::read_dir(folder.trees()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        Place::prune(&folder, 300, &[]).unwrap();
        assert_eq!(left(), ["middle", "newest", "oldest"]);
        Place::prune(&folder, 200, &[&oldest]).unwrap();
        assert_eq!(left(), ["newest", "oldest"]);
        Place::prune(&folder, 0, &[&newest]).unwrap();
        assert_eq!(left(), ["newest"]);
    }

    #[test]
    fn the_working_tree_has_two_names_and_its_own_target() {
        let root = tempfile::tempdir().unwrap();
        let folder = LabFolder::at(&root.path().join("lab")).unwrap();
        for name in HERE {
            let place = Place::named(name, root.path(), &folder).unwrap();
            assert_eq!((place.root.as_path(), place.target, place.revision), (root.path(), folder.target(), None));
        }
        let other = format!("{}/lab", root.path().display());
        let place = Place::named(&other, root.path(), &folder).unwrap();
        assert!(place.target.starts_with(folder.trees()), "{:?}", place.target);
        assert!(Place::named("./nowhere", root.path(), &folder).is_err());
    }
}
