//! Which branch and commit a folder is at.

use std::path::Path;

use super::git::git;

/// A folder as git sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repository {
    /// Under no version control, or there is no git to tell.
    None,
    /// A repository without a commit.
    Empty,
    /// At a commit.
    At {
        /// The branch; absent while the head is detached.
        branch: Option<String>,
        /// The commit, seven digits or as many as it takes.
        commit: String,
    },
}

impl Repository {
    /// Looks at the repository that holds `folder`.
    pub fn of(folder: &Path) -> Self {
        if git(folder, &["rev-parse", "--git-dir"]).is_err() {
            return Self::None;
        }
        match git(folder, &["rev-parse", "--short=7", "--verify", "HEAD"]) {
            Ok(commit) => Self::At { branch: git(folder, &["symbolic-ref", "--short", "HEAD"]).ok(), commit },
            Err(_) => Self::Empty,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_nothing_then_empty_then_at_a_commit() {
        let folder = tempfile::tempdir().unwrap();
        let of = || Repository::of(folder.path());
        assert_eq!(of(), Repository::None);
        let run = |args: &[&str]| git(folder.path(), args).unwrap();
        run(&["init", "-q", "-b", "trunk"]);
        assert_eq!(of(), Repository::Empty);
        let who = ["-c", "user.name=n", "-c", "user.email=e@example.org"];
        run(&[&who[..], &["commit", "-q", "--allow-empty", "-m", "first"]].concat());
        let Repository::At { branch, commit } = of() else { panic!("{:?}", of()) };
        assert_eq!((branch.as_deref(), commit.len()), (Some("trunk"), 7));
        run(&["checkout", "-q", "--detach"]);
        assert_eq!(of(), Repository::At { branch: None, commit });
    }
}
