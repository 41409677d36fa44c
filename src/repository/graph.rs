//! What git knows, read in this process: what a branch changes, whether it descends from its base, whether a worktree is clean, whether two
//! branches would conflict. No working tree, index or reference is ever written here.

use std::path::{Path, PathBuf};

use git2::{Delta, DiffOptions, FileMode, Index, Oid, Repository, Status, StatusOptions};
use miette::Diagnostic;
use thiserror::Error;

/// A repository's commits, and one of its worktrees; for reading.
pub struct Graph {
    repository: Repository,
    folder: PathBuf,
}

/// A question that the repository has no answer to.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot {doing} in {}: {}", folder.display(), cause.message())]
#[diagnostic(code(repository::graph), help("the project must be in a git repository with a commit"))]
pub struct GraphError {
    /// What was asked.
    doing: &'static str,
    /// Of which repository.
    folder: PathBuf,
    /// What libgit2 said.
    cause: git2::Error,
}

/// What lies between two commits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Every file that differs, by its path from the repository's top.
    pub files: Vec<Changed>,
    /// Lines added and lines removed, together.
    pub lines: usize,
}

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// From the repository's top. A file that was moved is one that went and one that came.
    pub path: String,
    /// What it is now.
    pub now: Kind,
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A link, which may lead anywhere.
    Link,
    /// Another repository.
    Submodule,
    /// Not there any more.
    Gone,
}

impl Graph {
    /// The repository that `folder` is in.
    pub fn of(folder: &Path) -> Result<Self, GraphError> {
        let open = Repository::discover(folder);
        let repository = open.map_err(failed("find a repository", folder))?;
        Ok(Self { repository, folder: folder.to_path_buf() })
    }

    /// The top of the working tree.
    pub fn top(&self) -> Result<&Path, GraphError> {
        let bare = || failed("find a working tree", &self.folder)(git2::Error::from_str("the repository is bare"));
        self.repository.workdir().ok_or_else(bare)
    }

    /// The commit that `name` stands for, in full; `None` when it stands for none.
    pub fn commit(&self, name: &str) -> Option<String> {
        let found = self.repository.revparse_single(name).and_then(|object| object.peel_to_commit());
        found.ok().map(|commit| commit.id().to_string())
    }

    /// The branch that is checked out; `None` where the head is detached.
    pub fn branch(&self) -> Option<String> {
        let head = self.repository.head().ok()?;
        head.is_branch().then(|| head.shorthand().map(str::to_owned))?
    }

    /// Whether `commit` is `base` or comes after it.
    pub fn descends(&self, commit: &str, base: &str) -> Result<bool, GraphError> {
        let (commit, base) = (self.id(commit)?, self.id(base)?);
        let asked = self.repository.graph_descendant_of(commit, base);
        Ok(commit == base || asked.map_err(failed("compare commits", &self.folder))?)
    }

    /// What lies between two commits.
    pub fn between(&self, base: &str, commit: &str) -> Result<Changes, GraphError> {
        let failed = || failed("compare commits", &self.folder);
        let tree = |name: &str| self.repository.find_commit(self.id(name)?).and_then(|c| c.tree()).map_err(failed());
        let mut options = DiffOptions::new();
        options.ignore_submodules(false).include_typechange(true);
        let (base, commit) = (tree(base)?, tree(commit)?);
        let diff = self.repository.diff_tree_to_tree(Some(&base), Some(&commit), Some(&mut options));
        let diff = diff.map_err(failed())?;
        let stats = diff.stats().map_err(failed())?;
        let files = diff.deltas().map(|delta| {
            let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
            let path = String::from_utf8_lossy(file.path_bytes().unwrap_or_default()).into_owned();
            let now = match (delta.status(), file.mode()) {
                (Delta::Deleted, _) => Kind::Gone,
                (_, FileMode::Link) => Kind::Link,
                (_, FileMode::Commit) => Kind::Submodule,
                (_, _) => Kind::File,
            };
            Changed { path, now }
        });
        Ok(Changes { files: files.collect(), lines: stats.insertions() + stats.deletions() })
    }

