//! What the lab tells an adapter's process, as one argument.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::Adapter;

/// One arm, and how it is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The driver's name in workbench.yaml.
    pub name: String,
    /// The arm's binary.
    pub program: PathBuf,
    /// Where it runs: the package's folder, as under `cargo bench`, since benches read files from there.
    pub folder: PathBuf,
    /// How it is run and read.
    pub adapter: Adapter,
    /// The features that Cargo says it was built with.
    pub features: Vec<String>,
    /// The workloads that the plan has; for a bench harness its bench ids.
    pub workloads: Vec<String>,
}

impl Task {
    /// As an argument.
    pub fn to_argument(&self) -> String {
        // Text and paths that came from text: nothing in it can refuse.
        serde_json::to_string(self).unwrap_or_default()
    }
}
