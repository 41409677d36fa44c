//! Running git where a working tree or a reference changes.
//!
//! Hooks and helpers of the repository's configuration do not run: whoever works in a worktree can write both, and what the workbench
//! does must not run what an agent has left there.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miette::Diagnostic;
use thiserror::Error;

use crate::machine::processes::end_with_parent;
use crate::repository::GraphError;

/// What a worktree failed with.
#[derive(Debug, Error, Diagnostic)]
pub enum GitError {
    /// The program refused.
    #[error("`git {command}` failed in {}: {said}", folder.display())]
    #[diagnostic(code(git::command), help("run it by hand to see more; nothing else was changed"))]
    Command {
        /// The subcommand.
        command: String,
        /// Where.
        folder: PathBuf,
        /// What it said.
        said: String,
    },
    /// There is no git.
    #[error("cannot run git: {0}")]
    #[diagnostic(code(git::missing), help("install git, or put it on PATH"))]
    Missing(io::Error),
    /// A folder of a worktree.
    #[error("cannot {doing} {}: {cause}", path.display())]
    #[diagnostic(
        code(git::folder),
        help("check that the disk is not full and the folder belongs to you; nothing was deleted")
    )]
    Folder {
        /// What was tried.
        doing: &'static str,
        /// With which.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The repository has no answer.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Graph(#[from] GraphError),
}

/// Runs git in `folder`; what it prints, without the end of the line.
pub(super) fn git(folder: &Path, args: &[&str]) -> Result<String, GitError> {
    run(folder, args, &[])
}

/// The same with `env` in its environment.
pub(super) fn run(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> Result<String, GitError> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]);
    command.args(["-c", "commit.gpgSign=false", "-c", "gc.auto=0"]).args(args).stdin(Stdio::null());
    // Set where the workbench itself is run by a hook of git; they would point somewhere else.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"] {
        command.env_remove(variable);
    }
    command.envs(env.iter().copied());
    // Whoever goes on after us must not meet it at work; told to end, it takes its locks away.
    end_with_parent(&mut command);
    let output = command.output().map_err(GitError::Missing)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(GitError::Command { command: args.join(" "), folder: folder.to_path_buf(), said })
}
