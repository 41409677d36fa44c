//! The digest of everything an arm is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cargo::Cargo;
use super::manifest::{Manifest, Package};
use crate::config::Target;
use crate::lab::LabError;
use crate::lab::folder::LabFolder;
use crate::project::Project;

/// The sources of a target and the tools that build it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The Cargo workspace's folder.
    pub workspace: PathBuf,
    /// The target package's own folder.
    pub package: PathBuf,
    /// Whether the target package has a library.
    pub has_library: bool,
    /// The names of the packages whose sources were digested.
    pub packages: Vec<String>,
    /// SHA-256 over the path and content of every file of the target's packages, in hexadecimal.
    pub digest: String,
    /// What `rustc -vV` says.
    pub toolchain: String,
    /// Features that the package has.
    pub features: BTreeSet<String>,
}

/// Files beside the packages that change what is built.
const WORKSPACE_FILES: [&str; 6] =
    ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"];

impl Tree {
    /// Digests the package and all packages it depends on by path, as they are on disk. Which these are is noted in
    /// `extent`, for [`digest_now`].
    ///
    /// What the workbench keeps in a package's folder is no source: `own`.
    pub(super) async fn read(
        cargo: &Cargo,
        workspace: &Path,
        package: &str,
        own: &[PathBuf],
        extent: Option<&Path>,
    ) -> Result<Self, LabError> {
        // Building would write a missing one, and the digest would be another from then on.
        if !workspace.join("Cargo.lock").exists() {
            cargo.lock(workspace).await?;
        }
        let metadata = cargo.metadata(workspace).await?;
        let Needed { first, folders, names, features, has_library } = needed(&metadata, package)?;
        let digest = digest_of(workspace, &folders, own)?;
        if let Some(extent) = extent {
            let noted = Extent { workspace: workspace.to_path_buf(), package: package.to_owned(), folders };
            // Without the note nobody can tell a stale verdict; the next reading writes it again.
            let _ = fs::write(extent, serde_json::to_vec(&noted).unwrap_or_default());
        }
        let toolchain = cargo.toolchain(workspace).await?;
        let workspace = workspace.to_path_buf();
        Ok(Self { workspace, package: first, has_library, packages: names, digest, toolchain, features })
    }
}

/// Which folders a target's digest is made of, as Cargo said when it was last asked. A package more or less changes a
/// manifest in one of them, and with that the digest.
#[derive(Debug, Serialize, Deserialize)]
struct Extent {
    workspace: PathBuf,
    package: String,
    folders: BTreeSet<PathBuf>,
}

/// The digest of a target's sources as they are now, without asking Cargo: milliseconds. `None` where it was never
/// digested before, or not in this place.
pub fn digest_now(target: &Target, root: &Path, lab: &LabFolder) -> Option<String> {
    if let Some(program) = target.command.first() {
        return sha256_file(&root.join(program)).ok();
    }
    let noted: Extent = serde_json::from_slice(&fs::read(lab.extent()).ok()?).ok()?;
    let is_it = noted.workspace == root.join(&target.workspace) && noted.package == target.package;
    is_it.then(|| digest_of(&noted.workspace, &noted.folders, &Project::to_be(root).own_entries()).ok())?
}

/// SHA-256 of a file, in hexadecimal.
pub fn sha256_file(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash_file(path, &mut hash)?;
    Ok(hex(hash))
}

pub(super) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest_of(workspace: &Path, folders: &BTreeSet<PathBuf>, own: &[PathBuf]) -> Result<String, LabError> {
    let mut files = BTreeSet::new();
    for folder in folders {
        collect(folder, own, &mut files).map_err(LabError::file("read", folder))?;
    }
    let beside = WORKSPACE_FILES.iter().map(|name| workspace.join(name));
    files.extend(beside.filter(|path| path.is_file()));
    digest(workspace, &files)
}

fn digest(workspace: &Path, files: &BTreeSet<PathBuf>) -> Result<String, LabError> {
    let mut hash = Sha256::new();
    for path in files {
        // Relative paths: a clone elsewhere has the same digest. Lengths keep names and contents apart.
        let name = path.strip_prefix(workspace).unwrap_or(path).as_os_str().as_encoded_bytes();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        let length = fs::metadata(path).map_err(LabError::file("read", path))?.len();
        hash.update(length.to_le_bytes());
        hash_file(path, &mut hash).map_err(LabError::file("read", path))?;
    }
    Ok(hex(hash))
}

