//! The merge train: approved work, one after the other, onto the integration branch.
//!
//! Each submission becomes one commit on the branch's tip, `[Agent1] Transaction: what it is`; the steps that led to it stay on the agent's branch.
//! What turns out later to cost the whole more than it may is taken off again, by a commit that undoes it.
//! The commit is made in memory, from a merge that touches no working tree, and measured before the branch moves; the branch moves only from the
//! tip that was measured. Rejected: merge commits, whose second parents would bring attempts that nobody reviewed into the history.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::facts::{Assignment, Review, Submission};
use super::git::{GitError, git, run};
use super::roster::Agent;
use crate::improvements::Improvement;
use crate::repository::Graph;

/// Who sends back what does not fit: the author of such a review.
pub const AUTHOR: &str = "merge train";

/// How the reason of a conflict begins.
const CONFLICT: &str = "it conflicts with";

/// Why a submission is sent back that conflicts with `branch`.
pub fn conflict(branch: &str, files: &[String]) -> String {
    format!("{CONFLICT} {branch} in {}", files.join(", "))
}

/// Whether the train has sent it back for a conflict, and not for what was measured.
pub fn is_conflict(review: &Review) -> bool {
    review.author == AUTHOR && review.comment.starts_with(CONFLICT)
}

/// How the trailer begins of a commit that takes off what landed as that submission.
const TAKES_OFF: &str = "Takes-off";

/// No git command that runs holds a branch's lock for so long.
const LOCK_AGE_MAX: Duration = Duration::from_secs(10);

/// The branch that accepted work lands on.
#[derive(Debug)]
pub struct Train {
    repository: PathBuf,
    branch: String,
    /// Where it is; where it would begin while there is none.
    tip: String,
    exists: bool,
}

/// A submission on the tip, not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupled {
    /// The commit that the branch would move to.
    pub commit: String,
    /// What it was put upon.
    pub onto: String,
    /// Nothing else came between: its files are those that the gates have seen.
    pub as_judged: bool,
}

/// A commit on the branch since it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    /// The commit.
    pub commit: String,
    /// The submission that landed with it; nothing where a person has put it there.
    pub submission: Option<String>,
}

/// What came of coupling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coupling {
    /// It fits.
    Fits(Coupled),
    /// It conflicts with what landed meanwhile, in these files.
    Conflicts(Vec<String>),
    /// It landed, as this commit; whoever did it was killed before that was written down.
    Landed(String),
    /// All of it is there already, from somebody else.
    Nothing,
}

impl Train {
    /// The branch as it is now, or from the commit that is checked out.
    pub fn at(project: &Path, branch: &str) -> Result<Option<Self>, GitError> {
        let graph = Graph::of(project)?;
        let there = graph.commit(&format!("refs/heads/{branch}"));
        let exists = there.is_some();
        let tip = there.or_else(|| graph.commit("HEAD"));
        Ok(tip.map(|tip| Self { repository: project.to_path_buf(), branch: branch.to_owned(), tip, exists }))
    }

    /// Whether somebody has the branch checked out: a branch that moves beneath a checkout makes it look changed.
    pub fn is_checked_out(&self) -> Result<bool, GitError> {
        let listed = git(&self.repository, &["worktree", "list", "--porcelain"])?;
        let wanted = format!("branch refs/heads/{}", self.branch);
        Ok(listed.lines().any(|line| line == wanted))
    }

    /// Puts a submission upon the tip, in memory.
    pub fn couple(
        &self,
        assignment: &Assignment,
        submission: &Submission,
        improvement: &Improvement,
        agent: &Agent,
    ) -> Result<Coupling, GitError> {
        // First of all: what came after it may well conflict with it by now.
        if let Some(commit) = self.landed(assignment, submission)? {
            return Ok(Coupling::Landed(commit));
        }
        let graph = Graph::of(&self.repository)?;
        let files = match graph.merged(&self.tip, &submission.commit)? {
            Ok(files) => files,
            Err(conflicts) => return Ok(Coupling::Conflicts(conflicts)),
        };
        if graph.files(&self.tip)? == files {
            return Ok(Coupling::Nothing);
        }
        let message = message(assignment, submission, improvement, agent);
        let mail = format!("agent{}@localhost", agent.number);
        let who = [
            ("GIT_AUTHOR_NAME", agent.name.as_str()),
            ("GIT_AUTHOR_EMAIL", &mail),
            ("GIT_COMMITTER_NAME", "workbench"),
            ("GIT_COMMITTER_EMAIL", "workbench@localhost"),
        ];
        let commit = run(&self.repository, &["commit-tree", &files, "-p", &self.tip, "-m", &message], &who)?;
        let as_judged = graph.files(&submission.commit)? == files;
        Ok(Coupling::Fits(Coupled { commit, onto: self.tip.clone(), as_judged }))
    }

