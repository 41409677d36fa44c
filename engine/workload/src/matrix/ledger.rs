//! What has passed already, so that a matrix that was cut short goes on where it was.
//!
//! A line per pass: `<digest of the sources> <what> <result>`. A change of any source file makes every line stale.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The passes on record for the sources as they are.
#[derive(Debug)]
pub struct Ledger {
    file: PathBuf,
    sources: String,
    passed: BTreeMap<String, String>,
}

impl Ledger {
    /// What is on record in `file` for the sources below the directories and files `of`.
    pub fn open(file: PathBuf, of: &[PathBuf]) -> io::Result<Self> {
        let mut hasher = DefaultHasher::new();
        of.iter().try_for_each(|path| add(path, &mut hasher))?;
        let sources = format!("{:016x}", hasher.finish());
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        let lines = text.lines().filter_map(|line| line.strip_prefix(&sources)?.trim().split_once(' '));
        let passed = lines.map(|(what, result)| (what.to_owned(), result.to_owned())).collect();
        Ok(Ledger { file, sources, passed })
    }

    /// How `what` passed, if it did.
    pub fn passed(&self, what: &str) -> Option<&str> {
        self.passed.get(what).map(String::as_str)
    }

    /// Records that `what` passed. `what` has no spaces.
    pub fn pass(&mut self, what: &str, result: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.file)?;
        writeln!(file, "{} {what} {result}", self.sources)?;
        self.passed.insert(what.to_owned(), result.to_owned());
        Ok(())
    }

    /// Forgets everything, for these sources and others.
    pub fn forget(&mut self) -> io::Result<()> {
        self.passed.clear();
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Files and directories by their names, so that the order of a listing does not matter; what is built is no source.
fn add(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    if !path.is_dir() {
        path.file_name().hash(hasher);
        fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let mut entries: Vec<PathBuf> =
        fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    entries.retain(|entry| entry.file_name().is_some_and(|name| name != "target"));
    entries.sort();
    entries.iter().try_for_each(|entry| add(entry, hasher))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_holds_until_a_source_changes() {
        let dir = tempfile::tempdir().unwrap();
        let (file, source) = (dir.path().join("passed"), dir.path().join("src"));
        fs::create_dir_all(source.join("target")).unwrap();
        fs::write(source.join("lib.rs"), "one").unwrap();
        let open = || Ledger::open(file.clone(), std::slice::from_ref(&source)).unwrap();
        open().pass("row-1", "12 tests").unwrap();
        fs::write(source.join("target/built"), "x").unwrap();
        assert_eq!((open().passed("row-1"), open().passed("row-2")), (Some("12 tests"), None));
        fs::write(source.join("lib.rs"), "two").unwrap();
        assert_eq!(open().passed("row-1"), None);
        fs::write(source.join("lib.rs"), "one").unwrap();
        let mut ledger = open();
        assert_eq!(ledger.passed("row-1"), Some("12 tests"));
        ledger.forget().unwrap();
        assert_eq!((ledger.passed("row-1"), open().passed("row-1")), (None, None));
    }
}
