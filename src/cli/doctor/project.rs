//! The project's files: register, store, target.

use std::path::Path;
use std::process::Command;

use miette::Diagnostic;
use serde_json::Value;

use super::Finding;
use crate::cli::Failure;
use crate::config::Target;
use crate::project::Project;
use crate::repository::Repository;
use crate::tracking::{CalibrationFact, Reader, StoreError};

pub(super) async fn findings(project: &Project, broken: Option<&Failure>) -> Vec<Finding> {
    let register = match broken {
        None => Finding::good("register", "configuration, roster and register are valid"),
        Some(failure) => {
            Finding::missing("register", failure.report.to_string(), "`workbench list` shows each mistake")
        }
    };
    vec![register, repository(project), store(project).await, calibrations(project).await]
}

fn repository(project: &Project) -> Finding {
    match Repository::of(project.root()) {
        Repository::At { .. } => Finding::good("repository", "the project is under git"),
        Repository::Empty => Finding::doubtful("repository", "no commit yet", "commit once: evidence names a commit"),
        Repository::None => Finding::doubtful("repository", "not under git", "git init: evidence names a commit"),
    }
}

async fn store(project: &Project) -> Finding {
    const CHECK: &str = "store";
    let shown = project.shown(&project.store_file());
    match inspected(project).await {
        Ok(None) => Finding::good(CHECK, format!("{shown} will be begun by the first fact")),
        Ok(Some(problems)) if problems.is_empty() => Finding::good(CHECK, format!("{shown} is sound")),
        Ok(Some(problems)) => Finding::missing(
            CHECK,
            format!("{shown} is damaged: {}", problems.join("; ")),
            format!("save what is left with `sqlite3 {shown} .recover`, and put a copy in its place"),
        ),
        Err(error) => {
            let remedy = error.help().map(|help| help.to_string()).unwrap_or_default();
            Finding::missing(CHECK, error.to_string(), remedy)
        }
    }
}

/// Whether it is known what can be seen on this machine.
async fn calibrations(project: &Project) -> Finding {
    const CHECK: &str = "calibration";
    let remedy = "`workbench calibrate`: until then a noise is assumed, and a wrong one costs pairs";
    let known = async {
        match Reader::open(project).await? {
            Some(reader) => reader.calibrations().await,
            None => Ok(Vec::new()),
        }
    };
    let facts = match known.await {
        Ok(facts) => facts,
        Err(error) => return Finding::doubtful(CHECK, format!("not to be read: {error}"), remedy),
    };
    let Some(newest) = facts.last() else { return Finding::doubtful(CHECK, "none on this machine yet", remedy) };
    let newest_of = |fact: &&CalibrationFact| {
        facts.iter().rfind(|other| other.calibration.name == fact.calibration.name).is_some_and(|other| other == *fact)
    };
    let biased: Vec<&str> = facts
        .iter()
        .filter(newest_of)
        .filter(|fact| fact.calibration.main().is_biased())
        .map(|fact| fact.calibration.name.as_str())
        .collect();
    if !biased.is_empty() {
        let found = format!("a binary differs from itself on {}", biased.join(", "));
        return Finding::doubtful(CHECK, found, "calibrate again; if it stays, no verdict on that workload holds");
    }
    let workloads = facts.iter().filter(newest_of).count();
    Finding::good(CHECK, format!("{workloads} workloads, the newest at {}", newest.at.strftime("%Y-%m-%d %H:%M UTC")))
}

/// What is wrong in the store; `None` while there is none.
async fn inspected(project: &Project) -> Result<Option<Vec<String>>, StoreError> {
    match Reader::open(project).await? {
        Some(reader) => reader.check().await.map(Some),
        None => Ok(None),
    }
}

/// Whether Cargo knows the target, its driver and the packages under test.
pub(super) fn target(project: &Project, target: &Target) -> Finding {
    const CHECK: &str = "target";
    let remedy = "mend `target` in workbench.yaml";
    let packages = match packages(&project.root().join(&target.workspace)) {
        Ok(packages) => packages,
        Err(error) => return Finding::missing(CHECK, error, "`cargo metadata` must work in the target's workspace"),
    };
    let find = |name: &str| packages.iter().find(|package| package["name"] == name);
    let Some(package) = find(&target.package) else {
        return Finding::missing(CHECK, format!("Cargo knows no package `{}`", target.package), remedy);
    };
    let is_driver = |binary: &Value| {
        binary["name"] == target.driver.as_str()
            && binary["kind"].as_array().is_some_and(|kinds| kinds.contains(&"bin".into()))
    };
    if !package["targets"].as_array().is_some_and(|binaries| binaries.iter().any(is_driver)) {
        let found = format!("package `{}` has no binary `{}`", target.package, target.driver);
        return Finding::missing(CHECK, found, remedy);
    }
    if let Some(unknown) = target.tests.iter().find(|name| find(name).is_none()) {
        return Finding::missing(CHECK, format!("Cargo knows no package `{unknown}` to test"), remedy);
    }
    Finding::good(CHECK, format!("package `{}`, driver `{}`", target.package, target.driver))
}

fn packages(workspace: &Path) -> Result<Vec<Value>, String> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(workspace)
        .output()
        .map_err(|error| format!("`cargo metadata`: {error}"))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`cargo metadata` failed: {}", reason.lines().next().unwrap_or_default()));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    Ok(metadata["packages"].as_array().cloned().unwrap_or_default())
}
