//! What Cargo says of a workspace: packages, their features, what of them can be run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::cargo::Cargo;
use crate::config::Kind;
use crate::lab::LabError;

/// A workspace's own packages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    /// In Cargo's order.
    pub packages: Vec<Package>,
    /// The folder of the workspace.
    pub workspace_root: PathBuf,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    manifest_path: PathBuf,
    pub(super) dependencies: Vec<Dependency>,
    /// Its features and what each of them switches on: features, `dep:name`, `name/feature`, `name?/feature`.
    #[serde(default)]
    pub features: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    targets: Vec<Target>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Dependency {
    pub(super) path: Option<PathBuf>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    req: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    #[serde(default, rename = "required-features")]
    required_features: Vec<String>,
}

/// Features of both arms, where some are to be switched one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Whether the default features may stay.
    pub default_features: bool,
    /// What both arms have besides.
    pub features: Vec<String>,
    /// What is lost with the features that had to go: optional dependencies, which no command line can name.
    pub lost: Vec<String>,
}

impl Manifest {
    /// Asks Cargo.
    pub async fn of(workspace: &Path) -> Result<Self, LabError> {
        // Nothing is recorded: `cargo metadata` starts no process that could outlive it.
        Self::read(&Cargo::new(PathBuf::new()).metadata(workspace).await?)
    }

    pub(super) fn read(metadata: &str) -> Result<Self, LabError> {
        serde_json::from_str(metadata)
            .map_err(|error| LabError::Target { message: format!("`cargo metadata`: {error}") })
    }

    /// The package of this name.
    pub fn package(&self, name: &str) -> Result<&Package, LabError> {
        self.packages.iter().find(|package| package.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.packages.iter().map(|package| package.name.as_str()).collect();
            let message = format!("no package `{name}`; the workspace has {}", names.join(", "));
            LabError::Target { message }
        })
    }
}

impl Package {
    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new("/"))
    }

    /// What can be run of it, by kind and name: benches, then examples, then binaries.
    pub fn programs(&self) -> Vec<(Kind, &str)> {
        let of = |kind: Kind| {
            let targets = self.targets.iter().filter(move |target| target.kind.iter().any(|word| word == kind.word()));
            targets.map(move |target| (kind, target.name.as_str()))
        };
        of(Kind::Bench).chain(of(Kind::Example)).chain(of(Kind::Bin)).collect()
    }

    /// Whether it has a library.
    pub fn has_library(&self) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|word| word == "lib" || word.ends_with("lib")))
    }

    /// Features without which a program is not built.
    pub fn required_features(&self, kind: Kind, name: &str) -> &[String] {
        let is_it = |target: &&Target| target.name == name && target.kind.iter().any(|word| word == kind.word());
        self.targets.iter().find(is_it).map_or(&[], |target| &target.required_features)
    }

    /// The version it asks of a dependency, of whatever kind: `^0.5`.
    pub fn requirement(&self, dependency: &str) -> Option<&str> {
        self.dependencies.iter().find(|known| known.name == dependency).map(|known| known.req.as_str())
    }

    /// Features that are on unless somebody says otherwise, with all that they switch on.
    pub fn default_features(&self) -> BTreeSet<&str> {
        self.closure("default")
    }

    /// A feature and all features that it switches on.
    pub fn closure<'a>(&'a self, feature: &'a str) -> BTreeSet<&'a str> {
        let (mut found, mut open) = (BTreeSet::new(), vec![feature]);
        while let Some(next) = open.pop() {
            if self.features.contains_key(next) && found.insert(next) {
                open.extend(self.features[next].iter().map(String::as_str));
            }
        }
        found
    }

    /// What both arms have, where `switched` are switched one by one: all that is on by default but for them and for what
    /// would switch one of them on, and what the program needs.
    pub fn base(&self, switched: &[String], required: &[String]) -> Base {
        let defaults = self.default_features();
        let implies =
            |feature: &str| self.closure(feature).into_iter().any(|name| switched.iter().any(|one| one == name));
        if !defaults.iter().any(|feature| implies(feature)) {
            let more = required.iter().filter(|feature| !defaults.contains(feature.as_str()) && !implies(feature));
            return Base { default_features: true, features: more.cloned().collect(), lost: Vec::new() };
        }
        let (gone, kept): (Vec<&str>, Vec<&str>) = defaults.iter().partition(|feature| implies(feature));
        let mut features: BTreeSet<String> = kept.into_iter().map(str::to_owned).collect();
        features.extend(required.iter().filter(|feature| !implies(feature)).cloned());
        let mut lost = Vec::new();
        // A feature that goes may itself be what both arms need: its other halves stay.
        for half in
            gone.iter().filter(|name| !switched.iter().any(|one| one == *name)).flat_map(|name| &self.features[*name])
        {
            if half.starts_with("dep:") {
                lost.push(half.clone());
            } else if half.contains('/') {
                features.insert(half.clone());
            }
        }
        Base { default_features: false, features: features.into_iter().collect(), lost }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(features: &str) -> Package {
        let text = format!(
            r#"{{"packages":[{{"name":"p","manifest_path":"/w/p/Cargo.toml","dependencies":[{{"path":null,"name":"criterion","req":"^0.5"}}],
            "features":{features},"targets":[{{"name":"p","kind":["lib"]}},{{"name":"b","kind":["bench"],"required-features":["std"]}},
            {{"name":"m","kind":["bin"]}},{{"name":"e","kind":["example"]}}]}}],"workspace_root":"/w"}}"#
        );
        Manifest::read(&text).unwrap().package("p").unwrap().clone()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn programs_and_their_needs() {
        let package = package("{}");
        assert_eq!(package.programs(), [(Kind::Bench, "b"), (Kind::Example, "e"), (Kind::Bin, "m")]);
        assert_eq!(package.required_features(Kind::Bench, "b"), ["std"]);
        assert_eq!((package.requirement("criterion"), package.requirement("divan")), (Some("^0.5"), None));
    }

    #[test]
    fn a_feature_that_is_no_default_leaves_the_defaults_alone() {
        let package = package(r#"{"default":["std"],"std":[],"fast":[],"extra":[]}"#);
        let base = package.base(&names(&["fast"]), &names(&["std", "extra"]));
        assert_eq!(base, Base { default_features: true, features: names(&["extra"]), lost: Vec::new() });
    }

    #[test]
    fn a_default_feature_goes_and_what_implies_it_but_nothing_else() {
        let package = package(
            r#"{"default":["std","perf"],"std":[],"perf":["perf-a","perf-b","dep:x","y/z"],"perf-a":[],"perf-b":["c"],"c":[]}"#,
        );
        let base = package.base(&names(&["perf-a"]), &[]);
        let features = names(&["c", "perf-b", "std", "y/z"]);
        assert_eq!(base, Base { default_features: false, features, lost: names(&["dep:x"]) });
    }
}
