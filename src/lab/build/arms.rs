//! From a target and two sets of features to two binaries ready to be launched.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::cache::{Cache, Entry};
use super::cargo::Cargo;
use super::lane::Lane;
use super::place::Place;
use super::tree::{Tree, hex, sha256_file};
use crate::config::{Adapter, Config, LabLimits, Target};
use crate::lab::LabError;
use crate::lab::adapter::Task;
use crate::lab::driver::Launch;
use crate::lab::experiment::{Binary, Plan, Revision, Side};
use crate::lab::folder::LabFolder;
use crate::project::Project;

/// What arms of the same sources are made from, before anything is built.
#[derive(Debug, Clone)]
pub struct Arms {
    pub(super) cargo: Cargo,
    pub(super) place: Place,
    pub(super) target: Target,
    pub(super) limits: LabLimits,
    pub(super) folder: LabFolder,
    pub(super) sources: Sources,
    /// The workbench's own program, which is also every adapter.
    ourselves: PathBuf,
}

/// Where binaries come from.
#[derive(Debug, Clone)]
pub(super) enum Sources {
    /// Cargo builds them from a tree.
    Tree(Tree),
    /// They are there: `target.command`.
    Command { program: PathBuf, digest: String },
}

/// Looks at the target's sources as they are in the project: quick, and nothing is built yet.
pub async fn prepare(config: &Config, root: &Path, folder: &LabFolder) -> Result<Arms, LabError> {
    prepare_at(config, Place::here(root, folder), folder).await
}

/// The same for sources in another place.
pub async fn prepare_at(config: &Config, place: Place, folder: &LabFolder) -> Result<Arms, LabError> {
    let (cargo, root) = (Cargo::new(folder.running()), &place.root);
    let sources = match config.target.command.first() {
        Some(_) if place.revision.is_some() => return Err(LabError::NoSources),
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
            let noted = place.revision.is_none().then(|| folder.extent());
            let own = Project::to_be(root).own_entries();
            let tree = Tree::read(&cargo, &workspace, package, &own, noted.as_deref()).await;
            Sources::Tree(tree.map_err(|error| of_place(error, &place))?)
        }
    };
    let (target, limits) = (config.target.clone(), config.lab.clone());
    let ourselves = std::env::current_exe().map_err(LabError::file("find", "the workbench itself"))?;
    Ok(Arms { cargo, place, target, limits, folder: folder.clone(), sources, ourselves })
}

impl Arms {
    /// The digest of what both arms are made from.
    pub fn digest(&self) -> &str {
        match &self.sources {
            Sources::Tree(tree) => &tree.digest,
            Sources::Command { digest, .. } => digest,
        }
    }

    /// The revision whose sources they are; absent for the project's working tree.
    pub fn revision(&self) -> Option<&Revision> {
        self.place.revision.as_ref()
    }

