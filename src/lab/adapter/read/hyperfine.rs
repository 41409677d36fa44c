//! `hyperfine --export-json`: results in seconds, one for each command.

use probe::protocol::Failure;
use serde::Deserialize;

use super::{Benches, json};

#[derive(Deserialize)]
struct Export {
    results: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    /// The command, or the name given to it with `-n`.
    command: String,
    mean: f64,
    median: f64,
    user: f64,
    system: f64,
}

/// All commands of an export.
pub(in crate::lab::adapter) fn read(text: &str) -> Result<Benches, Failure> {
    let export: Export = json(text, "an export of hyperfine")?;
    let bench = |entry: Entry| {
        let seconds = [("time_ns", entry.mean), ("median_ns", entry.median), ("cpu_ns", entry.user + entry.system)];
        (entry.command, seconds.map(|(name, value)| (name.to_owned(), value * 1e9)).into_iter().collect())
    };
    Ok(export.results.into_iter().map(bench).collect())
}
