//! Builds a set of improvements and runs on it what goes through the composition.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use probe::protocol::Failure;
use serde_json::Value;

use super::sets::FeatureSet;
use crate::relay::Handover;

/// Tests that run on the variants a build selects. The others name their variants themselves: they say the same in every
/// build, and `cargo test` runs them once.
const TESTS: [&str; 2] = ["composed", "tpcc_engine"];

/// A directory of builds, and the workspace they are built from.
#[derive(Debug)]
pub struct Bench {
    workspace: PathBuf,
    place: PathBuf,
}

/// A set that is built: its test programs, which are removed with this.
#[derive(Debug)]
pub struct Built<'a> {
    set: &'a FeatureSet,
    dir: PathBuf,
    programs: Vec<Program>,
}

/// A program of tests, and the directory of its package, where `cargo test` would run it.
#[derive(Debug)]
struct Program {
    file: PathBuf,
    package: PathBuf,
}

/// How the tests of a set went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tested {
    /// Tests that passed.
    pub passed: u64,
}

impl Drop for Built<'_> {
    fn drop(&mut self) {
        // What stays is overwritten by the next build of the set.
        let _ = fs::remove_dir_all(&self.dir);
    }
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

    /// Builds the tests and the driver with `set` on and takes them out of cargo's directory: it is free for the next set.
    pub fn build<'a>(&self, set: &'a FeatureSet) -> Result<Built<'a>, Failure> {
        let said = self.cargo(set)?;
        let dir = self.place.join(format!("tests-{}", set.name));
        fs::create_dir_all(&dir).map_err(|error| unwritable(&dir, &error))?;
        let mut built = Built { set, dir, programs: Vec::new() };
        for (name, executable, package) in said.lines().filter_map(test_program) {
            let file = built.dir.join(name);
            fs::rename(&executable, &file).map_err(|error| unwritable(&file, &error))?;
            built.programs.push(Program { file, package });
        }
        if built.programs.len() != TESTS.len() {
            let what =
                format!("{}: {} of {} programs of tests were built", set.name, built.programs.len(), TESTS.len());
            return Err(Failure::new(what, "see matrix/bench.rs for the list"));
        }
        let kept = self.driver(set);
        fs::rename(self.target().join("gate/workload"), &kept).map_err(|error| unwritable(&kept, &error))?;
        self.make_room()?;
        Ok(built)
    }

    /// The driver that was built with `set`.
    pub fn driver(&self, set: &FeatureSet) -> PathBuf {
        self.place.join(format!("workload-{}", set.name))
    }

    /// Runs the tests that go through the composition.
    pub fn test(&self, built: &Built<'_>) -> Result<Tested, Failure> {
        let name = &built.set.name;
        let (log, output) = self.log(&format!("{name}.test.log"))?;
        for program in &built.programs {
            let mut command = Command::new(&program.file);
            command.current_dir(&program.package);
            self.run(command, &format!("testing with {name}"), &log, &output, &output)?;
        }
        let text = fs::read_to_string(&log).map_err(|error| unwritable(&log, &error))?;
        let counts: Vec<u64> = text.lines().filter_map(passed_in).collect();
        if counts.len() != TESTS.len() || counts.contains(&0) {
            let what = format!("{name}: {} of {} programs of tests ran any", counts.len(), TESTS.len());
            return Err(Failure::new(what, format!("what they said is in {}", log.display())));
        }
        Ok(Tested { passed: counts.iter().sum() })
    }

    /// Removes what a set was built into. The next set compiles the same packages anew, and nine sets side by side filled
    /// disks.
    fn make_room(&self) -> Result<(), Failure> {
        let packages = ["-p", "engine", "-p", "engine-driver", "--target-dir"];
        let mut command = self.cargo_command("clean");
        command.args(["--quiet", "--profile", "gate"]).args(packages).arg(self.target());
        let (log, output) = self.log("clean.log")?;
        self.run(command, "cleaning", &log, &output, &output)
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

    fn target(&self) -> PathBuf {
        self.place.join("build")
    }

    /// A file of this name for what a command says; it, and its path.
    fn log(&self, name: &str) -> Result<(PathBuf, File), Failure> {
        let log = self.place.join(name);
        let file = File::create(&log).map_err(|error| unwritable(&log, &error))?;
        Ok((log, file))
    }

    /// Builds the programs of a set; cargo's messages, a JSON object a line.
    ///
    /// Both packages in one call: asked for one by one, each gets its dependencies with other features, and the engine is
    /// compiled three times.
    fn cargo(&self, set: &FeatureSet) -> Result<String, Failure> {
        let (messages, stdout) = self.log(&format!("{}.build.json", set.name))?;
        let (log, stderr) = self.log(&format!("{}.build.log", set.name))?;
        let mut command = self.cargo_command("test");
        command
            .args(["-p", "engine", "-p", "engine-driver", "--no-run", "--message-format", "json-render-diagnostics"])
            .args(TESTS.iter().flat_map(|test| ["--test", test]))
            .args(["--profile", "gate", "--features", &set.features.join(",")])
            .arg("--target-dir")
            .arg(self.target());
        self.run(command, &format!("building with {}", set.name), &log, &stdout, &stderr)?;
        fs::read_to_string(&messages).map_err(|error| unwritable(&messages, &error))
    }

    fn cargo_command(&self, what: &str) -> Command {
        let mut command = Command::new("cargo");
        command.args([what, "--locked"]).current_dir(&self.workspace).env("CARGO_TERM_COLOR", "never");
        command
    }

    /// Runs `command` with its output in files; a failure shows the end of `log` and names it.
    fn run(&self, mut command: Command, what: &str, log: &Path, stdout: &File, stderr: &File) -> Result<(), Failure> {
        let outputs = stdout.try_clone().and_then(|stdout| Ok((stdout, stderr.try_clone()?)));
        let (stdout, stderr) = outputs.map_err(|error| unwritable(log, &error))?;
        let status = command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).status();
        let status = status.map_err(|error| Failure::new(format!("{what}: {error}"), "is Rust installed?"))?;
        if status.success() {
            return Ok(());
        }
        let text = fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(15)..].join("\n");
        Err(Failure::new(format!("{what}: {status}\n{tail}"), format!("all of it is in {}", log.display())))
    }
}

