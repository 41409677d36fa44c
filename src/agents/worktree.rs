//! Where an assignment's work is done: a worktree of its own on a branch of its own.
//!
//! ```text
//! tracking/work/
//!   .gitignore              all of it is nobody's source
//!   <assignment>/tree/      the worktree
//!   <assignment>/target/    Cargo's target directory for it
//!   <assignment>/brief-<n>.md, attempt-<n>.jsonl, mcp.json, supervisor.log
//! ```
//!
//! What somebody has written there is never deleted: a worktree goes only when it is clean, and what an attempt leaves uncommitted is
//! kept as a commit under `refs/workbench/` before anything else happens. The project's own checkout is never touched.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::facts::{Assignment, AssignmentId};
use super::git::{GitError, git, run};
use crate::project::Project;
use crate::repository::Graph;
use crate::units::counted;

/// The folders of one assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worktree {
    /// A folder in the repository that it belongs to.
    repository: PathBuf,
    /// `tracking/work/<assignment>`.
    home: PathBuf,
    branch: String,
    id: AssignmentId,
}

/// What became of a worktree that nobody needs any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// It is gone; its branch stays.
    Gone,
    /// It stays: these files are not committed.
    Kept(Vec<String>),
}

/// Why a worktree's commit says nothing of what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unready {
    /// It is not there.
    Gone,
    /// Another branch is checked out, or none.
    Elsewhere {
        /// The branch that it belongs on.
        branch: String,
        /// The one that it is on.
        on: Option<String>,
    },
    /// These files are not committed.
    Uncommitted(Vec<String>),
    /// The branch does not exist any more.
    NoBranch(String),
}

impl Unready {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Gone => "`workbench recover` checks its branch out again".to_owned(),
            Self::Elsewhere { branch, .. } => format!("`git switch {branch}` there"),
            Self::Uncommitted(_) => "commit them, or let git ignore them".to_owned(),
            Self::NoBranch(_) => "make it again, or withdraw the assignment".to_owned(),
        }
    }
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("its worktree is gone"),
            Self::Elsewhere { on, .. } => write!(f, "its worktree is on {}", on.as_deref().unwrap_or("no branch")),
            Self::Uncommitted(files) => {
                let shown = files.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
                write!(f, "{} not committed: {shown}", counted(files.len(), "file"))
            }
            Self::NoBranch(branch) => write!(f, "its branch {branch} is gone"),
        }
    }
}

impl Worktree {
    /// Of an assignment; it may not exist.
    pub fn of(project: &Project, assignment: &Assignment) -> Self {
        Self {
            repository: project.root().to_path_buf(),
            home: project.work_dir().join(assignment.id.0.to_string()),
            branch: assignment.branch.clone(),
            id: assignment.id,
        }
    }

    /// The folder of all that belongs to the assignment.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The worktree's top.
    pub fn tree(&self) -> PathBuf {
        self.home.join("tree")
    }

    /// The project's folder in the worktree: below its top where it is below the repository's.
    pub fn project(&self) -> Result<PathBuf, GitError> {
        let graph = Graph::of(&self.repository)?;
        let top = graph.top()?.canonicalize().unwrap_or_else(|_| self.repository.clone());
        let below = self.repository.strip_prefix(top).unwrap_or(Path::new(""));
        // Joined with nothing a path ends in a slash.
        Ok(if below.as_os_str().is_empty() { self.tree() } else { self.tree().join(below) })
    }

    /// Cargo's target directory for it.
    pub fn target(&self) -> PathBuf {
        self.home.join("target")
    }

    /// The brief of an attempt.
    pub fn brief(&self, attempt: u32) -> PathBuf {
        self.home.join(format!("brief-{attempt}.md"))
    }

    /// The output of an attempt.
    pub fn output(&self, attempt: u32) -> PathBuf {
        self.home.join(format!("attempt-{attempt}.jsonl"))
    }

    /// How our MCP server is started for whoever works here.
    pub fn mcp_file(&self) -> PathBuf {
        self.home.join("mcp.json")
    }

    /// What the supervisor has to say when nobody looks on.
    pub fn supervisor_log(&self) -> PathBuf {
        self.home.join("supervisor.log")
    }

    /// The brief that was written last.
    pub fn newest_brief(&self) -> Option<PathBuf> {
        let names = fs::read_dir(&self.home).ok()?.flatten().map(|entry| entry.file_name());
        let number = |name: &OsStr| name.to_str()?.strip_prefix("brief-")?.strip_suffix(".md")?.parse::<u32>().ok();
        names.filter_map(|name| number(&name)).max().map(|newest| self.brief(newest))
    }

