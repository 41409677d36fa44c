//! Built arms, kept by the content of their inputs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::tree::sha256_file;
use crate::lab::LabError;

/// `tracking/lab/builds`.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// What is kept beside a built arm: enough to say what it is, and to notice when it is no longer that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// SHA-256 of the binary.
    pub sha256: String,
    /// SHA-256 of each of its [other layouts](Cache::layout).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layouts: Vec<String>,
    /// Digest of its sources.
    pub tree: String,
    /// Its features, as they were asked for.
    pub features: Vec<String>,
    /// All features of the package, as Cargo says it built them; older entries do not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<Vec<String>>,
    /// The Cargo profile.
    pub profile: String,
    /// The compiler.
    pub toolchain: String,
    /// The command that built it.
    pub command: String,
}

const BINARY: &str = "driver";
const ENTRY: &str = "build.json";

impl Cache {
    /// The cache in `folder`.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The binary of `key`, when it is there and still what was put there. A damaged entry is removed.
    pub fn get(&self, key: &str) -> Result<Option<(PathBuf, Entry)>, LabError> {
        let folder = self.folder.join(key);
        if !folder.exists() {
            return Ok(None);
        }
        match read_entry(&folder).filter(|entry| entry.is_whole(&folder)) {
            Some(entry) => Ok(Some((folder.join(BINARY), entry))),
            None => {
                fs::remove_dir_all(&folder).map_err(LabError::file("remove the damaged build", &folder))?;
                Ok(None)
            }
        }
    }

    /// What is known of the binary of `key`, without looking at the binary.
    pub fn entry(&self, key: &str) -> Option<Entry> {
        read_entry(&self.folder.join(key))
    }

    /// Begins an entry for `key` with a copy of the binary `built`.
    pub fn begin(&self, key: &str, built: &Path) -> Result<Making, LabError> {
        let folder = self.folder.join(format!(".{key}.{}", std::process::id()));
        let making = Making { kept: self.folder.join(key), folder, layouts: Vec::new() };
        let copy = || fs::create_dir_all(&making.folder).and_then(|()| fs::copy(built, making.folder.join(BINARY)));
        copy().map_err(LabError::file("keep the built arm in", &self.folder))?;
        Ok(making)
    }

    /// The file of a layout, from 1, beside the binary at `binary`.
    pub fn layout(binary: &Path, number: usize) -> PathBuf {
        binary.with_file_name(format!("layout-{number}"))
    }

    /// Removes what a killed run left half made, and the oldest entries above `limit_bytes`; those in `used` stay.
    pub fn prune(&self, limit_bytes: u64, used: &[String]) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                fs::remove_dir_all(entry.path())?;
                continue;
            }
            let binary = fs::metadata(entry.path().join(BINARY)).and_then(|metadata| metadata.modified());
            entries.push((binary.unwrap_or(SystemTime::UNIX_EPOCH), size_of(&entry.path()), name, entry.path()));
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, size, ..)| size).sum();
        for (_, size, name, path) in entries {
            if total <= limit_bytes {
                break;
            }
            if !used.contains(&name) {
                fs::remove_dir_all(path)?;
                total -= size;
            }
        }
        Ok(())
    }
}

/// An entry that is being made. Either all of it is in the cache afterwards or nothing: it is made under another name and renamed.
#[derive(Debug)]
pub struct Making {
    kept: PathBuf,
    folder: PathBuf,
    layouts: Vec<String>,
}

impl Making {
    /// Adds a copy of `built` as the next layout.
    pub fn layout(&mut self, built: &Path) -> Result<(), LabError> {
        let file = Cache::layout(&self.folder.join(BINARY), self.layouts.len() + 1);
        let kept = fs::copy(built, &file).and_then(|_| sha256_file(&file));
        self.layouts.push(kept.map_err(LabError::file("keep the arm's layout in", &self.kept))?);
        Ok(())
    }