fn hash_file(path: &Path, hash: &mut Sha256) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut chunk = vec![0; 256 << 10];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(()),
            length => hash.update(&chunk[..length]),
        }
    }
}

/// Every file below, but for hidden ones, build output and those in `own`.
fn collect(folder: &Path, own: &[PathBuf], files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let hidden = name.as_encoded_bytes().starts_with(b".");
        if hidden || name == "target" || own.contains(&entry.path()) {
            continue;
        }
        if kind.is_dir() {
            collect(&entry.path(), own, files)?;
        } else if kind.is_file() {
            files.insert(entry.path());
        }
    }
    Ok(())
}

/// What a package is made of.
#[derive(Debug)]
struct Needed {
    /// The package's own folder.
    first: PathBuf,
    /// The folders of it and of all workspace packages it needs by path.
    folders: BTreeSet<PathBuf>,
    /// Their packages' names.
    names: Vec<String>,
    /// Features of the package.
    features: BTreeSet<String>,
    has_library: bool,
}

fn needed(metadata: &str, package: &str) -> Result<Needed, LabError> {
    let manifest = Manifest::read(metadata)?;
    let by_folder: BTreeMap<&Path, &Package> =
        manifest.packages.iter().map(|package| (package.folder(), package)).collect();
    let first = manifest.package(package)?;
    let (mut folders, mut open) = (BTreeSet::new(), vec![first.folder()]);
    while let Some(next) = open.pop() {
        if !folders.insert(next.to_path_buf()) {
            continue;
        }
        let needs = by_folder.get(next).map_or(&[][..], |package| &package.dependencies);
        open.extend(needs.iter().filter_map(|dependency| dependency.path.as_deref()));
    }
    let names = folders.iter().filter_map(|folder| by_folder.get(folder.as_path()));
    Ok(Needed {
        first: first.folder().to_path_buf(),
        has_library: first.has_library(),
        names: names.map(|package| package.name.clone()).collect(),
        features: first.features.keys().cloned().collect(),
        folders,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_brings_what_it_needs_and_nothing_else() {
        let metadata = r#"{"packages":[
            {"name":"a","manifest_path":"/w/a/Cargo.toml","dependencies":[{"path":"/w/b"},{"path":null}],
             "features":{"t003":["b/t003"]}},
            {"name":"b","manifest_path":"/w/b/Cargo.toml","dependencies":[{"path":"/w/a"}],"features":{"b":[]}},
            {"name":"c","manifest_path":"/w/c/Cargo.toml","dependencies":[]}],"workspace_root":"/w"}"#;
        let found = needed(metadata, "a").unwrap();
        assert_eq!(found.folders, BTreeSet::from([PathBuf::from("/w/a"), PathBuf::from("/w/b")]));
        assert_eq!(
            (found.first.clone(), found.names.clone()),
            (PathBuf::from("/w/a"), vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(found.features, BTreeSet::from(["t003".to_owned()]));
        let error = needed(metadata, "d").unwrap_err().to_string();
        assert!(error.contains("no package `d`; the workspace has a, b, c"), "{error}");
    }

    #[test]
    fn the_digest_sees_content_and_names_but_no_build_output() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let read = || {
            let mut files = BTreeSet::new();
            collect(root, &[root.join("tracking")], &mut files).unwrap();
            digest(root, &files).unwrap()
        };
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("src/lib.rs"), "one").unwrap();
        let first = read();
        fs::create_dir_all(root.join("target")).unwrap();
        fs::write(root.join("target/x"), "output").unwrap();
        fs::create_dir_all(root.join("tracking")).unwrap();
        fs::write(root.join("tracking/workbench.db"), "facts").unwrap();
        fs::write(root.join(".hidden"), "secret").unwrap();
        assert_eq!(read(), first);
        fs::write(root.join("src/lib.rs"), "two").unwrap();
        let second = read();
        assert_ne!(second, first);
        fs::rename(root.join("src/lib.rs"), root.join("src/main.rs")).unwrap();
        assert_ne!(read(), second);
    }
}
