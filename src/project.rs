//! Where things are: nobody else reads the working directory.
//!
//! ```text
//! <root>/workbench.yaml          marks the root; what is optimized and by which rules (crate::config)
//!        improvements/*.yaml     the register
//!        agents/*.yaml           the roster
//!        tracking/workbench.db   the store            (not in git)
//!        tracking/lab/           built arms, work     (not in git)
//!        tracking/work/          worktrees of agents  (not in git)
//!        tracking/reports/       rendered reports
//!        profiles/               captured stacks and flame graphs
//! /tmp/workbench-machine/         the lease: one measurement per machine, whatever the project (crate::machine)
//! ```

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use crate::machine::Place;

/// The file that marks a project's root.
pub const CONFIG_FILE: &str = "workbench.yaml";

/// Where all users of a machine meet, whatever their temporary folder.
const LEASE_DIR: &str = "/tmp/workbench-machine";

/// Names another folder for the lease: where those who share processors share no `/tmp`, and in tests.
const LEASE_VARIABLE: &str = "WORKBENCH_LEASE";

/// A project on disk. Holds an absolute root; every path below is derived from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    root: PathBuf,
    store: PathBuf,
    lease: PathBuf,
}

/// Why there is no project.
#[derive(Debug, Error, Diagnostic)]
pub enum ProjectError {
    /// Neither here nor above.
    #[error("no project here: neither {} nor a folder above it holds a {CONFIG_FILE}", start.display())]
    #[diagnostic(code(project::not_found), help("change into a project, or name one: `workbench --project DIR …`"))]
    NotFound {
        /// Where the search began.
        start: PathBuf,
    },
    /// `--project` names something else.
    #[error("{} is not a project: it holds no {CONFIG_FILE}", root.display())]
    #[diagnostic(
        code(project::not_a_project),
        help("a project is a folder with {CONFIG_FILE}, improvements/ and agents/")
    )]
    NotAProject {
        /// The folder named.
        root: PathBuf,
    },
    /// The folder cannot be resolved.
    #[error("cannot use {} as a project", path.display())]
    #[diagnostic(code(project::unreadable), help("check that the folder exists and may be entered"))]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Project {
    /// The project in `named`, or with `None` the one at or above the working directory.
    pub fn find(named: Option<&Path>) -> Result<Self, ProjectError> {
        match named {
            Some(path) => Self::at(path),
            None => Self::above(Path::new(".")),
        }
    }

    /// The project whose root is `root`.
    pub fn at(root: &Path) -> Result<Self, ProjectError> {
        let root = absolute(root)?;
        if root.join(CONFIG_FILE).exists() { Ok(Self::new(root)) } else { Err(ProjectError::NotAProject { root }) }
    }

    /// The project whose root is `start` or the nearest folder above it.
    pub fn above(start: &Path) -> Result<Self, ProjectError> {
        let start = absolute(start)?;
        let root = start.ancestors().find(|folder| folder.join(CONFIG_FILE).exists()).map(Path::to_path_buf);
        root.map(Self::new).ok_or(ProjectError::NotFound { start })
    }

    /// The project that `root` is or may become: an existing folder, by its absolute path.
    pub fn at_or_to_be(root: &Path) -> Result<Self, ProjectError> {
        absolute(root).map(Self::new)
    }

    /// The project that is about to be written into `root`.
    pub fn to_be(root: &Path) -> Self {
        Self::new(root.to_path_buf())
    }

    /// The working directory, where no project is needed.
    pub fn none() -> Self {
        Self::new(Path::new(".").canonicalize().unwrap_or_else(|_| PathBuf::from(".")))
    }

    fn new(root: PathBuf) -> Self {
        let store = root.join("tracking/workbench.db");
        Self { root, store, lease: LEASE_DIR.into() }
    }

    /// The same project with its store in `file`, relative to the root or absolute.
    #[must_use]
    pub fn with_store(self, file: impl AsRef<Path>) -> Self {
        Self { store: self.root.join(file), ..self }
    }

    /// The same project with the machine's lease in the folder `lease`, relative to the root or absolute.
    #[must_use]
    pub fn with_lease(self, lease: impl AsRef<Path>) -> Self {
        Self { lease: self.root.join(lease), ..self }
    }

    /// The root folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is optimized and by which rules.
    pub fn config_file(&self) -> PathBuf {
        self.root.join(CONFIG_FILE)
    }

    /// The register's folder.
    pub fn improvements_dir(&self) -> PathBuf {
        self.root.join("improvements")
    }

    /// A folder of improvements from one source: a project of its own, with register and roster.
    pub fn pack_dir(&self, name: &str) -> PathBuf {
        self.improvements_dir().join("packs").join(name)
    }

    /// The roster's folder.
    pub fn agents_dir(&self) -> PathBuf {
        self.root.join("agents")
    }

    /// The folder of everything that is tracked.
    pub fn tracking_dir(&self) -> PathBuf {
        self.root.join("tracking")
    }

    /// The store's file: `store.url` of the configuration.
    pub fn store_file(&self) -> PathBuf {
        self.store.clone()
    }

    /// Built arms, target directories, data of running experiments.
    pub fn lab_dir(&self) -> PathBuf {
        self.tracking_dir().join("lab")
    }

    /// Worktrees of agents, their briefs and outputs.
    pub fn work_dir(&self) -> PathBuf {
        self.tracking_dir().join("work")
    }

    /// Captured stacks and flame graphs.
    pub fn profiles_dir(&self) -> PathBuf {
        self.root.join("profiles")
    }

    /// Rendered reports.
    pub fn reports_dir(&self) -> PathBuf {
        self.tracking_dir().join("reports")
    }

    /// Where the machine's lease is: `machine.lease` of the configuration, unless the environment says otherwise. One for each
    /// machine, not for each project: two projects on one machine disturb each other too.
    pub fn lease(&self) -> Place {
        let named = std::env::var_os(LEASE_VARIABLE).filter(|folder| !folder.is_empty());
        Place::new(named.map_or_else(|| self.lease.clone(), |folder| self.root.join(folder)))
    }

    /// What the workbench keeps in the root. Where that is also a package's folder, none of it is the package's source.
    pub fn own_entries(&self) -> [PathBuf; 5] {
        [self.config_file(), self.improvements_dir(), self.agents_dir(), self.tracking_dir(), self.profiles_dir()]
    }

    /// `path` as people want to read it: relative to the root when it lies inside.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// A path as the person who named it sees it, resolved.
pub fn absolute(path: &Path) -> Result<PathBuf, ProjectError> {
    path.canonicalize().map_err(|source| ProjectError::Unreadable { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_found_from_a_folder_below() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        assert!(matches!(Project::above(&below), Err(ProjectError::NotFound { .. })));
        std::fs::write(folder.path().join(CONFIG_FILE), "").unwrap();
        let found = Project::above(&below).unwrap();
        assert_eq!(found.root(), folder.path().canonicalize().unwrap());
        assert_eq!(found.shown(&found.improvements_dir()), "improvements");
        assert!(matches!(Project::at(&below), Err(ProjectError::NotAProject { .. })));
    }
}