    /// The commit that the branch is at, when all of the worktree is in it.
    pub fn head(&self) -> Result<Result<String, Unready>, GitError> {
        let tree = self.tree();
        if !tree.exists() {
            return Ok(Err(Unready::Gone));
        }
        let graph = Graph::of(&tree)?;
        let on = graph.branch();
        if on.as_deref() != Some(&self.branch) {
            return Ok(Err(Unready::Elsewhere { branch: self.branch.clone(), on }));
        }
        let dirty = graph.uncommitted()?;
        if !dirty.is_empty() {
            return Ok(Err(Unready::Uncommitted(dirty)));
        }
        let head = graph.commit(&format!("refs/heads/{}", self.branch));
        Ok(head.ok_or_else(|| Unready::NoBranch(self.branch.clone())))
    }

    /// Makes the home folder, in a folder that git ignores.
    pub fn prepare(&self) -> io::Result<()> {
        fs::create_dir_all(&self.home)?;
        let Some(all) = self.home.parent() else { return Ok(()) };
        let ignore = all.join(".gitignore");
        if !ignore.exists() {
            fs::write(ignore, "*\n")?;
        }
        Ok(())
    }

    /// Checks the branch out, and makes it at `base` where there is none; nothing happens to a worktree that is there. Returns whether
    /// it was made.
    pub fn ensure(&self, base: &str) -> Result<bool, GitError> {
        if Graph::of(&self.tree())
            .is_ok_and(|graph| graph.top().is_ok_and(|top| same(top, &self.tree())) && !is_half_made(&graph))
        {
            return Ok(false);
        }
        self.unlock();
        self.set_aside().map_err(|cause| GitError::Folder { doing: "set aside", path: self.tree(), cause })?;
        let folder = self.tree().display().to_string();
        // One that somebody has deleted, or that was never finished, still holds its branch. None is there as a rule.
        let _ = git(&self.repository, &["worktree", "unlock", &folder]);
        let _ = git(&self.repository, &["worktree", "remove", "--force", &folder]);
        if Graph::of(&self.repository)?.commit(&format!("refs/heads/{}", self.branch)).is_some() {
            git(&self.repository, &["worktree", "add", "--quiet", &folder, &self.branch])?;
        } else {
            git(&self.repository, &["worktree", "add", "--quiet", "-b", &self.branch, &folder, base])?;
        }
        Ok(true)
    }

    /// What stands where the worktree should be, and is none, gets another name.
    fn set_aside(&self) -> io::Result<()> {
        let tree = self.tree();
        if !tree.exists() {
            return Ok(());
        }
        let free = (1..).map(|n| self.home.join(format!("tree-kept-{n}"))).find(|path| !path.exists());
        free.map_or(Ok(()), |free| fs::rename(&tree, free))
    }

    /// Keeps what is not committed as a commit of its own, under a reference that no branch sees; neither worktree nor index change.
    /// `None` when all is committed, or nothing is there.
    pub fn snapshot(&self, attempt: u32) -> Result<Option<String>, GitError> {
        let tree = self.tree();
        let Ok(graph) = Graph::of(&tree) else { return Ok(None) };
        if !graph.top().is_ok_and(|top| same(top, &tree)) || graph.uncommitted()?.is_empty() {
            return Ok(None);
        }
        let index = self.home.join(format!("snapshot-{attempt}.index"));
        let kept = self.keep(&tree, &index, attempt);
        let _ = fs::remove_file(&index);
        kept.map(Some)
    }

    fn keep(&self, tree: &Path, index: &Path, attempt: u32) -> Result<String, GitError> {
        let index = index.display().to_string();
        let who = [("GIT_AUTHOR_NAME", "workbench"), ("GIT_COMMITTER_NAME", "workbench")];
        let mail = [("GIT_AUTHOR_EMAIL", "workbench@localhost"), ("GIT_COMMITTER_EMAIL", "workbench@localhost")];
        let env = [&[("GIT_INDEX_FILE", index.as_str())], &who[..], &mail[..]].concat();
        run(tree, &["read-tree", "HEAD"], &env)?;
        run(tree, &["add", "--all", "."], &env)?;
        let files = run(tree, &["write-tree"], &env)?;
        let message = format!("What attempt {attempt} of {} had not committed", self.id);
        let commit = run(tree, &["commit-tree", &files, "-p", "HEAD", "-m", &message], &env)?;
        git(tree, &["update-ref", &format!("refs/workbench/{}/attempt-{attempt}", self.id.0), &commit])?;
        Ok(commit)
    }