    /// What is not committed: changed, staged, conflicting or new files that are not ignored.
    pub fn uncommitted(&self) -> Result<Vec<String>, GraphError> {
        let mut options = StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true).exclude_submodules(false);
        let found = self.repository.statuses(Some(&mut options)).map_err(failed("see what changed", &self.folder))?;
        let dirty = found.iter().filter(|entry| !matches!(entry.status(), Status::CURRENT | Status::IGNORED));
        Ok(dirty.map(|entry| String::from_utf8_lossy(entry.path_bytes()).into_owned()).collect())
    }

    /// Files in which two commits would conflict, were they merged: tried in memory.
    pub fn conflicts(&self, ours: &str, theirs: &str) -> Result<Vec<String>, GraphError> {
        let failed = || failed("try a merge", &self.folder);
        let commit = |name: &str| self.repository.find_commit(self.id(name)?).map_err(failed());
        let index = self.repository.merge_commits(&commit(ours)?, &commit(theirs)?, None).map_err(failed())?;
        conflicting(&index).map_err(failed())
    }

    /// The files that a merge of two commits would have, as a tree that git keeps; or those in which they would conflict. No working tree
    /// is touched.
    pub fn merged(&self, ours: &str, theirs: &str) -> Result<Result<String, Vec<String>>, GraphError> {
        let failed = || failed("merge in memory", &self.folder);
        let commit = |name: &str| self.repository.find_commit(self.id(name)?).map_err(failed());
        let index = self.repository.merge_commits(&commit(ours)?, &commit(theirs)?, None).map_err(failed())?;
        self.kept(index).map_err(failed())
    }

    /// The files of `tip` without what `commit` has changed, as a tree that git keeps; or those in which later changes rest on it. No working
    /// tree is touched.
    pub fn reverted(&self, tip: &str, commit: &str) -> Result<Result<String, Vec<String>>, GraphError> {
        let failed = || failed("revert in memory", &self.folder);
        let found = |name: &str| self.repository.find_commit(self.id(name)?).map_err(failed());
        let index = self.repository.revert_commit(&found(commit)?, &found(tip)?, 0, None).map_err(failed())?;
        self.kept(index).map_err(failed())
    }

    /// The files of an index as a tree that git keeps, or those that are in conflict.
    fn kept(&self, mut index: Index) -> Result<Result<String, Vec<String>>, git2::Error> {
        if index.has_conflicts() {
            return Ok(Err(conflicting(&index)?));
        }
        Ok(Ok(index.write_tree_to(&self.repository)?.to_string()))
    }

    /// The last commit that two have in common.
    pub fn fork(&self, one: &str, other: &str) -> Result<String, GraphError> {
        let found = self.repository.merge_base(self.id(one)?, self.id(other)?);
        found.map(|id| id.to_string()).map_err(failed("find where a branch began", &self.folder))
    }

    /// The tree of files that a commit is.
    pub fn files(&self, commit: &str) -> Result<String, GraphError> {
        let found = self.repository.find_commit(self.id(commit)?);
        found.map(|commit| commit.tree_id().to_string()).map_err(failed("find a commit's files", &self.folder))
    }

    /// Where the files of git are that all worktrees share: references, objects.
    pub fn shared_folder(&self) -> &Path {
        self.repository.commondir()
    }

    /// Where this worktree's own files of git are: index, locks, what a merge was about.
    pub fn own_folder(&self) -> &Path {
        self.repository.path()
    }

    /// What lies between a commit and the files of this worktree, committed or not: lines added and lines removed.
    pub fn size_since(&self, base: &str) -> Result<(usize, usize), GraphError> {
        let failed = || failed("compare a worktree", &self.folder);
        let base = self.tree(base)?;
        let mut options = DiffOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true).show_untracked_content(true);
        let diff = self.repository.diff_tree_to_workdir_with_index(Some(&base), Some(&mut options)).map_err(failed())?;
        let stats = diff.stats().map_err(failed())?;
        Ok((stats.insertions(), stats.deletions()))
    }

    pub(super) fn repository(&self) -> &Repository {
        &self.repository
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn tree(&self, commit: &str) -> Result<git2::Tree<'_>, GraphError> {
        let found = self.repository.find_commit(self.id(commit)?).and_then(|commit| commit.tree());
        found.map_err(failed("find a commit's files", &self.folder))
    }

    pub(super) fn id(&self, name: &str) -> Result<Oid, GraphError> {
        let found = self.repository.revparse_single(name).and_then(|object| object.peel_to_commit());
        found.map(|commit| commit.id()).map_err(failed("find a commit", &self.folder))
    }
}

/// The files of an index that are in conflict.
pub(super) fn conflicting(index: &Index) -> Result<Vec<String>, git2::Error> {
    let sides =
        index.conflicts()?.flatten().filter_map(|conflict| conflict.our.or(conflict.their).or(conflict.ancestor));
    Ok(sides.map(|side| String::from_utf8_lossy(&side.path).into_owned()).collect())
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph").field("folder", &self.folder).finish_non_exhaustive()
    }
}

pub(super) fn failed(doing: &'static str, folder: &Path) -> impl FnOnce(git2::Error) -> GraphError {
    let folder = folder.to_path_buf();
    move |cause| GraphError { doing, folder, cause }
}
