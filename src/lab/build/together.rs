//! Which features compile, alone and two by two: found by asking the compiler, each set once.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::arms::{Arms, Sources, flags, named, without_progress};
use super::lane::Lane;
use super::tree::{Tree, hex};
use crate::lab::LabError;

/// No more sets than this are tried: twenty features two by two, and each alone.
const CHECKS_MAX: usize = 211;

/// What was found of some features.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Together {
    /// Features that do not compile by themselves, and what the compiler says.
    pub alone: Vec<(String, String)>,
    /// Pairs that do not compile together though each does alone, and what the compiler says.
    pub pairs: Vec<([String; 2], String)>,
    /// Three or more together do not compile though any two do: what the compiler says.
    pub all: Option<String>,
    /// Sets that were tried, and how many of them were known from before.
    pub tried: usize,
    /// Of these, known from before.
    pub known: usize,
    /// Whether pairs were left untried.
    pub cut_short: bool,
}

/// Compiles (`cargo check`, the library, or the program where there is none) each of `features` alone and, where not all of them compile
/// together, each two.
pub async fn compile_together(arms: &Arms, features: &[String], lane: &Lane) -> Result<Together, LabError> {
    let Sources::Tree(tree) = &arms.sources else { return Ok(Together::default()) };
    let mut search = Search { arms, tree, lane, found: Together::default() };
    if let Some(said) = search.refusal(&[]).await? {
        return Err(LabError::Target { message: format!("it does not compile without any of them:\n{said}") });
    }
    let mut sound = Vec::new();
    for feature in features {
        match search.refusal(std::slice::from_ref(feature)).await? {
            Some(said) => search.found.alone.push((feature.clone(), said)),
            None => sound.push(feature.clone()),
        }
    }
    if sound.len() < 2 {
        return Ok(search.found);
    }
    let Some(of_all) = search.refusal(&sound).await? else { return Ok(search.found) };
    for (at, one) in sound.iter().enumerate() {
        for other in &sound[at + 1..] {
            if search.found.tried >= CHECKS_MAX {
                search.found.cut_short = true;
                return Ok(search.found);
            }
            let pair = [one.clone(), other.clone()];
            if let Some(said) = search.refusal(&pair).await? {
                search.found.pairs.push((pair, said));
            }
        }
    }
    if search.found.pairs.is_empty() {
        search.found.all = Some(of_all);
    }
    Ok(search.found)
}

struct Search<'a> {
    arms: &'a Arms,
    tree: &'a Tree,
    lane: &'a Lane,
    found: Together,
}

impl Search<'_> {
    /// Why `features` do not compile together; `None` when they do.
    async fn refusal(&mut self, features: &[String]) -> Result<Option<String>, LabError> {
        self.found.tried += 1;
        let arms = self.arms;
        let mut args = arms.cargo_args("check", features);
        // Features exclude each other in the library; a bench would bring its harness along, which costs minutes.
        match self.tree.has_library {
            true => args.push("--lib".to_owned()),
            false => args.extend([format!("--{}", arms.target.kind.word()), arms.target.driver.clone()]),
        }
        let mark = self.mark(&args);
        if let Ok(said) = fs::read_to_string(&mark) {
            self.found.known += 1;
            return Ok(Some(said).filter(|said| !said.is_empty()));
        }
        self.lane.begin("compiling".to_owned(), &named(features));
        let mut command = arms.cargo.command(&self.tree.workspace);
        command.args(&args).env("WB_SRC", &self.tree.digest);
        let seconds = arms.limits.build_limit_s;
        let ended = arms.cargo.run(&mut command, Duration::from_secs(seconds), self.lane).await?;
        self.lane.rest();
        let Some(ended) = ended else {
            return Err(LabError::TooLong { what: named(features), seconds, key: "lab.build_limit_s" });
        };
        let said = if ended.success { String::new() } else { first_error(&without_progress(&ended.said)) };
        fs::write(&mark, &said).map_err(LabError::file("note in", &mark))?;
        Ok(Some(said).filter(|said| !said.is_empty()))
    }

    fn mark(&self, args: &[String]) -> PathBuf {
        let mut hash = Sha256::new();
        hash.update(serde_json::json!(["check 1", self.tree.digest, self.tree.toolchain, args, flags()]).to_string());
        self.arms.folder.tests().join(hex(hash))
    }
}

/// The compiler's first error: its message and where it points. Never empty.
fn first_error(said: &str) -> String {
    const LINES_MAX: usize = 6;
    let from = said.lines().skip_while(|line| !line.starts_with("error"));
    let error: Vec<&str> = from.take_while(|line| !line.trim().is_empty()).take(LINES_MAX).collect();
    if error.is_empty() { format!("the compiler says only: {said}") } else { error.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_what_is_quoted() {
        let said = "warning: unused\n\nerror: fast and small exclude each other\n --> src/lib.rs:3:1\n  |\n\nerror: aborting\n";
        assert_eq!(first_error(said), "error: fast and small exclude each other\n --> src/lib.rs:3:1\n  |");
        assert_eq!(first_error(""), "the compiler says only: ");
    }
}