    /// Removes the locks that git commands leave behind that are killed; only where nobody works. Returns whether there was one.
    pub fn unlock(&self) -> bool {
        self.locks().iter().filter(|lock| fs::remove_file(lock).is_ok()).count() > 0
    }

    /// Whether a git command was killed here, or is at work.
    pub fn is_locked(&self) -> bool {
        self.locks().iter().any(|lock| lock.exists())
    }

    /// The locks of the worktree, and of the references that are the assignment's.
    fn locks(&self) -> Vec<PathBuf> {
        let own = Graph::of(&self.tree()).ok().filter(|_| self.tree().exists());
        let own =
            own.into_iter().flat_map(|graph| ["index.lock", "HEAD.lock"].map(|name| graph.own_folder().join(name)));
        let refs = Graph::of(&self.repository).map(|graph| graph.shared_folder().join("refs"));
        let refs = refs.into_iter().flat_map(|refs| {
            let kept = fs::read_dir(refs.join(format!("workbench/{}", self.id.0))).into_iter().flatten().flatten();
            let kept = kept.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "lock"));
            kept.chain([refs.join(format!("heads/{}.lock", self.branch))]).collect::<Vec<_>>()
        });
        own.chain(refs).collect()
    }

    /// Removes the worktree and what was built in it, unless something is not committed. Branch, briefs and outputs stay.
    pub fn remove(&self) -> Result<Removed, GitError> {
        if let Ok(graph) = Graph::of(&self.tree())
            && graph.top().is_ok_and(|top| same(top, &self.tree()))
        {
            let dirty = graph.uncommitted()?;
            if !dirty.is_empty() {
                return Ok(Removed::Kept(dirty));
            }
            // Without --force: git looks once more for itself.
            git(&self.repository, &["worktree", "remove", &self.tree().display().to_string()])?;
        }
        let _ = fs::remove_dir_all(self.target());
        Ok(Removed::Gone)
    }
}

