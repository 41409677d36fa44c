//! The command line: one file per subcommand, all of one shape.
//!
//! ```ignore
//! /// What it is for.                        (the first line of its help)
//! #[derive(Debug, clap::Args)]
//! #[command(after_help = "Example:\n  workbench list --status blocked")]
//! pub struct Args { … }
//!
//! pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> { … }
//! ```
//!
//! To add one: write `cli/<name>.rs` in that shape and add a line to the two lists in [`command`]. Results go to
//! stdout through [`Context::print`] or [`Context::table`], progress to stderr; an error returned is rendered once, in
//! [`main`], and its [`Exit`] becomes the process's.

pub mod ablate;
pub mod acp;
pub mod adapter;
pub mod agents;
pub mod apply;
pub mod assign;
pub mod calibrate;
pub mod check;
mod command;
pub mod compare;
pub mod completions;
mod context;
pub mod doctor;
mod exit;
pub mod export;
pub mod facts;
mod files;
pub mod find;
pub mod gate;
pub mod history;
pub mod import;
pub mod init;
pub mod interact;
pub mod list;
pub mod man;
pub mod mcp;
pub mod merge;
mod noise;
pub mod note;
pub mod output;
pub mod plan;
pub mod profile;
mod progress;
pub mod recall;
pub mod recover;
pub mod report;
pub mod review;
pub mod run;
pub mod screen;
pub mod show;
pub mod standup;
pub mod status;
pub mod submit;
pub mod supervise;
mod teller;
pub mod verdict;
pub mod wait;
mod words;
mod work;
pub mod yielding;

pub use command::{main, tree};
pub use context::Context;
pub use exit::{Complaint, Exit, Failure, OrExit};
pub use output::{Format, Row};
