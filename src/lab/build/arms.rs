//! From a target and two sets of features to two binaries ready to be launched.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::cache::{Cache, Entry};
use super::cargo::Cargo;
use super::lane::Lane;
use super::tree::{Tree, hex, sha256_file};
use crate::config::{Config, LabLimits, Target};
use crate::lab::LabError;
use crate::lab::driver::Launch;
use crate::lab::experiment::{Binary, Plan, Side};
use crate::lab::folder::LabFolder;

/// What the arms of an experiment are made from, before anything is built.
#[derive(Debug, Clone)]
pub struct Arms {
    pub(super) cargo: Cargo,
    pub(super) target: Target,
    pub(super) limits: LabLimits,
    pub(super) folder: LabFolder,
    pub(super) sources: Sources,
}

/// Where binaries come from.
#[derive(Debug, Clone)]
pub(super) enum Sources {
    /// Cargo builds them from a tree.
    Tree(Tree),
    /// They are there: `target.command`.
    Command { program: PathBuf, digest: String },
}

/// Looks at the target's sources: quick, and nothing is built yet.
pub async fn prepare(config: &Config, root: &Path, folder: &LabFolder) -> Result<Arms, LabError> {
    let cargo = Cargo::new(folder.running());
    let sources = match config.target.command.first() {
        Some(program) => {
            let program = root.join(program);
            let digest = sha256_file(&program).map_err(|error| {
                let message = format!("`target.command` names {}: {error}", program.display());
                LabError::Target { message }
            })?;
            Sources::Command { program, digest }
        }
        None => {
            let (workspace, package) = (root.join(&config.target.workspace), &config.target.package);
            Sources::Tree(Tree::read(&cargo, &workspace, package, &folder.extent()).await?)
        }
    };
    let (target, limits) = (config.target.clone(), config.lab.clone());
    Ok(Arms { cargo, target, limits, folder: folder.clone(), sources })
}

impl Arms {
    /// The digest of what both arms are made from.
    pub fn digest(&self) -> &str {
        match &self.sources {
            Sources::Tree(tree) => &tree.digest,
            Sources::Command { digest, .. } => digest,
        }
    }

    /// Whether the binary of an arm is there already.
    pub fn is_built(&self, features: &[String]) -> bool {
        match &self.sources {
            Sources::Tree(tree) => self.folder.builds().join(self.key(tree, features)).exists(),
            Sources::Command { .. } => true,
        }
    }

    /// The binary of one arm: from the cache, or built now.
    pub async fn build(&self, side: Side, features: &[String], lane: &Lane) -> Result<Binary, LabError> {
        match &self.sources {
            Sources::Command { program, digest } => Ok(Binary {
                side,
                features: features.to_vec(),
                build_key: digest.clone(),
                sha256: digest.clone(),
                path: program.clone(),
                cached: true,
            }),
            Sources::Tree(tree) => self.cached_or_built(tree, side, features, lane).await,
        }
    }

    /// How to start an arm's driver.
    pub fn launch(&self, plan: &Plan, binary: &Binary) -> Launch {
        let features = binary.features.join(",");
        let (source, args) = match &self.sources {
            Sources::Tree(tree) => (Some(tree.digest.clone()), Vec::new()),
            Sources::Command { .. } => {
                let args = self.target.command.iter().skip(1).map(|arg| arg.replace("{features}", &features));
                (None, args.map(OsString::from).collect())
            }
        };
        Launch {
            side: binary.side,
            program: binary.path.clone(),
            args,
            env: BTreeMap::new(),
            source,
            with: plan.features_only_in(binary.side),
            without: plan.features_only_in(binary.side.other()),
            answer_limit: Duration::from_secs(self.limits.answer_limit_s),
            running: self.folder.running(),
        }
    }

    async fn cached_or_built(
        &self,
        tree: &Tree,
        side: Side,
        features: &[String],
        lane: &Lane,
    ) -> Result<Binary, LabError> {
        let key = self.key(tree, features);
        let cache = Cache::at(self.folder.builds());
        let cached = cache.get(&key)?;
        let was_cached = cached.is_some();
        let (path, entry) = match cached {
            Some(found) => found,
            None => {
                self.run_build(tree, &key, side, features, &cache, lane).await?;
                let limit = self.limits.cache_limit_mb << 20;
                // A full cache is a nuisance, not a reason to stop.
                let _ = cache.prune(limit, std::slice::from_ref(&key));
                cache.get(&key)?.ok_or_else(|| {
                    let lost = std::io::ErrorKind::NotFound.into();
                    LabError::file("find the arm just built in", self.folder.builds())(lost)
                })?
            }
        };
        let sha256 = entry.sha256;
        Ok(Binary { side, features: features.to_vec(), build_key: key, sha256, path, cached: was_cached })
    }

