//! What git says of a folder.
//!
//! [`Repository`] is where a folder is at; [`History`] finds commits and writes out their files: asked of git itself, which whoever has
//! cloned a project has. [`Graph`] answers what would take many runs of git, or a merge that nobody wants to happen: read with libgit2.

mod foresight;
mod git;
mod graph;
mod head;
mod history;
mod patch;

pub use foresight::Foresight;
pub use graph::{Changed, Changes, Graph, GraphError, Kind};
pub use head::Repository;
pub use history::{Commit, History, HistoryError};
pub use patch::{Fate, FilePatch, LineKind, Patch, PatchLine};
