//! The target's own tests, with each arm's features, before anything is measured: a fast wrong answer is no gain.

use std::fs;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::arms::{Arms, Sources, flags, named, without_progress};
use super::lane::Lane;
use super::tree::{Tree, hex};
use crate::lab::LabError;
use crate::lab::experiment::Side;
use crate::lab::journal::Event;

/// Runs the tests of one arm, unless the same tests of the same sources have passed before. `Some`: they failed, and
/// this is what they said.
pub async fn pass_tests(arms: &Arms, side: Side, features: &[String], lane: &Lane) -> Result<Option<String>, LabError> {
    let Sources::Tree(tree) = &arms.sources else { return Ok(None) };
    if arms.target.tests.is_empty() {
        return Ok(None);
    }
    let args = args(arms, features);
    let mark = arms.folder.tests().join(key(tree, &args));
    if mark.exists() {
        let note = format!("tests of arm {side} have passed before ({})", named(features));
        lane.tell(Event::Progress { note });
        return Ok(None);
    }
    lane.begin(format!("testing arm {side}"), &named(features));
    let mut command = arms.cargo.command(&tree.workspace);
    command.args(&args).env("WB_SRC", &tree.digest).env("RUST_BACKTRACE", "0");
    let limit = Duration::from_secs(arms.limits.test_limit_s);
    let ended = arms.cargo.run(&mut command, limit, lane).await?;
    lane.rest();
    let Some(ended) = ended else {
        let seconds = arms.limits.test_limit_s;
        let what = format!("testing arm {side}");
        return Err(LabError::TooLong { what, seconds, key: "lab.test_limit_s" });
    };
    if ended.success {
        // What passed is marked only now: a run that was interrupted runs again.
        fs::write(&mark, format!("cargo {}\n", args.join(" "))).map_err(LabError::file("mark", &mark))?;
        return Ok(None);
    }
    let said = format!("{}\n{}", failures(&ended.stdout), without_progress(&ended.said));
    Ok(Some(format!("cargo {}\n{}", args.join(" "), said.trim())))
}

fn args(arms: &Arms, features: &[String]) -> Vec<String> {
    let mut args = arms.cargo_args("test", features);
    let others = arms.target.tests.iter().filter(|package| **package != arms.target.package);
    args.extend(others.flat_map(|package| ["-p".to_owned(), package.clone()]));
    args.extend(["--profile".to_owned(), arms.target.test_profile.clone().unwrap_or(arms.target.profile.clone())]);
    args.extend(arms.target.test_args.iter().cloned());
    args
}

fn key(tree: &Tree, args: &[String]) -> String {
    let mut hash = Sha256::new();
    hash.update(serde_json::json!(["tests 2", tree.digest, tree.toolchain, args, flags()]).to_string());
    hex(hash)
}

/// The harness lists failures at the end of its output: from there on, at most forty lines.
fn failures(stdout: &[String]) -> String {
    let start = stdout.iter().position(|line| line.trim() == "failures:").unwrap_or(stdout.len().saturating_sub(20));
    stdout[start..].iter().take(40).cloned().collect::<Vec<_>>().join("\n")
}