    /// Puts it in its place; `entry` makes the description from the hashes of the binary and its layouts.
    pub fn keep(mut self, entry: impl FnOnce(String, Vec<String>) -> Entry) -> Result<(), LabError> {
        let layouts = std::mem::take(&mut self.layouts);
        let keep = || -> io::Result<()> {
            let entry = entry(sha256_file(&self.folder.join(BINARY))?, layouts);
            fs::write(self.folder.join(ENTRY), serde_json::to_vec_pretty(&entry)?)?;
            fs::rename(&self.folder, &self.kept)
        };
        keep().map_err(LabError::file("keep the built arm in", &self.kept))
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Entry {
    /// Whether all of its files are what they were.
    fn is_whole(&self, folder: &Path) -> bool {
        let binary = folder.join(BINARY);
        let is = |file: &Path, sha256: &String| sha256_file(file).is_ok_and(|found| found == *sha256);
        let mut layouts = self.layouts.iter().enumerate();
        is(&binary, &self.sha256) && layouts.all(|(at, sha256)| is(&Cache::layout(&binary, at + 1), sha256))
    }
}

/// Bytes of the files in a folder.
fn size_of(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum()
}

fn read_entry(folder: &Path) -> Option<Entry> {
    serde_json::from_slice(&fs::read(folder.join(ENTRY)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(sha256: String, layouts: Vec<String>) -> Entry {
        let text = String::new;
        Entry {
            sha256,
            layouts,
            tree: text(),
            features: vec![],
            enabled: None,
            profile: text(),
            toolchain: text(),
            command: text(),
        }
    }

    fn cache_with(contents: &[(&str, &str)]) -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("builds"));
        fs::create_dir(folder.path().join("builds")).unwrap();
        for (key, content) in contents {
            fs::write(folder.path().join("built"), content).unwrap();
            cache.begin(key, &folder.path().join("built")).unwrap().keep(entry).unwrap();
        }
        (folder, cache)
    }

    #[test]
    fn what_was_put_is_there_until_it_is_damaged() {
        let (_folder, cache) = cache_with(&[("k", "binary")]);
        assert_eq!(cache.get("other").unwrap(), None);
        let (binary, _) = cache.get("k").unwrap().unwrap();
        assert_eq!(fs::read_to_string(&binary).unwrap(), "binary");
        fs::write(&binary, "bimary").unwrap();
        assert_eq!(cache.get("k").unwrap(), None);
        assert!(!binary.exists());
    }

    #[test]
    fn a_damaged_layout_is_a_damaged_build() {
        let (folder, cache) = cache_with(&[]);
        let built = folder.path().join("built");
        fs::write(&built, "binary").unwrap();
        let mut making = cache.begin("k", &built).unwrap();
        fs::write(&built, "yranib").unwrap();
        making.layout(&built).unwrap();
        making.keep(entry).unwrap();
        let (binary, kept) = cache.get("k").unwrap().unwrap();
        assert_eq!(kept.layouts.len(), 1);
        assert_eq!(fs::read_to_string(Cache::layout(&binary, 1)).unwrap(), "yranib");
        fs::write(Cache::layout(&binary, 1), "yrinab").unwrap();
        assert_eq!(cache.get("k").unwrap(), None);
    }

    #[test]
    fn what_was_begun_and_not_kept_leaves_nothing() {
        let (folder, cache) = cache_with(&[("k", "binary")]);
        drop(cache.begin("half", &folder.path().join("built")).unwrap());
        assert_eq!(fs::read_dir(&cache.folder).unwrap().count(), 1);
    }

    #[test]
    fn a_torn_entry_counts_as_absent() {
        let (_folder, cache) = cache_with(&[("k", "binary")]);
        fs::write(cache.folder.join("k").join(ENTRY), "{\"sha256\":").unwrap();
        assert_eq!(cache.get("k").unwrap(), None);
    }

    #[test]
    fn pruning_removes_the_oldest_but_not_what_is_used() {
        let (_folder, cache) = cache_with(&[("a", "12345"), ("b", "12345"), ("c", "12345")]);
        for (key, age) in [("a", 300), ("b", 200), ("c", 100)] {
            let file = fs::File::open(cache.folder.join(key).join(BINARY)).unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(age)).unwrap();
        }
        fs::create_dir(cache.folder.join(".half")).unwrap();
        cache.prune(2 * size_of(&cache.folder.join("a")), &["a".to_owned()]).unwrap();
        let left = |key| cache.get(key).unwrap().is_some();
        assert_eq!((left("a"), left("b"), left("c")), (true, false, true));
        assert!(!cache.folder.join(".half").exists());
    }
}
