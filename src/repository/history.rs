//! A repository's history: which commit somebody means, and its files written out somewhere else. Nothing here touches a
//! checkout, an index or a branch of anybody's.

use std::fs;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use super::git::{git, git_with_index};

/// A repository with a working tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The top of the working tree.
    top: PathBuf,
}

/// A commit, and the tree of files that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The commit, in full.
    pub id: String,
    /// Its tree, in full: commits with the same files share it.
    pub tree: String,
}

/// Why the history cannot be read.
#[derive(Debug, Error, Diagnostic)]
pub enum HistoryError {
    /// No repository.
    #[error("{} is not in a git repository, so it has no revisions", folder.display())]
    #[diagnostic(
        code(history::no_repository),
        help("`git init` and a commit make one; `.` names the files as they are")
    )]
    NoRepository {
        /// The folder.
        folder: PathBuf,
    },
    /// Nothing of that name.
    #[error("there is no revision `{name}`")]
    #[diagnostic(
        code(history::no_revision),
        help(
            "a revision is a commit, a branch, a tag or `HEAD~1`, `.` the working tree as it is, a path another one; {known}"
        )
    )]
    NoRevision {
        /// As it was named.
        name: String,
        /// Which branches there are.
        known: String,
    },
    /// Git cannot do it.
    #[error("git cannot {doing}: {said}")]
    #[diagnostic(code(history::git), help("check that git is installed, the repository whole and the disk not full"))]
    Git {
        /// What was tried.
        doing: String,
        /// What it said.
        said: String,
    },
}

impl History {
    /// The repository whose working tree holds `folder`.
    pub fn of(folder: &Path) -> Result<Self, HistoryError> {
        let top = git(folder, &["rev-parse", "--show-toplevel"]);
        let none = |_| HistoryError::NoRepository { folder: folder.to_path_buf() };
        Ok(Self { top: PathBuf::from(top.map_err(none)?) })
    }

    /// The top of its working tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The commit that `name` means now.
    pub fn commit(&self, name: &str) -> Result<Commit, HistoryError> {
        let object = |what: &str| {
            let wanted = format!("{name}^{{{what}}}");
            git(&self.top, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])
        };
        match (object("commit"), object("tree")) {
            (Ok(id), Ok(tree)) => Ok(Commit { id, tree }),
            (Err(_), _) | (_, Err(_)) => {
                Err(HistoryError::NoRevision { name: name.to_owned(), known: self.branches() })
            }
        }
    }

    /// Whether files that git knows differ from the commit they were checked out from.
    pub fn is_changed(&self) -> bool {
        git(&self.top, &["status", "--porcelain", "--untracked-files=no"]).is_ok_and(|said| !said.is_empty())
    }

    /// Writes the files of a tree into `folder`, which must not exist: all of it is there afterwards or nothing.
    pub fn write_out(&self, tree: &str, folder: &Path) -> Result<(), HistoryError> {
        let draft = beside(folder, "draft");
        let index = beside(folder, "index");
        let write = || -> Result<(), String> {
            let _ = fs::remove_dir_all(&draft);
            fs::create_dir_all(&draft).map_err(|error| error.to_string())?;
            git_with_index(&self.top, &index, &["read-tree", tree])?;
            let prefix = format!("--prefix={}/", draft.display());
            git_with_index(&self.top, &index, &["checkout-index", "--all", "--force", "--quiet", &prefix])?;
            fs::rename(&draft, folder).map_err(|error| error.to_string())
        };
        let written = write();
        let _ = fs::remove_file(&index);
        written.map_err(|said| {
            let _ = fs::remove_dir_all(&draft);
            HistoryError::Git { doing: format!("write the files of {tree} into {}", folder.display()), said }
        })
    }

    fn branches(&self) -> String {
        let latest = ["for-each-ref", "--count=8", "--sort=-committerdate", "--format=%(refname:short)", "refs/heads"];
        let said = git(&self.top, &latest);
        match said.unwrap_or_default().lines().collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "there is no branch yet".to_owned(),
            some => format!("the latest branches are {some}"),
        }
    }
}

/// A name that nobody else takes, beside `folder`.
fn beside(folder: &Path, what: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.with_file_name(format!(".{name}.{what}.{}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_written_out_and_nothing_else_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let run = |args: &[&str]| git(folder.path(), args).unwrap();
        assert!(matches!(History::of(folder.path()), Err(HistoryError::NoRepository { .. })));
        run(&["init", "-q", "-b", "trunk"]);
        fs::create_dir(folder.path().join("below")).unwrap();
        let commit = |text: &str| {
            fs::write(folder.path().join("below/file"), text).unwrap();
            run(&["add", "."]);
            run(&["-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-q", "-m", text]);
        };
        commit("one");
        commit("two");
        let history = History::of(&folder.path().join("below")).unwrap();
        fs::write(folder.path().join("below/file"), "three").unwrap();
        assert!(history.is_changed());

        let before = run(&["status", "--porcelain"]);
        let first = history.commit("HEAD~1").unwrap();
        let out = tempfile::tempdir().unwrap();
        history.write_out(&first.tree, &out.path().join("source")).unwrap();
        assert_eq!(fs::read_to_string(out.path().join("source/below/file")).unwrap(), "one");
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1, "no draft and no index is left");
        assert_eq!(fs::read_to_string(folder.path().join("below/file")).unwrap(), "three");
        assert_eq!(run(&["status", "--porcelain"]), before);

        for name in ["nothing", "--help", "HEAD~7", ""] {
            let error = history.commit(name).unwrap_err();
            assert!(error.help().unwrap().to_string().contains("the latest branches are trunk"), "{name}");
        }
        assert!(history.write_out("0000", &out.path().join("none")).is_err());
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
    }
}
