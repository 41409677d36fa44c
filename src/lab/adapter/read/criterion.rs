//! criterion's folder: `<id>/new/benchmark.json` says which bench, `<id>/new/estimates.json` what it found.
//!
//! Format: criterion 0.3 to 0.7, `criterion::Estimates` and `BenchmarkId`; times are nanoseconds for one iteration.

use std::fs;
use std::path::{Path, PathBuf};

use probe::protocol::Failure;
use serde::Deserialize;

use super::{Benches, Figures, json};

#[derive(Deserialize)]
struct Id {
    full_id: String,
}

#[derive(Deserialize)]
struct Estimates {
    mean: Estimate,
    median: Estimate,
    /// Only where samples have different numbers of iterations.
    slope: Option<Estimate>,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// All benches below `folder`.
pub(in crate::lab::adapter) fn read(folder: &Path) -> Result<Benches, Failure> {
    let mut benches = Benches::new();
    for new in results(folder) {
        let text = |name: &str| {
            fs::read_to_string(new.join(name))
                .map_err(|error| Failure::new(format!("criterion's {name} cannot be read: {error}"), "run it again"))
        };
        let id: Id = json(&text("benchmark.json")?, "criterion's benchmark.json")?;
        let Estimates { mean, median, slope } = json(&text("estimates.json")?, "criterion's estimates.json")?;
        let time = slope.unwrap_or(mean).point_estimate;
        let figures = [("time_ns", time), ("median_ns", median.point_estimate)];
        benches
            .push((id.full_id, figures.map(|(name, value)| (name.to_owned(), value)).into_iter().collect::<Figures>()));
    }
    if benches.is_empty() {
        return Err(Failure::new(
            "it left no results of criterion in CRITERION_HOME",
            "is it a criterion bench, and does the command run it with `--bench`?",
        ));
    }
    Ok(benches)
}

/// Every folder `new` below `folder`, sorted.
fn results(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = open.pop() {
        let folders = fs::read_dir(next).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in folders.filter(|path| path.is_dir()) {
            if path.file_name().is_some_and(|name| name == "new") && path.join("estimates.json").is_file() {
                found.push(path);
            } else {
                open.push(path);
            }
        }
    }
    found.sort();
    found
}
