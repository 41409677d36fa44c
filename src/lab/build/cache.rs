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
        let binary = folder.join(BINARY);
        match read_entry(&folder).filter(|entry| sha256_file(&binary).is_ok_and(|found| found == entry.sha256)) {
            Some(entry) => Ok(Some((binary, entry))),
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

    /// Keeps a copy of `built` under `key`. Either all of it is there afterwards or nothing: it is made under another
    /// name and renamed.
    pub fn put(&self, key: &str, built: &Path, entry: impl FnOnce(String) -> Entry) -> Result<(), LabError> {
        let made = self.folder.join(format!(".{key}.{}", std::process::id()));
        let keep = || -> io::Result<()> {
            fs::create_dir_all(&made)?;
            fs::copy(built, made.join(BINARY))?;
            let entry = entry(sha256_file(&made.join(BINARY))?);
            fs::write(made.join(ENTRY), serde_json::to_vec_pretty(&entry)?)?;
            fs::rename(&made, self.folder.join(key))
        };
        keep().map_err(LabError::file("keep the built arm in", &self.folder)).inspect_err(|_| {
            let _ = fs::remove_dir_all(&made);
        })
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
            let binary = fs::metadata(entry.path().join(BINARY));
            let (size, made) = binary.map_or((0, SystemTime::UNIX_EPOCH), |metadata| {
                (metadata.len(), metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH))
            });
            entries.push((made, size, name, entry.path()));
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

fn read_entry(folder: &Path) -> Option<Entry> {
    serde_json::from_slice(&fs::read(folder.join(ENTRY)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(sha256: String) -> Entry {
        let text = String::new;
        Entry {
            sha256,
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
            cache.put(key, &folder.path().join("built"), entry).unwrap();
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
        cache.prune(10, &["a".to_owned()]).unwrap();
        let left = |key| cache.get(key).unwrap().is_some();
        assert_eq!((left("a"), left("b"), left("c")), (true, false, true));
        assert!(!cache.folder.join(".half").exists());
    }
}
