//! The lab's own folder.
//!
//! ```text
//! tracking/lab/
//!   target/          Cargo's target directory of all arms: what two arms share is compiled once
//!   builds/<key>/    built arms, by the content of their inputs
//!   trees/<tree>/    sources of other revisions, each with a target directory of its own
//!   tests/<key>      marks of passed test runs
//!   extent.json      which folders the target's digest is made of
//!   work/<n>/        working directories of running drivers
//!   running/<pid>    process groups that are alive
//! ```
//!
//! Whatever a killed run left in `work/` and `running/` is cleared by the next one, under the machine's lease.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::LabError;
use super::process::sweep;

/// The lab's folder, existing.
#[derive(Debug, Clone)]
pub struct LabFolder {
    root: PathBuf,
}

/// The working directory of one driver: empty when made, removed when dropped.
#[derive(Debug)]
pub struct WorkFolder(PathBuf);

impl LabFolder {
    /// Makes the folder where it is missing.
    pub fn at(root: &Path) -> Result<Self, LabError> {
        let folder = Self { root: root.to_path_buf() };
        for path in [folder.builds(), folder.trees(), folder.tests(), folder.work(), folder.running()] {
            fs::create_dir_all(&path).map_err(LabError::file("make", path))?;
        }
        Ok(folder)
    }

    /// The folder, for looking only: it may not exist.
    pub fn existing(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// Ends processes and removes data that a killed run left behind. Only under the machine's lease. Returns what was
    /// found, for people.
    pub fn clear_leftovers(&self) -> Result<Vec<String>, LabError> {
        let mut found = sweep(&self.running()).map_err(LabError::file("read", self.running()))?;
        let entries = fs::read_dir(self.work()).map_err(LabError::file("read", self.work()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            fs::remove_dir_all(&path).map_err(LabError::file("remove", &path))?;
            found.push(format!("data of an interrupted run: {}", path.display()));
        }
        Ok(found)
    }

    /// Cargo's target directory.
    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// Built arms.
    pub fn builds(&self) -> PathBuf {
        self.root.join("builds")
    }

    /// Sources of other revisions, and what Cargo makes of them.
    pub fn trees(&self) -> PathBuf {
        self.root.join("trees")
    }

    /// Marks of passed test runs.
    pub fn tests(&self) -> PathBuf {
        self.root.join("tests")
    }

    /// Note of what the target's digest is made of.
    pub fn extent(&self) -> PathBuf {
        self.root.join("extent.json")
    }

    /// Records of living process groups.
    pub fn running(&self) -> PathBuf {
        self.root.join("running")
    }

    /// A fresh working directory for a driver.
    pub fn work_folder(&self) -> Result<WorkFolder, LabError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = self.work().join(name);
        fs::create_dir(&path).map_err(LabError::file("make", &path))?;
        Ok(WorkFolder(path))
    }

    fn work(&self) -> PathBuf {
        self.root.join("work")
    }
}

impl WorkFolder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        let _ = fs::remove_dir_all(&self.0);
    }
}
