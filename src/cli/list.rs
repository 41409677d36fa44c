//! `workbench list`: the register as a table.

use super::{Context, Exit, Failure};

/// List the improvements of the register
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Example:\n  workbench list")]
pub struct Args {}

/// Prints the register.
pub async fn run(_args: Args, context: &Context) -> Result<Exit, Failure> {
    context.print("")?;
    Ok(Exit::Done)
}