/// Git locks a worktree while it makes it. Where the lock is left, git was killed, and nobody has worked there.
fn is_half_made(graph: &Graph) -> bool {
    fs::read_to_string(graph.own_folder().join("locked")).is_ok_and(|why| why.trim() == "initializing")
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::improvements::ImprovementId;
    use crate::repository::Kind;

    struct World {
        folder: tempfile::TempDir,
        worktree: Worktree,
        base: String,
    }

    const WHO: [&str; 4] = ["-c", "user.name=n", "-c", "user.email=e@example.org"];

    fn commit(folder: &Path, file: &str, text: &str) -> String {
        fs::write(folder.join(file), text).unwrap();
        git(folder, &["add", "."]).unwrap();
        git(folder, &[&WHO[..], &["commit", "-q", "-m", text]].concat()).unwrap();
        git(folder, &["rev-parse", "HEAD"]).unwrap()
    }

    fn world() -> World {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        git(&root, &["init", "-q", "-b", "trunk"]).unwrap();
        let base = commit(&root, "file", "one");
        let assignment = Assignment {
            id: AssignmentId(3),
            at: Timestamp::UNIX_EPOCH,
            improvement: ImprovementId("T003".to_owned()),
            agent: 1,
            branch: "agent1/t003-3".to_owned(),
            base: base.clone(),
        };
        let worktree = Worktree::of(&Project::to_be(&root), &assignment);
        worktree.prepare().unwrap();
        World { folder, worktree, base }
    }

    #[test]
    fn a_worktree_is_made_once_and_again_when_it_was_deleted() {
        let World { folder, worktree, base } = world();
        assert!(worktree.ensure(&base).unwrap());
        assert!(!worktree.ensure(&base).unwrap());
        let work = commit(&worktree.tree(), "file", "two");
        fs::remove_dir_all(worktree.tree()).unwrap();
        assert!(worktree.ensure(&base).unwrap());
        let graph = Graph::of(&worktree.tree()).unwrap();
        assert_eq!((graph.commit("HEAD"), graph.branch().as_deref()), (Some(work), Some("agent1/t003-3")));
        // Without its `.git` it is no worktree: what is in it is kept under another name.
        fs::write(worktree.tree().join("notes"), "mine").unwrap();
        fs::remove_file(worktree.tree().join(".git")).unwrap();
        assert!(worktree.ensure(&base).unwrap());
        assert_eq!(fs::read_to_string(worktree.home().join("tree-kept-1/notes")).unwrap(), "mine");
        // The checkout is as it was, and sees nothing of all this.
        assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "one");
        assert_eq!(Graph::of(folder.path()).unwrap().uncommitted().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_worktree_that_was_never_finished_is_made_again() {
        let World { folder: _folder, worktree, base } = world();
        worktree.ensure(&base).unwrap();
        // As `git worktree add` leaves it when it is killed: locked, and only some files are there.
        let own = Graph::of(&worktree.tree()).unwrap().own_folder().to_path_buf();
        fs::write(own.join("locked"), "initializing\n").unwrap();
        fs::remove_file(worktree.tree().join("file")).unwrap();
        assert!(worktree.ensure(&base).unwrap());
        assert_eq!(fs::read_to_string(worktree.tree().join("file")).unwrap(), "one");
        assert!(!worktree.ensure(&base).unwrap());
    }

    #[test]
    fn what_is_not_committed_is_kept_and_a_dirty_worktree_stays() {
        let World { folder: _folder, worktree, base } = world();
        worktree.ensure(&base).unwrap();
        assert_eq!(worktree.snapshot(1).unwrap(), None);
        fs::write(worktree.tree().join("file"), "two").unwrap();
        fs::write(worktree.tree().join("new"), "new").unwrap();
        let kept = worktree.snapshot(1).unwrap().unwrap();
        let show = |path: &str| git(&worktree.tree(), &["show", &format!("{kept}:{path}")]).unwrap();
        assert_eq!((show("file"), show("new")), ("two".to_owned(), "new".to_owned()));
        let graph = Graph::of(&worktree.tree()).unwrap();
        assert_eq!(graph.commit("HEAD").unwrap(), base, "the branch did not move");
        let dirty = ["file".to_owned(), "new".to_owned()];
        assert_eq!(graph.uncommitted().unwrap(), dirty, "nothing was staged or lost");
        assert_eq!(worktree.remove().unwrap(), Removed::Kept(dirty.to_vec()));
        assert!(worktree.tree().join("new").exists());
        commit(&worktree.tree(), "file", "three");
        assert_eq!(worktree.remove().unwrap(), Removed::Gone);
        assert!(!worktree.tree().exists());
    }

    #[test]
    fn a_lock_that_a_killed_git_left_is_taken_away() {
        let World { folder: _folder, worktree, base } = world();
        worktree.ensure(&base).unwrap();
        assert!(!worktree.unlock());
        let own = Graph::of(&worktree.tree()).unwrap().own_folder().to_path_buf();
        fs::write(own.join("index.lock"), "").unwrap();
        assert!(git(&worktree.tree(), &["add", "."]).is_err());
        assert!(worktree.is_locked() && worktree.unlock() && !worktree.is_locked());
        git(&worktree.tree(), &["add", "."]).unwrap();
        // So is that of its branch.
        fs::write(worktree.repository.join(".git/refs/heads/agent1/t003-3.lock"), "").unwrap();
        assert!(git(&worktree.tree(), &[&WHO[..], &["commit", "-q", "--allow-empty", "-m", "x"]].concat()).is_err());
        assert!(worktree.unlock());
        commit(&worktree.tree(), "file", "two");
    }

    #[test]
    fn the_graph_tells_what_changed_what_descends_and_what_would_conflict() {
        let World { folder, worktree, base } = world();
        worktree.ensure(&base).unwrap();
        let work = commit(&worktree.tree(), "file", "ours");
        fs::write(worktree.tree().join("added"), "a\nb\n").unwrap();
        std::os::unix::fs::symlink("/etc", worktree.tree().join("link")).unwrap();
        let work2 = commit(&worktree.tree(), "other", "x\n");
        let graph = Graph::of(folder.path()).unwrap();
        let changes = graph.between(&base, &work2).unwrap();
        let found: Vec<(&str, Kind)> = changes.files.iter().map(|file| (file.path.as_str(), file.now)).collect();
        assert_eq!(found, [("added", Kind::File), ("file", Kind::File), ("link", Kind::Link), ("other", Kind::File)]);
        assert_eq!(changes.lines, 6);
        assert!(graph.descends(&work2, &base).unwrap() && !graph.descends(&base, &work).unwrap());
        let theirs = commit(folder.path(), "file", "theirs");
        assert_eq!(graph.conflicts(&theirs, &work2).unwrap(), ["file"]);
        assert_eq!(graph.conflicts(&base, &work2).unwrap(), Vec::<String>::new());
    }
}
