//! Which benches a harness has: criterion and divan both answer `--list`.

use super::task::Task;
use super::{place, run};
use crate::config::Reads;
use probe::protocol::{Failure, Params};
use std::ffi::OsString;
use std::path::Path;

/// The ids of the benches in `task`'s program, in the harness's order; `None` where it cannot list them.
pub fn benches(task: &Task, work: &Path) -> Result<Option<Vec<String>>, Failure> {
    if !task.adapter.lists_benches() {
        return Ok(None);
    }
    let desk = run::Desk::in_folder(work);
    let places = place::Places::new(task, "", &Params::new(), &desk.out)?;
    let mut command = places.fill(&task.adapter.command[..1])?;
    command.extend(["--bench", "--list"].map(OsString::from));
    let ran = run::run(task, &desk, &command)?;
    Ok(Some(ids(task.adapter.reads, &ran.stdout)))
}

/// criterion prints `id: benchmark`; divan its tree without figures.
fn ids(reads: Reads, stdout: &str) -> Vec<String> {
    match reads {
        Reads::Divan => super::read::divan::listed(stdout),
        Reads::Criterion | Reads::Process | Reads::Hyperfine | Reads::Bmf | Reads::Pattern => stdout
            .lines()
            .filter_map(|line| line.strip_suffix(": benchmark").or(line.strip_suffix(": bench")))
            .map(str::to_owned)
            .collect(),
    }
}