    /// The commit on the branch that says that it is this submission, unless it was taken off again.
    fn landed(&self, assignment: &Assignment, submission: &Submission) -> Result<Option<String>, GitError> {
        let listed = self.says("Submission", &assignment.base)?;
        let landed = listed.into_iter().find(|(_, says)| *says == submission.commit).map(|(commit, _)| commit);
        let off = self.says(TAKES_OFF, &assignment.base)?;
        Ok(landed.filter(|_| off.iter().all(|(_, says)| *says != submission.commit)))
    }

    /// Commits since `base` with what the trailer `key` says in each, the newest first. Only trailers are ours: what stands above them is the agent's.
    fn says(&self, key: &str, base: &str) -> Result<Vec<(String, String)>, GitError> {
        let format = format!("--format=%H %(trailers:key={key},valueonly,separator=%x20)");
        let listed = git(&self.repository, &["log", &format, &format!("{base}..{}", self.tip)])?;
        let pairs = listed.lines().filter_map(|line| line.split_once(' '));
        Ok(pairs.map(|(commit, says)| (commit.to_owned(), says.to_owned())).collect())
    }

    /// Where the branch left what is checked out, and all that stands on it since, the oldest first.
    pub fn journey(&self) -> Result<(String, Vec<Landing>), GitError> {
        let graph = Graph::of(&self.repository)?;
        let base = graph.fork("HEAD", &self.tip)?;
        let says = self.says("Submission", &base)?;
        let landing = |commit: String| {
            let found = says.iter().find(|(of, says)| *of == commit && !says.is_empty());
            Landing { submission: found.map(|(_, says)| says.clone()), commit }
        };
        let line = graph.line(&base, &self.tip)?;
        Ok((base, line.into_iter().map(landing).collect()))
    }

    /// Submissions that were taken off again since the branch left what is checked out.
    pub fn taken_off(&self) -> Result<Vec<String>, GitError> {
        let base = Graph::of(&self.repository)?.fork("HEAD", &self.tip)?;
        Ok(self.says(TAKES_OFF, &base)?.into_iter().map(|(_, says)| says).filter(|says| !says.is_empty()).collect())
    }

    /// Takes off what landed as `commit`, by a commit that undoes it. Or the files in which what came later rests on it: then nothing is done.
    pub fn take_off(
        &mut self,
        commit: &str,
        submission: &str,
        why: &str,
    ) -> Result<Result<String, Vec<String>>, GitError> {
        let files = match Graph::of(&self.repository)?.reverted(&self.tip, commit)? {
            Ok(files) => files,
            Err(conflicts) => return Ok(Err(conflicts)),
        };
        let subject = git(&self.repository, &["log", "-1", "--format=%s", commit])?;
        let message = format!("Take off {}\n\n{why}\n\n{TAKES_OFF}: {submission}", subject.trim());
        let who = [
            ("GIT_AUTHOR_NAME", AUTHOR),
            ("GIT_AUTHOR_EMAIL", "workbench@localhost"),
            ("GIT_COMMITTER_NAME", "workbench"),
            ("GIT_COMMITTER_EMAIL", "workbench@localhost"),
        ];
        let taken = run(&self.repository, &["commit-tree", &files, "-p", &self.tip, "-m", &message], &who)?;
        self.depart(&Coupled { commit: taken.clone(), onto: self.tip.clone(), as_judged: false })?;
        Ok(Ok(taken))
    }

    /// Moves the branch, unless somebody else has moved it meanwhile.
    pub fn depart(&mut self, coupled: &Coupled) -> Result<(), GitError> {
        let (reference, zero) = (format!("refs/heads/{}", self.branch), "0".repeat(coupled.onto.len()));
        let before = if self.exists { &coupled.onto } else { &zero };
        self.clear_stale_lock()?;
        git(&self.repository, &["update-ref", "-m", "workbench merge", &reference, &coupled.commit, before])?;
        self.tip.clone_from(&coupled.commit);
        self.exists = true;
        Ok(())
    }

    /// Git holds the lock of a branch for milliseconds: an old one was left by a command that was killed.
    fn clear_stale_lock(&self) -> Result<(), GitError> {
        let refs = Graph::of(&self.repository)?.shared_folder().join("refs/heads");
        let lock = refs.join(format!("{}.lock", self.branch));
        let age = fs::metadata(&lock).and_then(|lock| lock.modified()).ok().and_then(|made| made.elapsed().ok());
        if age.is_some_and(|age| age > LOCK_AGE_MAX) {
            let _ = fs::remove_file(lock);
        }
        Ok(())
    }
}

/// `[Agent1] Transaction: WAL group commit optimization`
fn message(assignment: &Assignment, submission: &Submission, improvement: &Improvement, agent: &Agent) -> String {
    let subject = format!("[Agent{}] {}: {}", agent.number, improvement.category, improvement.title);
    let note = if submission.note.is_empty() { String::new() } else { format!("{}\n\n", submission.note) };
    format!(
        "{subject}\n\n{note}Improvement: {}\nSubmission: {}\nBranch: {}",
        improvement.id, submission.commit, assignment.branch
    )
}
