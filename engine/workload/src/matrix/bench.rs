//! Builds a set of improvements and runs on it what goes through the composition.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use probe::protocol::Failure;

use super::sets::FeatureSet;
use crate::relay::Handover;

/// Tests that run on the variants a build selects. The others name their variants themselves: they say the same in every
/// build, and `cargo test` runs them once.
const TESTS: &[&str] =
    &["txn_database", "txn_model", "txn_threads", "histories", "recovery_open", "crash_enumeration", "tpcc_engine"];

/// A directory of builds, and the workspace they are built from.
#[derive(Debug)]
pub struct Bench {
    workspace: PathBuf,
    place: PathBuf,
}

/// A set that is built, and where.
#[derive(Debug, Clone, Copy)]
pub struct Built<'a> {
    set: &'a FeatureSet,
    lane: Lane,
}

/// One of two target directories, so that a set is built while the one before is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// One.
    Left,
    /// The other.
    Right,
}

impl Lane {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// How the tests of a set went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tested {
    /// Tests that passed.
    pub passed: u64,
}

impl Bench {
    /// The workspace of the current directory, with its builds in `target/matrix`.
    pub fn find() -> Result<Self, Failure> {
        let cargo = Command::new("cargo").args(["locate-project", "--workspace", "--message-format", "plain"]).output();
        let output = cargo.map_err(|error| Failure::new(format!("cargo cannot be run: {error}"), "install Rust"))?;
        let manifest = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        let Some(workspace) = manifest.parent().filter(|root| root.join("engine/Cargo.toml").is_file()) else {
            return Err(Failure::new("this is not the engine's workspace", "run it inside a checkout"));
        };
        let place = workspace.join("target/matrix");
        fs::create_dir_all(&place).map_err(|error| unwritable(&place, &error))?;
        Ok(Bench { workspace: workspace.to_owned(), place })
    }

    /// Where builds, logs and the relay's databases are.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// What the result of a set depends on.
    pub fn sources(&self) -> Vec<PathBuf> {
        ["engine", "probe", "Cargo.toml", "Cargo.lock"].iter().map(|name| self.workspace.join(name)).collect()
    }

    /// Builds the tests and the driver with `set` on and keeps the driver.
    pub fn build<'a>(&self, set: &'a FeatureSet, lane: Lane) -> Result<Built<'a>, Failure> {
        let built = Built { set, lane };
        self.cargo(built, "build", &["--no-run"])?;
        let kept = self.driver(set);
        let driver = self.target(lane).join("gate/workload");
        fs::copy(&driver, &kept).map_err(|error| unwritable(&kept, &error))?;
        Ok(built)
    }

    /// The driver that was built with `set`.
    pub fn driver(&self, set: &FeatureSet) -> PathBuf {
        self.place.join(format!("workload-{}", set.name))
    }

    /// Runs the tests that go through the composition.
    pub fn test(&self, built: Built<'_>) -> Result<Tested, Failure> {
        let log = self.cargo(built, "test", &[])?;
        let counts: Vec<u64> = log.lines().filter_map(passed_in).collect();
        if counts.len() != TESTS.len() || counts.contains(&0) {
            let what = format!("{}: {} of {} tests ran", built.set.name, counts.len(), TESTS.len());
            return Err(Failure::new(what, "see matrix/bench.rs for the list"));
        }
        Ok(Tested { passed: counts.iter().sum() })
    }

    /// Removes what a set was built into, except the driver that was kept. The next set there compiles the same packages anew,
    /// and nine sets side by side filled disks.
    pub fn make_room(&self, lane: Lane) -> Result<(), Failure> {
        let cargo = Command::new("cargo")
            .args([
                "clean",
                "--quiet",
                "--locked",
                "--profile",
                "gate",
                "-p",
                "engine",
                "-p",
                "engine-driver",
                "--target-dir",
            ])
            .arg(self.target(lane))
            .current_dir(&self.workspace)
            .output();
        let output = cargo.map_err(|error| Failure::new(format!("cargo cannot be run: {error}"), "install Rust"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Failure::new(format!("cargo clean: {said}"), format!("remove {} by hand", self.place.display())))
    }

    /// Runs one leg of the relay with the driver of `set`.
    pub fn leg(&self, set: &FeatureSet, dir: &Path, number: usize, close: bool) -> Result<Handover, Failure> {
        let mut command = Command::new(self.driver(set));
        command.arg("relay").arg(dir).args(["--leg", &number.to_string()]);
        if close {
            command.arg("--close");
        }
        let remedy = format!("the database is left in {}", dir.display());
        let output = command.output().map_err(|error| Failure::new(format!("{command:?}: {error}"), &remedy))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(format!("leg {number} with {}: {}", set.name, said.trim()), remedy));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| Failure::new(format!("leg {number} with {}: {error}", set.name), remedy))
    }

    fn target(&self, lane: Lane) -> PathBuf {
        self.place.join(match lane {
            Lane::Left => "left",
            Lane::Right => "right",
        })
    }

    /// Runs `cargo test` on a set and returns what it printed; a failure names the log.
    ///
    /// Both packages in one call, for building as for testing: asked for one by one, each gets its dependencies with other
    /// features, and the engine is compiled three times.
    fn cargo(&self, Built { set, lane }: Built<'_>, what: &str, args: &[&str]) -> Result<String, Failure> {
        let log = self.place.join(format!("{}.{what}.log", set.name));
        let open = || File::create(&log).and_then(|file| Ok((file.try_clone()?, file)));
        let (stdout, stderr) = open().map_err(|error| unwritable(&log, &error))?;
        let tests = TESTS.iter().flat_map(|test| ["--test", test]);
        let status = Command::new("cargo")
            .args(["test", "-p", "engine", "-p", "engine-driver"])
            .args(tests)
            .args(args)
            .args(["--profile", "gate", "--locked", "--features", &set.features.join(",")])
            .arg("--target-dir")
            .arg(self.target(lane))
            .current_dir(&self.workspace)
            .env("CARGO_TERM_COLOR", "never")
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .status()
            .map_err(|error| Failure::new(format!("cargo cannot be run: {error}"), "install Rust"))?;
        let text = fs::read_to_string(&log).map_err(|error| unwritable(&log, &error))?;
        if status.success() {
            return Ok(text);
        }
        let tail: Vec<&str> = text.lines().rev().take(15).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        let shown = format!("{what} with {}: {status}\n{}", set.name, tail.join("\n"));
        Err(Failure::new(shown, format!("all of it is in {}", log.display())))
    }
}

/// The count in cargo's closing line of a test binary.
fn passed_in(line: &str) -> Option<u64> {
    line.strip_prefix("test result: ok. ")?.split_once(" passed")?.0.parse().ok()
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()), "make room there, or make it writable")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        assert_eq!(passed_in("test result: ok. 12 passed; 0 failed; 0 ignored;"), Some(12));
        assert_eq!(passed_in("test result: FAILED. 11 passed; 1 failed;"), None);
        assert_eq!(passed_in("test serial::no_dirty_read ... ok"), None);
    }
}