    /// Refuses a feature that the target does not have in these sources.
    pub fn know(&self, features: &[String]) -> Result<(), LabError> {
        let (Sources::Tree(tree), "") = (&self.sources, self.target.feature_prefix.as_str()) else { return Ok(()) };
        match features.iter().find(|feature| !tree.features.contains(*feature)) {
            None => Ok(()),
            Some(feature) => Err(LabError::NoFeature {
                place: self.place.shown(),
                feature: feature.clone(),
                package: self.target.package.clone(),
                known: match tree.features.iter().map(String::as_str).collect::<Vec<_>>().join(", ") {
                    none if none.is_empty() => "none".to_owned(),
                    some => some,
                },
            }),
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
                layouts: Vec::new(),
                path: program.clone(),
                cached: true,
            }),
            Sources::Tree(tree) => self.cached_or_built(tree, side, features, lane).await,
        }
    }

    /// How to start an arm's driver, in each of its layouts; the first is the one that is as the linker puts it.
    pub fn launches(&self, plan: &Plan, binary: &Binary) -> Vec<Launch> {
        let workloads: Vec<String> = plan.workloads.iter().map(|workload| workload.workload.clone()).collect();
        let layouts = (1..=binary.layouts.len()).map(|number| Cache::layout(&binary.path, number));
        let launch = |path: PathBuf| Launch {
            with: plan.features_only_in(binary.side),
            without: plan.features_only_in(binary.side.other()),
            ..self.launch_alone(&Binary { path, ..binary.clone() }, workloads.clone())
        };
        std::iter::once(binary.path.clone()).chain(layouts).map(launch).collect()
    }

    /// The same where nothing is compared; `workloads` are what an adapter is to have.
    pub fn launch_alone(&self, binary: &Binary, workloads: Vec<String>) -> Launch {
        let (source, program, args) = match (&self.target.adapter, &self.sources) {
            (Some(adapter), _) => {
                let task = self.task(adapter, binary, workloads).to_argument();
                (None, self.ourselves.clone(), vec!["adapter".into(), "--task".into(), task.into()])
            }
            (None, Sources::Tree(tree)) => (Some(tree.digest.clone()), binary.path.clone(), Vec::new()),
            (None, Sources::Command { .. }) => (None, binary.path.clone(), self.arguments(&binary.features)),
        };
        Launch {
            side: binary.side,
            program,
            args,
            env: BTreeMap::new(),
            source,
            with: Vec::new(),
            without: Vec::new(),
            answer_limit: Duration::from_secs(self.limits.answer_limit_s),
            running: self.folder.running(),
        }
    }

    /// Whether a driver records profiles of itself; what an adapter runs does not.
    pub fn profile_themselves(&self) -> bool {
        self.target.adapter.is_none()
    }

    /// How an adapter measures `binary`.
    pub fn task(&self, adapter: &Adapter, binary: &Binary, workloads: Vec<String>) -> Task {
        let mut adapter = adapter.clone();
        let folder = match &self.sources {
            Sources::Tree(tree) => tree.package.clone(),
            Sources::Command { .. } => {
                // The arguments of a program that was not built here stand with the program.
                let at = adapter.command.iter().position(|word| word == "{program}").map_or(0, |at| at + 1);
                let args = self.target.command.iter().skip(1).cloned();
                adapter.command.splice(at..at, args);
                binary.path.parent().unwrap_or(Path::new("/")).to_path_buf()
            }
        };
        Task {
            name: self.target.driver.clone(),
            program: binary.path.clone(),
            folder,
            adapter,
            features: self.enabled(binary),
            workloads,
        }
    }

    /// The arguments of a program that was not built here.
    fn arguments(&self, features: &[String]) -> Vec<OsString> {
        let features = features.join(",");
        self.target.command.iter().skip(1).map(|arg| arg.replace("{features}", &features).into()).collect()
    }

    /// The features that Cargo says it has built `binary` with, implied ones included; the ones asked for where nothing
    /// was built, or where they are another package's.
    fn enabled(&self, binary: &Binary) -> Vec<String> {
        let entry = Cache::at(self.folder.builds()).entry(&binary.build_key);
        let enabled = entry.and_then(|entry| entry.enabled).filter(|_| self.target.feature_prefix.is_empty());
        enabled.unwrap_or_else(|| binary.features.clone())
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
                self.place.ensure()?;
                self.run_build(tree, &key, side, features, &cache, lane).await?;
                let limit = self.limits.cache_limit_mb << 20;
                // A full cache is a nuisance, not a reason to stop.
                let _ = cache.prune(limit, std::slice::from_ref(&key));
                let _ = Place::prune(&self.folder, limit, &[&self.place]);
                cache.get(&key)?.ok_or_else(|| {
                    let lost = std::io::ErrorKind::NotFound.into();
                    LabError::file("find the arm just built in", self.folder.builds())(lost)
                })?
            }
        };
        let Entry { sha256, layouts, .. } = entry;
        Ok(Binary { side, features: features.to_vec(), build_key: key, sha256, layouts, path, cached: was_cached })
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
        let args = self.driver_args("build", features);
        let by_hand = format!("cargo {}", args.join(" "));
        lane.begin(format!("building arm {side}"), &named(features));
        if self.target.adapter.is_some() {
            self.forget(tree, lane).await?;
        }
        let mut command = self.cargo.command(&tree.workspace);
        command.args(&args).arg("--message-format=json-render-diagnostics").env("WB_SRC", &tree.digest);
        let ended = self.cargo.run(&mut command, self.build_limit(), lane).await?;
        lane.rest();
        let ended = ended.ok_or_else(|| self.took_too_long(format!("building arm {side}")))?;
        if !ended.success {
            let output = without_progress(&ended.said);
            return Err(LabError::BuildFailed { side, features: named(features), output, command: by_hand });
        }
        let Some(built) = ended.stdout.iter().find_map(|line| executable(line, &self.target)) else {
            let Target { driver, kind, .. } = &self.target;
            return Err(LabError::NoDriver { side, driver: driver.clone(), kind: kind.word() });
        };
        let mut made = cache.begin(key, &built.path)?;
        self.link_layouts(tree, side, features, &built.path, &mut made, lane).await?;
        made.keep(|sha256, layouts| Entry {
            sha256,
            layouts,
            enabled: Some(built.features),
            tree: tree.digest.clone(),
            features: features.to_vec(),
            profile: self.target.profile.clone(),
            toolchain: tree.toolchain.clone(),
            command: by_hand,
        })
    }

    /// Lets Cargo forget what it has built of the target's own packages. A foreign program does not say from which
    /// sources it was built, and Cargo judges by times, which an unpacked or copied tree brings along: only what was
    /// compiled now was surely compiled from these.
    async fn forget(&self, tree: &Tree, lane: &Lane) -> Result<(), LabError> {
        let mut command = self.cargo.command(&tree.workspace);
        command
            .args(["clean", "--quiet", "--offline", "--profile", &self.target.profile])
            .arg("--target-dir")
            .arg(&self.place.target);
        command.args(tree.packages.iter().flat_map(|package| ["-p", package]));
        match self.cargo.run(&mut command, self.build_limit(), lane).await? {
            Some(ended) if ended.success => Ok(()),
            Some(ended) => Err(LabError::Target { message: without_progress(&ended.said) }),
            None => Err(self.took_too_long("cargo clean".to_owned())),
        }
    }

    pub(super) fn build_limit(&self) -> Duration {
        Duration::from_secs(self.limits.build_limit_s)
    }

    pub(super) fn took_too_long(&self, what: String) -> LabError {
        LabError::TooLong { what, seconds: self.limits.build_limit_s, key: "lab.build_limit_s" }
    }

    /// What makes the driver: `cargo build` or, with arguments for the last crate alone, `cargo rustc`.
    pub(super) fn driver_args(&self, verb: &str, features: &[String]) -> Vec<String> {
        let mut args = self.cargo_args(verb, features);
        let kind = format!("--{}", self.target.kind.word());
        args.extend([kind, self.target.driver.clone(), "--profile".into(), self.target.profile.clone()]);
        args
    }

    /// `build -p package --features a,b --target-dir …`: what every run of Cargo for an arm has in common.
    pub(super) fn cargo_args(&self, verb: &str, features: &[String]) -> Vec<String> {
        let mut args = vec![verb.to_owned(), "--target-dir".to_owned(), self.place.target.display().to_string()];
        args.extend(["-p".to_owned(), self.target.package.clone()]);
        if !self.target.default_features {
            args.push("--no-default-features".to_owned());
        }
        let tested = features.iter().map(|feature| format!("{}{feature}", self.target.feature_prefix));
        let named: Vec<String> = self.target.features.iter().cloned().chain(tested).collect();
        if !named.is_empty() {
            args.extend(["--features".to_owned(), named.join(",")]);
        }
        args
    }

    fn key(&self, tree: &Tree, features: &[String]) -> String {
        let mut features = features.to_vec();
        features.sort();
        let target = &self.target;
        let inputs = serde_json::json!([
            "build 2",
            tree.digest,
            tree.toolchain,
            target.package,
            target.driver,
            target.kind,
            target.profile,
            target.feature_prefix,
            target.default_features,
            target.features,
            features,
            target.layouts,
            flags(),
        ]);
        let mut hash = Sha256::new();
        hash.update(inputs.to_string());
        hex(hash)
    }
}

/// What Cargo says of a place that is not before people's eyes needs its name.
fn of_place(error: LabError, place: &Place) -> LabError {
    match error {
        LabError::Target { message } if place.revision.is_some() => {
            LabError::Target { message: format!("{}: {message}", place.shown()) }
        }
        error => error,
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

/// What Cargo has made.
struct Built {
    path: PathBuf,
    features: Vec<String>,
}

/// Cargo's message that it has made the target's driver.
fn executable(line: &str, target: &Target) -> Option<Built> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_it = message["reason"] == "compiler-artifact"
        && message["target"]["name"] == target.driver.as_str()
        && message["target"]["kind"].as_array()?.iter().any(|kind| kind == target.kind.word());
    let features = message["features"].as_array()?.iter().filter_map(|name| name.as_str().map(str::to_owned));
    let path = message["executable"].as_str().filter(|_| is_it)?;
    Some(Built { path: PathBuf::from(path), features: features.collect() })
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
