//! Results as files: the whole new text or the old one.

use std::fs;
use std::path::Path;

use super::{Exit, Failure, OrExit};

/// Writes `text` into `file`, beside first and then renamed. Makes its folder.
pub(super) fn write(file: &Path, text: &str, code: &'static str) -> Result<(), Failure> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(".draft");
    let folder = file.parent().unwrap_or(Path::new("."));
    let written =
        fs::create_dir_all(folder).and_then(|()| fs::write(&draft, text)).and_then(|()| fs::rename(&draft, file));
    written
        .map_err(|error| {
            miette::miette!(
                code = code,
                help = "name another place (--output, --to), or make this one writable",
                "cannot write {}: {error}",
                file.display()
            )
        })
        .or_exit(Exit::Failed)
}