/// A test program in a message of cargo: name, file, and the directory of its package.
fn test_program(message: &str) -> Option<(String, PathBuf, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let target = &message["target"];
    let is_test = target["kind"].as_array()?.iter().any(|kind| kind == "test");
    let name = target["name"].as_str().filter(|name| is_test && TESTS.contains(name))?;
    let package = Path::new(message["manifest_path"].as_str()?).parent()?;
    Some((name.to_owned(), message["executable"].as_str()?.into(), package.to_owned()))
}

/// The count in the closing line of a program of tests.
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
    fn programs_of_tests_are_found_among_the_messages() {
        let message = r#"{"reason": "compiler-artifact", "manifest_path": "/w/engine/Cargo.toml",
            "target": {"kind": ["test"], "name": "composed"}, "executable": "/t/composed-1"}"#;
        let program = ("composed".to_owned(), "/t/composed-1".into(), "/w/engine".into());
        assert_eq!(test_program(message), Some(program));
        for other in [r#"["bin"]"#, r#"["lib"]"#] {
            assert_eq!(test_program(&message.replace(r#"["test"]"#, other)), None, "{other}");
        }
        assert_eq!(test_program(&message.replace("composed", "pool")), None);
        assert_eq!(test_program(r#"{"reason": "build-finished", "success": true}"#), None);
    }

    #[test]
    fn closing_lines_are_counted() {
        assert_eq!(passed_in("test result: ok. 12 passed; 0 failed; 0 ignored;"), Some(12));
        assert_eq!(passed_in("test result: FAILED. 11 passed; 1 failed;"), None);
        assert_eq!(passed_in("test serial::no_dirty_read ... ok"), None);
    }
}
