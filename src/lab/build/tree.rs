//! The digest of everything an arm is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cargo::Cargo;
use crate::config::Target;
use crate::lab::LabError;
use crate::lab::folder::LabFolder;

/// The sources of a target and the tools that build it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The Cargo workspace's folder.
    pub workspace: PathBuf,
    /// SHA-256 over the path and content of every file of the target's packages, in hexadecimal.
    pub digest: String,
    /// What `rustc -vV` says.
    pub toolchain: String,
}

/// Files beside the packages that change what is built.
const WORKSPACE_FILES: [&str; 6] =
    ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"];

impl Tree {
    /// Digests the package and all packages it depends on by path, as they are on disk. Which these are is noted in
    /// `extent`, for [`digest_now`].
    pub(super) async fn read(cargo: &Cargo, workspace: &Path, package: &str, extent: &Path) -> Result<Self, LabError> {
        let folders = package_folders(&cargo.metadata(workspace).await?, package)?;
        let digest = digest_of(workspace, &folders)?;
        let noted = Extent { workspace: workspace.to_path_buf(), package: package.to_owned(), folders };
        // Without the note nobody can tell a stale verdict; the next reading writes it again.
        let _ = fs::write(extent, serde_json::to_vec(&noted).unwrap_or_default());
        Ok(Self { workspace: workspace.to_path_buf(), digest, toolchain: cargo.toolchain().await? })
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
    is_it.then(|| digest_of(&noted.workspace, &noted.folders).ok())?
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

fn digest_of(workspace: &Path, folders: &BTreeSet<PathBuf>) -> Result<String, LabError> {
    let mut files = BTreeSet::new();
    for folder in folders {
        collect(folder, &mut files).map_err(LabError::file("read", folder))?;
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

/// Every file below, but for hidden ones and build output.
fn collect(folder: &Path, files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let hidden = name.as_encoded_bytes().starts_with(b".");
        if hidden || name == "target" {
            continue;
        }
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.insert(entry.path());
        }
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    path: Option<PathBuf>,
}

/// The folders of `package` and of all workspace packages it needs by path.
fn package_folders(metadata: &str, package: &str) -> Result<BTreeSet<PathBuf>, LabError> {
    let target_error = |message| LabError::Target { message };
    let metadata: Metadata =
        serde_json::from_str(metadata).map_err(|error| target_error(format!("`cargo metadata`: {error}")))?;
    let folder = |package: &Package| package.manifest_path.parent().unwrap_or(Path::new("/")).to_path_buf();
    let by_folder: BTreeMap<PathBuf, &Package> =
        metadata.packages.iter().map(|package| (folder(package), package)).collect();
    let Some(first) = metadata.packages.iter().find(|candidate| candidate.name == package) else {
        let names: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
        return Err(target_error(format!("no package `{package}`; the workspace has {}", names.join(", "))));
    };
    let (mut folders, mut open) = (BTreeSet::new(), vec![folder(first)]);
    while let Some(next) = open.pop() {
        if !folders.insert(next.clone()) {
            continue;
        }
        let needs = by_folder.get(&next).map_or(&[][..], |package| &package.dependencies);
        open.extend(needs.iter().filter_map(|dependency| dependency.path.clone()));
    }
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_brings_what_it_needs_and_nothing_else() {
        let metadata = r#"{"packages":[
            {"name":"a","manifest_path":"/w/a/Cargo.toml","dependencies":[{"path":"/w/b"},{"path":null}]},
            {"name":"b","manifest_path":"/w/b/Cargo.toml","dependencies":[{"path":"/w/a"}]},
            {"name":"c","manifest_path":"/w/c/Cargo.toml","dependencies":[]}]}"#;
        let folders = package_folders(metadata, "a").unwrap();
        assert_eq!(folders, BTreeSet::from([PathBuf::from("/w/a"), PathBuf::from("/w/b")]));
        let error = package_folders(metadata, "d").unwrap_err().to_string();
        assert!(error.contains("no package `d`; the workspace has a, b, c"), "{error}");
    }

    #[test]
    fn the_digest_sees_content_and_names_but_no_build_output() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let read = || {
            let mut files = BTreeSet::new();
            collect(root, &mut files).unwrap();
            digest(root, &files).unwrap()
        };
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("src/lib.rs"), "one").unwrap();
        let first = read();
        fs::create_dir_all(root.join("target")).unwrap();
        fs::write(root.join("target/x"), "output").unwrap();
        fs::write(root.join(".hidden"), "secret").unwrap();
        assert_eq!(read(), first);
        fs::write(root.join("src/lib.rs"), "two").unwrap();
        let second = read();
        assert_ne!(second, first);
        fs::rename(root.join("src/lib.rs"), root.join("src/main.rs")).unwrap();
        assert_ne!(read(), second);
    }
}
