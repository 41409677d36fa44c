//! `workbench note ID [TEXT]`: what people have noted about an improvement; note something more.

use std::fmt::Write;

use serde::Serialize;

use super::output::META;
use super::work;
use super::{Context, Exit, Failure, Format, OrExit, find};
use crate::improvements::{Improvement, ImprovementId};
use crate::tracking::{Note, Reader, Store};

/// Show what people have noted about an improvement, or note something
///
/// Reports, briefs and the terminal interface show notes. Nothing is decided by them: what an improvement brings is measured.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench note T003
  workbench note T003 'the ring was sized by the largest record: see the crash tests' --dry-run")]
pub struct Args {
    /// The improvement, such as T003
    id: String,

    /// What is to be noted
    text: Option<String>,

    /// Who says so; default: the user's name
    #[arg(long, value_name = "NAME", requires = "text")]
    by: Option<String>,

    /// Print what would be recorded, and record nothing
    #[arg(long, requires = "text")]
    dry_run: bool,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        self.text.is_some() && !self.dry_run
    }
}

/// The notes of an improvement. Stable.
#[derive(Serialize)]
struct Noted<'a> {
    id: &'a ImprovementId,
    notes: &'a [Note],
}

/// What was noted, or would be. Stable.
#[derive(Serialize)]
struct Recorded<'a> {
    id: &'a ImprovementId,
    text: &'a str,
    by: &'a str,
    recorded: bool,
}

/// Prints or records notes.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    let entry = find::improvement(&catalog.register, &args.id)?;
    match args.text.as_deref().map(str::trim) {
        None => show(entry, context).await,
        Some("") => {
            let help = format!("say what is to be noted: `workbench note {} '…'`", entry.id);
            Err(miette::miette!(code = "note::empty", help = help, "a note without a word says nothing"))
                .or_exit(Exit::Usage)
        }
        Some(text) => {
            // It would be read by the others' agents as a person's word.
            work::no_agent(context).await?;
            let by = args.by.clone().unwrap_or_else(work::user);
            record(entry, text, &by, args.dry_run, context).await
        }
    }
}

async fn show(entry: &Improvement, context: &Context) -> Result<Exit, Failure> {
    let notes = notes(&entry.id, context).await?;
    match context.format {
        Format::Json => context.json(&Noted { id: &entry.id, notes: &notes }, &META)?,
        Format::Table | Format::Md | Format::Csv => {
            let mut text = format!("{} {}\n\n", entry.id, entry.title);
            if notes.is_empty() {
                text += "  nothing is noted\n";
            }
            context.print(&(text + &lines(&notes)))?;
        }
    }
    Ok(Exit::Done)
}

/// What people have noted about an improvement, the oldest first.
pub(super) async fn notes(id: &ImprovementId, context: &Context) -> Result<Vec<Note>, Failure> {
    Ok(match Reader::open(&context.project).await? {
        Some(store) => store.noted(id).await?,
        None => Vec::new(),
    })
}

/// Each note as a line, the oldest first.
pub(super) fn lines(notes: &[Note]) -> String {
    let mut text = String::new();
    for Note { at, text: noted, author } in notes {
        let _ = writeln!(text, "  {}  {author}: {noted}", at.strftime("%Y-%m-%d %H:%M:%SZ"));
    }
    text
}

async fn record(entry: &Improvement, text: &str, by: &str, dry_run: bool, context: &Context) -> Result<Exit, Failure> {
    if !dry_run {
        let store = Store::open(&context.project).await?;
        store.note(&entry.id, text, by).await?;
        store.close().await;
    }
    match context.format {
        Format::Json => context.json(&Recorded { id: &entry.id, text, by, recorded: !dry_run }, &META)?,
        Format::Table | Format::Md | Format::Csv => {
            let what = if dry_run { "would be noted" } else { "noted" };
            context.print(&format!("{}: {what} by {by}: {text}\n", entry.id))?;
        }
    }
    Ok(Exit::Done)
}
