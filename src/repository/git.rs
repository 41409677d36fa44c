//! Running git.

use std::path::Path;
use std::process::{Command, Stdio};

/// What git prints, trimmed, or else what it complains of.
pub(super) fn git(folder: &Path, args: &[&str]) -> Result<String, String> {
    run(command(folder, args))
}

/// The same with `index` instead of the repository's own index.
pub(super) fn git_with_index(folder: &Path, index: &Path, args: &[&str]) -> Result<String, String> {
    let mut command = command(folder, args);
    command.env("GIT_INDEX_FILE", index);
    run(command)
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(args).stdin(Stdio::null());
    command
}

fn run(mut command: Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("git does not run: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}
