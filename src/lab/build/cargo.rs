//! Running Cargo as a child that leaves nobody behind, listening to what it says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use super::lane::Lane;
use crate::lab::LabError;
use crate::lab::process::{Group, watched_command};

/// What is kept of Cargo's output: its end.
const KEPT_LINES: usize = 80;

/// Cargo, and where its processes are recorded.
#[derive(Debug, Clone)]
pub(super) struct Cargo {
    program: OsString,
    rustc: OsString,
    running: PathBuf,
}

/// How a run of Cargo ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) success: bool,
    /// Lines of stdout, whole.
    pub(super) stdout: Vec<String>,
    /// The end of what it said for people.
    pub(super) said: String,
}

impl Cargo {
    pub(super) fn new(running: PathBuf) -> Self {
        let or = |variable: &str, name: &str| std::env::var_os(variable).unwrap_or_else(|| name.into());
        Self { program: or("CARGO", "cargo"), rustc: or("RUSTC", "rustc"), running }
    }

    /// A Cargo command in `workspace`, without what a surrounding `cargo run` has put into the environment for the
    /// workbench itself.
    pub(super) fn command(&self, workspace: &Path) -> Command {
        let mut command = watched_command(&self.program);
        command.current_dir(workspace);
        for (name, _) in std::env::vars_os() {
            let foreign = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
            if name.to_str().is_some_and(|name| foreign.iter().any(|prefix| name.starts_with(prefix))) {
                command.env_remove(name);
            }
        }
        command.env_remove("LD_LIBRARY_PATH").env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
        command
    }

    /// Runs to the end, or for `limit`.
    pub(super) async fn run(
        &self,
        command: &mut Command,
        limit: Duration,
        lane: &Lane,
    ) -> Result<Option<Ended>, LabError> {
        self.exists().await?;
        let failed = |source| self.missing(source);
        let mut group = Group::spawn(command, &self.running).map_err(failed)?;
        let Some((_watcher, stdout, stderr)) = group.take_pipes() else {
            return Err(failed(std::io::ErrorKind::BrokenPipe.into()));
        };
        let whole = async {
            let (stdout, said, status) = tokio::join!(lines(stdout, lane), lines(stderr, lane), group.wait());
            let said = &said[said.len().saturating_sub(KEPT_LINES)..];
            Ok(Ended { success: status.map_err(failed)?.success(), stdout, said: said.join("\n") })
        };
        match tokio::time::timeout(limit, whole).await {
            Ok(ended) => ended.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// What `cargo metadata` says of the workspace's own packages.
    pub(super) async fn metadata(&self, workspace: &Path) -> Result<String, LabError> {
        self.answer(workspace, &["metadata", "--no-deps", "--format-version", "1"]).await
    }

    /// Writes the workspace's Cargo.lock.
    pub(super) async fn lock(&self, workspace: &Path) -> Result<(), LabError> {
        self.answer(workspace, &["generate-lockfile"]).await.map(drop)
    }

    /// What a quick command of Cargo says.
    async fn answer(&self, workspace: &Path, args: &[&str]) -> Result<String, LabError> {
        let mut command = self.plain(&self.program);
        command.current_dir(workspace).args(args);
        let output = command.output().await.map_err(|source| self.missing(source))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(LabError::Target { message: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
        }
    }

    /// What the compiler of `workspace` says of itself.
    pub(super) async fn toolchain(&self, workspace: &Path) -> Result<String, LabError> {
        let missing = |cause| LabError::NoCompiler { program: self.rustc.to_string_lossy().into_owned(), cause };
        let output = self.plain(&self.rustc).arg("-vV").current_dir(workspace).output().await.map_err(missing)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The shell between us and Cargo would report a missing one as exit code 127: ask before.
    async fn exists(&self) -> Result<(), LabError> {
        let asked = self.plain(&self.program).arg("--version").output().await;
        asked.map(|_| ()).map_err(|source| self.missing(source))
    }

    fn plain(&self, program: &OsString) -> Command {
        let mut command = Command::new(program);
        command.kill_on_drop(true);
        command
    }

    fn missing(&self, cause: std::io::Error) -> LabError {
        LabError::NoCompiler { program: self.program.to_string_lossy().into_owned(), cause }
    }
}

async fn lines(stream: impl AsyncRead + Unpin, lane: &Lane) -> Vec<String> {
    let mut reader = BufReader::new(stream).split(b'\n');
    let mut lines = Vec::new();
    while let Ok(Some(line)) = reader.next_segment().await {
        let line = String::from_utf8_lossy(&line).into_owned();
        // Cargo's messages for machines are one JSON object a line: nothing for people.
        if !line.is_empty() && !line.starts_with('{') {
            lane.line(&line);
        }
        lines.push(line);
    }
    lines
}
