//! Files out: all of them or none.
//!
//! They are written into a folder beside the wanted one, which is then renamed. What stood there before is moved aside,
//! never removed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use miette::Diagnostic;
use serde::Serialize;
use thiserror::Error;

use super::records::Records;

/// Texts by their path below the folder.
pub type Files = BTreeMap<String, String>;

/// Why nothing was written.
#[derive(Debug, Error, Diagnostic)]
pub enum WriteError {
    /// Something is there already.
    #[error("{} is there already", folder.display())]
    #[diagnostic(
        code(import::exists),
        help("name another folder with --to, or pass --force: what is there is then moved to {}", aside.display())
    )]
    Exists {
        /// The folder.
        folder: PathBuf,
        /// Where `--force` would move it.
        aside: PathBuf,
    },
    /// What was moved aside before is still there.
    #[error("{} keeps what an earlier --force replaced", aside.display())]
    #[diagnostic(code(import::exists), help("remove it, or move it elsewhere, then import again"))]
    AsideExists {
        /// That folder.
        aside: PathBuf,
    },
    /// A folder without a name, such as `/`.
    #[error("{} cannot be replaced by a new folder", folder.display())]
    #[diagnostic(code(import::folder), help("name a folder that does not exist yet: --to registers/rustydb"))]
    Unnamed {
        /// The folder.
        folder: PathBuf,
    },
    /// The disk says no.
    #[error("cannot write {}: {source}", path.display())]
    #[diagnostic(code(import::cannot_write), help("name another folder with --to, or make this one writable"))]
    Io {
        /// What could not be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A record that YAML cannot hold.
    #[error("{file} cannot be written as YAML: {reason}")]
    #[diagnostic(code(import::yaml), help("please report this document: no text may do that"))]
    Yaml {
        /// The file.
        file: String,
        /// What the serializer said.
        reason: String,
    },
}

impl Records {
    /// The files of the register, below the project's root.
    ///
    /// # Errors
    /// [`WriteError::Yaml`], which no document has caused yet.
    pub fn files(&self) -> Result<Files, WriteError> {
        let mut files = Files::new();
        add_yaml(&mut files, "improvements/register.yaml", &self.header)?;
        add_yaml(&mut files, "improvements/phases.yaml", &self.phases)?;
        add_yaml(&mut files, "improvements/metrics.yaml", &self.metrics)?;
        add_yaml(&mut files, "improvements/risks.yaml", &self.risks)?;
        add_yaml(&mut files, "improvements/parity.yaml", &self.parity)?;
        add_yaml(&mut files, "improvements/protocol.yaml", &self.protocol)?;
        for improvement in &self.improvements {
            add_yaml(&mut files, &format!("improvements/{}.yaml", improvement.id), improvement)?;
        }
        Ok(files)
    }
}

/// Adds `record` as YAML.
///
/// # Errors
/// [`WriteError::Yaml`].
pub fn add_yaml(files: &mut Files, name: &str, record: &impl Serialize) -> Result<(), WriteError> {
    let mut options = serde_yaml::SerializerOptions::default();
    options.compact_list_indent = false;
    // Folded text cannot keep every white space that a document has.
    options.prefer_block_scalars = false;
    let text = serde_yaml::to_string_with_options(record, options)
        .map_err(|error| WriteError::Yaml { file: name.to_owned(), reason: error.to_string() })?;
    files.insert(name.to_owned(), text);
    Ok(())
}

/// Writes `files` as the folder `folder`. `check` is shown the written folder before anything becomes visible.
///
/// # Errors
/// [`WriteError`], or what `check` says; nothing has changed then.
pub fn write<E: From<WriteError>>(
    folder: &Path,
    files: &Files,
    force: bool,
    check: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let (parent, name) = match (folder.parent(), folder.file_name()) {
        (Some(parent), Some(name)) => (parent, name.to_string_lossy().into_owned()),
        (_, _) => return Err(WriteError::Unnamed { folder: folder.to_path_buf() }.into()),
    };
    fs::create_dir_all(parent).map_err(|source| WriteError::Io { path: parent.to_path_buf(), source })?;
    let aside = parent.join(format!("{name}.before-import"));
    let occupied = folder.exists() && !is_empty(folder);
    if occupied && !force {
        return Err(WriteError::Exists { folder: folder.to_path_buf(), aside }.into());
    }
    if occupied && aside.exists() {
        return Err(WriteError::AsideExists { aside }.into());
    }
    let draft = parent.join(format!(".{name}.import-{}", std::process::id()));
    let drafted = write_draft(&draft, files).map_err(E::from).and_then(|()| check(&draft));
    let moved = drafted.and_then(|()| exchange(&draft, folder, occupied.then_some(&aside)).map_err(E::from));
    if moved.is_err() {
        // What could not be finished must not stay; that it cannot be removed either changes nothing.
        let _ = fs::remove_dir_all(&draft);
    }
    moved
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

fn write_draft(draft: &Path, files: &Files) -> Result<(), WriteError> {
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| WriteError::Io { path, source }
    };
    // A draft of this process's number is left over from a process that is gone.
    if draft.exists() {
        fs::remove_dir_all(draft).map_err(io(draft))?;
    }
    for (name, text) in files {
        let path = draft.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io(folder))?;
        }
        let file = fs::File::create_new(&path).and_then(|mut file| {
            io::Write::write_all(&mut file, text.as_bytes())?;
            file.sync_all()
        });
        file.map_err(io(&path))?;
    }
    Ok(())
}

/// Puts the draft in the folder's place. Stopped in between, both the old and the new are whole under other names.
fn exchange(draft: &Path, folder: &Path, aside: Option<&PathBuf>) -> Result<(), WriteError> {
    let io = |source| WriteError::Io { path: folder.to_path_buf(), source };
    match aside {
        Some(aside) => fs::rename(folder, aside).map_err(io)?,
        None if folder.exists() => fs::remove_dir(folder).map_err(io)?,
        None => {}
    }
    fs::rename(draft, folder).or_else(|error| {
        if let Some(aside) = aside {
            fs::rename(aside, folder).map_err(io)?;
        }
        Err(io(error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &str) -> Files {
        Files::from([("a/b.yaml".to_owned(), text.to_owned())])
    }

    fn put(folder: &Path, text: &str, force: bool) -> Result<(), WriteError> {
        write(folder, &files(text), force, |_| Ok(()))
    }

    #[test]
    fn all_or_nothing_and_nothing_is_lost() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("out");
        let names = || {
            let mut names: Vec<_> =
                fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let refused: Result<(), WriteError> =
            write(&folder, &files("x"), false, |_| Err(WriteError::Unnamed { folder: PathBuf::new() }));
        assert!(refused.is_err() && names().is_empty(), "{:?}", names());

        put(&folder, "one", false).unwrap();
        assert!(matches!(put(&folder, "two", false), Err(WriteError::Exists { .. })));
        assert_eq!(fs::read_to_string(folder.join("a/b.yaml")).unwrap(), "one");
        put(&folder, "two", true).unwrap();
        assert_eq!(fs::read_to_string(folder.join("a/b.yaml")).unwrap(), "two");
        assert_eq!(fs::read_to_string(root.path().join("out.before-import/a/b.yaml")).unwrap(), "one");
        assert!(matches!(put(&folder, "three", true), Err(WriteError::AsideExists { .. })));
        assert_eq!(names(), ["out", "out.before-import"]);
        assert!(matches!(put(Path::new("/"), "x", true), Err(WriteError::Unnamed { .. })));
    }
}
