//! `workbench completions`: completion of commands and options for a shell.

use clap_complete::Shell;

use super::{Context, Exit, Failure, tree};

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench completions bash
  workbench completions zsh | less

To install: `workbench completions bash > ~/.local/share/bash-completion/completions/workbench`, or for zsh into a file
`_workbench` in a folder of $fpath.")]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut tree(), "workbench", &mut script);
    context.print_bytes(&script)?;
    Ok(Exit::Done)
}