    async fn run_build(
        &self,
        tree: &Tree,
        key: &str,
        side: Side,
        features: &[String],
        cache: &Cache,
        lane: &Lane,
    ) -> Result<(), LabError> {
        let mut args = self.cargo_args("build", features);
        args.extend(["--bin".into(), self.target.driver.clone(), "--profile".into(), self.target.profile.clone()]);
        let by_hand = format!("cargo {}", args.join(" "));
        lane.begin(format!("building arm {side}"), &named(features));
        let mut command = self.cargo.command(&tree.workspace);
        command.args(&args).arg("--message-format=json-render-diagnostics").env("WB_SRC", &tree.digest);
        let limit = Duration::from_secs(self.limits.build_limit_s);
        let ended = self.cargo.run(&mut command, limit, lane).await?;
        lane.rest();
        let Some(ended) = ended else {
            let seconds = self.limits.build_limit_s;
            return Err(LabError::TooLong { what: format!("building arm {side}"), seconds, key: "lab.build_limit_s" });
        };
        if !ended.success {
            let output = without_progress(&ended.said);
            return Err(LabError::BuildFailed { side, features: named(features), output, command: by_hand });
        }
        let Some(built) = ended.stdout.iter().find_map(|line| executable(line, &self.target.driver)) else {
            return Err(LabError::NoDriver { side, driver: self.target.driver.clone() });
        };
        cache.put(key, &built, |sha256| Entry {
            sha256,
            tree: tree.digest.clone(),
            features: features.to_vec(),
            profile: self.target.profile.clone(),
            toolchain: tree.toolchain.clone(),
            command: by_hand,
        })
    }

    /// `build -p package --features a,b --target-dir …`: what every run of Cargo for an arm has in common.
    pub(super) fn cargo_args(&self, verb: &str, features: &[String]) -> Vec<String> {
        let mut args = vec![verb.to_owned(), "--target-dir".to_owned(), self.folder.target().display().to_string()];
        args.extend(["-p".to_owned(), self.target.package.clone()]);
        if !features.is_empty() {
            let named: Vec<String> =
                features.iter().map(|feature| format!("{}{feature}", self.target.feature_prefix)).collect();
            args.extend(["--features".to_owned(), named.join(",")]);
        }
        args
    }

    fn key(&self, tree: &Tree, features: &[String]) -> String {
        let mut features = features.to_vec();
        features.sort();
        let Target { package, driver, profile, feature_prefix, .. } = &self.target;
        let inputs = serde_json::json!([
            "build 1",
            tree.digest,
            tree.toolchain,
            package,
            driver,
            profile,
            feature_prefix,
            features,
            flags()
        ]);
        let mut hash = Sha256::new();
        hash.update(inputs.to_string());
        hex(hash)
    }
}

/// What the environment tells the compiler.
pub(super) fn flags() -> [String; 3] {
    ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"].map(|name| std::env::var(name).unwrap_or_default())
}

/// An arm's features, for people.
pub(super) fn named(features: &[String]) -> String {
    if features.is_empty() { "no features".to_owned() } else { format!("features {}", features.join(", ")) }
}

/// The path in Cargo's message that it has made the binary `driver`.
fn executable(line: &str, driver: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_it = message["reason"] == "compiler-artifact"
        && message["target"]["name"] == driver
        && message["target"]["kind"].as_array()?.iter().any(|kind| kind == "bin");
    is_it.then(|| message["executable"].as_str().map(PathBuf::from))?
}

/// The compiler's own words, without Cargo's list of what it compiled before.
pub(super) fn without_progress(said: &str) -> String {
    let verbs = [
        "Compiling",
        "Checking",
        "Finished",
        "Blocking",
        "Updating",
        "Downloading",
        "Downloaded",
        "Locking",
        "Running",
        "Doc-tests",
    ];
    let kept = said.lines().filter(|line| !verbs.iter().any(|verb| line.trim_start().starts_with(verb)));
    kept.collect::<Vec<_>>().join("\n").trim().to_owned()
}
