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

/// The trailer of a commit that lands a submission, and of one that takes it off again.
const SUBMISSION: &str = "Submission";
const TAKES_OFF: &str = "Takes-off";

/// Where the workbench's own commits come from.
const WORKBENCH_MAIL: &str = "workbench@localhost";

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

/// A commit on the branch, and what its trailers say. Both say nothing where a person has put it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    /// The commit.
    pub commit: String,
    /// The submission that landed with it.
    pub submission: Option<String>,
    /// The submission that was taken off with it.
    pub takes_off: Option<String>,
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
        let commit = self.commit(&files, &agent.name, &mail, &message)?;
        let as_judged = graph.files(&submission.commit)? == files;
        Ok(Coupling::Fits(Coupled { commit, onto: self.tip.clone(), as_judged }))
    }

    /// The commit on the branch that says that it is this submission, unless it was taken off again.
    fn landed(&self, assignment: &Assignment, submission: &Submission) -> Result<Option<String>, GitError> {
        let is_it = |said: &Option<String>| said.as_ref() == Some(&submission.commit);
        let listed = self.log(&assignment.base, &[])?;
        let landed = listed.iter().find(|landing| is_it(&landing.submission));
        let taken_off = listed.iter().any(|landing| is_it(&landing.takes_off));
        Ok(landed.filter(|_| !taken_off).map(|landing| landing.commit.clone()))
    }

    /// Where the branch left what is checked out, and all that stands on it since, the oldest first.
    pub fn journey(&self) -> Result<(String, Vec<Landing>), GitError> {
        let began = Graph::of(&self.repository)?.fork("HEAD", &self.tip)?;
        let landings = self.log(&began, &["--first-parent", "--reverse"])?;
        Ok((began, landings))
    }

    /// The commits of the branch since `base`. Only trailers are ours: what stands above them is the agent's.
    fn log(&self, base: &str, options: &[&str]) -> Result<Vec<Landing>, GitError> {
        let says = |key: &str| format!("%(trailers:key={key},valueonly,separator=%x20)");
        let (format, range) =
            (format!("--format=%H%x09{}%x09{}", says(SUBMISSION), says(TAKES_OFF)), format!("{base}..{}", self.tip));
        let listed = git(&self.repository, &[&["log"], options, &[format.as_str(), &range]].concat())?;
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        // The last line has lost the tabs in its end.
        let landing = |line: &str| {
            let mut parts = line.split('\t');
            let commit = parts.next().unwrap_or_default().to_owned();
            Landing { commit, submission: parts.next().and_then(said), takes_off: parts.next().and_then(said) }
        };
        Ok(listed.lines().map(landing).collect())
    }

    /// Takes off what landed as `commit`, by a commit that undoes it. Or the files in which what came later rests on it: then nothing is done.
    pub fn take_off(&mut self, commit: &str, submission: &str, why: &str) -> Result<Result<(), Vec<String>>, GitError> {
        let files = match Graph::of(&self.repository)?.reverted(&self.tip, commit)? {
            Ok(files) => files,
            Err(conflicts) => return Ok(Err(conflicts)),
        };
        let subject = git(&self.repository, &["log", "-1", "--format=%s", commit])?;
        let message = format!("Take off {}\n\n{why}\n\n{TAKES_OFF}: {submission}", subject.trim());
        let taken = self.commit(&files, AUTHOR, WORKBENCH_MAIL, &message)?;
        self.advance(taken, &self.tip.clone())?;
        Ok(Ok(()))
    }

    /// A commit upon the tip, which the branch has yet to move to.
    fn commit(&self, files: &str, author: &str, mail: &str, message: &str) -> Result<String, GitError> {
        let who = [
            ("GIT_AUTHOR_NAME", author),
            ("GIT_AUTHOR_EMAIL", mail),
            ("GIT_COMMITTER_NAME", "workbench"),
            ("GIT_COMMITTER_EMAIL", WORKBENCH_MAIL),
        ];
        run(&self.repository, &["commit-tree", files, "-p", &self.tip, "-m", message], &who)
    }

    /// Moves the branch, unless somebody else has moved it meanwhile.
    pub fn depart(&mut self, coupled: &Coupled) -> Result<(), GitError> {
        self.advance(coupled.commit.clone(), &coupled.onto)
    }

    fn advance(&mut self, commit: String, onto: &str) -> Result<(), GitError> {
        let (reference, zero) = (format!("refs/heads/{}", self.branch), "0".repeat(onto.len()));
        let before = if self.exists { onto } else { &zero };
        self.clear_stale_lock()?;
        git(&self.repository, &["update-ref", "-m", "workbench merge", &reference, &commit, before])?;
        self.tip = commit;
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
        "{subject}\n\n{note}Improvement: {}\n{SUBMISSION}: {}\nBranch: {}",
        improvement.id, submission.commit, assignment.branch
    )
}
