//! `workbench man`: manual pages, written from what `--help` says.

use std::path::PathBuf;

use clap_mangen::Man;

use super::{Context, Exit, Failure, OrExit, files, find, tree};

/// Print a manual page, or write all of them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench man
  workbench man apply
  workbench man --to man --dry-run

To read one: `workbench man apply | man -l -`. To install: `workbench man --to ~/.local/share/man/man1`.")]
pub struct Args {
    /// The page of this command; default: of the program
    #[arg(value_name = "COMMAND")]
    command: Option<String>,

    /// Write every page into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    to: Option<PathBuf>,

    /// Write nothing; tell what would be written
    #[arg(long, requires = "to")]
    dry_run: bool,
}

/// Prints or writes pages.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut program = tree();
    // Gives every subcommand its full name and the global options.
    program.build();
    let Some(folder) = &args.to else {
        let command = match &args.command {
            None => &program,
            Some(name) => find::command(&program, name)?,
        };
        context.print(&page(&Man::new(command.clone()))?)?;
        return Ok(Exit::Done);
    };
    let commands = program.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set());
    let mut pages = 0;
    for command in std::iter::once(&program).chain(commands) {
        let man = Man::new(command.clone());
        let text = page(&man)?;
        if !args.dry_run {
            files::write(&folder.join(man.get_filename()), &text, "man::cannot_write")?;
        }
        pages += 1;
    }
    let would = if args.dry_run { "would be written" } else { "written" };
    context.print(&format!("{pages} pages {would} to {}\n", folder.display()))?;
    Ok(Exit::Done)
}

/// A page as roff.
fn page(man: &Man) -> Result<String, Failure> {
    let mut text = Vec::new();
    man.render(&mut text).map_err(|error| miette::miette!("cannot make the page: {error}")).or_exit(Exit::Failed)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
