//! What git says of a folder, asked of git itself: whoever has cloned a project has it, and no library must be built.
//!
//! [`Repository`] is where a folder is at; [`History`] finds commits and writes out their files.

mod git;
mod head;
mod history;

pub use head::Repository;
pub use history::{Commit, History, HistoryError};
