//! `workbench adapter`: what the lab starts in the place of a driver, for a program that speaks no protocol.
//!
//! Not for people: it needs no project, and its stdin and stdout are the protocol's.

use std::process::ExitCode;

use super::{Context, Exit, Failure, OrExit};
use crate::lab::adapter::{self, Task};
use crate::project::Project;

/// Speak the driver protocol in the name of another program
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  workbench apply T003    starts it where workbench.yaml has `target.adapter`")]
pub struct Args {
    /// What is run and how it is read: JSON
    #[arg(long, value_name = "JSON", value_parser = parse)]
    task: Task,
}

fn parse(text: &str) -> Result<Task, serde_json::Error> {
    serde_json::from_str(text)
}

/// Converses until its input ends. Its working directory is the lab's, and what it writes there is removed with it.
pub fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let work = Project::at_or_to_be(context.project.root()).or_exit(Exit::Failed)?;
    let ended = adapter::main(args.task, work.root().to_path_buf());
    Ok(if ended == ExitCode::SUCCESS { Exit::Done } else { Exit::Failed })
}
