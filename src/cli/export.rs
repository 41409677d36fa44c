//! `workbench export`: the evidence of this store as reviewable JSON, for a repository, a clone or a colleague.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Context, Exit, Failure, Format, OrExit, Row, files};
use crate::profiles::Shelf;
use crate::tracking::{Dossier, Evidence, Reader};

/// Write evidence as JSON files that another store can import
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench export --to evidence
  workbench export T003 --to T003.json --profiles
  workbench export --to evidence --dry-run
  workbench export T003 --to - | less

A folder gets a file for each experiment and one for the statuses that people set, with their notes; a file gets all of it. The same facts
give the same bytes. What is there already is kept: a file that knows more than this store is not overwritten.
What stays: paths, process numbers, what agents do, the log of commands. `workbench import` reads it.")]
pub struct Args {
    /// The improvements; default: all
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    /// Where to: a folder, or a file whose name ends in .json; `-` is stdout
    #[arg(long, value_name = "PATH")]
    to: PathBuf,

    /// With the folded stacks of profiles
    #[arg(long)]
    profiles: bool,

    /// Write nothing; tell what would be written
    #[arg(long)]
    dry_run: bool,
}

/// One file. Stable.
#[derive(Serialize)]
struct Line {
    file: String,
    subjects: BTreeSet<String>,
    experiments: usize,
    facts: usize,
    digest: String,
    state: State,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// It was not there.
    New,
    /// It knew less.
    Changed,
    /// It said the same.
    Unchanged,
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["File", "About", "Experiments", "Facts", "State"];
    const ELASTIC: Option<usize> = Some(0);

    fn cells(&self) -> Vec<String> {
        let about: Vec<&str> = self.subjects.iter().map(String::as_str).collect();
        let state = match self.state {
            State::New => "new",
            State::Changed => "changed",
            State::Unchanged => "unchanged",
        };
        vec![
            self.file.clone(),
            about.join(", "),
            self.experiments.to_string(),
            self.facts.to_string(),
            state.to_owned(),
        ]
    }
}

/// Stable.
#[derive(Serialize)]
struct Meta {
    schema: u32,
    written: bool,
    files: usize,
}

/// Writes evidence.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let dossiers = dossiers(&args, context).await?;
    if args.to == Path::new("-") {
        context.print(&Evidence { dossiers }.render())?;
        return Ok(Exit::Done);
    }
    let mut lines = Vec::new();
    let mut texts = Vec::new();
    for (file, mut evidence) in args.files(dossiers) {
        let there = there(&file)?;
        let state = match &there {
            None => State::New,
            Some((text, there)) => {
                knows_less(&file, there, &evidence)?;
                evidence.keep_stacks_of(there);
                if *text == evidence.render() { State::Unchanged } else { State::Changed }
            }
        };
        lines.push(Line {
            file: file.display().to_string(),
            subjects: evidence.dossiers.iter().map(|dossier| dossier.subject().to_owned()).collect(),
            experiments: evidence.dossiers.iter().filter(|dossier| dossier.is_experiment()).count(),
            facts: evidence.dossiers.iter().map(|dossier| dossier.facts.len()).sum(),
            digest: evidence.digest(),
            state,
        });
        if state != State::Unchanged {
            texts.push((file, evidence.render()));
        }
    }
    if !args.dry_run {
        texts.iter().try_for_each(|(file, text)| files::write(file, text, "export::cannot_write"))?;
    }
    context.table(&lines, &Meta { schema: 1, written: !args.dry_run, files: lines.len() })?;
    if context.format == Format::Table && args.dry_run {
        context.print("\n nothing was written\n")?;
    }
    Ok(Exit::Done)
}

async fn dossiers(args: &Args, context: &Context) -> Result<Vec<Dossier>, Failure> {
    let wanted: BTreeSet<String> = args.ids.iter().map(|id| id.to_uppercase()).collect();
    let shelf = args.profiles.then(|| Shelf::new(&context.project.profiles_dir()));
    let found = match Reader::open(&context.project).await? {
        Some(store) => store.evidence((!wanted.is_empty()).then_some(&wanted), shelf.as_ref()).await?,
        None => Vec::new(),
    };
    // What the store knows counts, not the register: evidence may outlive its entry.
    let missing = wanted.iter().find(|id| !found.iter().any(|dossier| dossier.is_about(id)));
    let nothing = match missing {
        Some(id) => format!("there is no evidence about {id}"),
        None if found.is_empty() => "there is no evidence yet".to_owned(),
        None => return Ok(found),
    };
    let report = miette::miette!(
        code = "export::nothing",
        help = "`workbench apply ID` measures; `workbench status` tells what there is",
        "{nothing}"
    );
    Err(report).or_exit(Exit::NotFound)
}

impl Args {
    /// The files to be written, each with its evidence.
    fn files(&self, dossiers: Vec<Dossier>) -> Vec<(PathBuf, Evidence)> {
        let one_file = self.to.is_file() || self.to.extension().is_some_and(|extension| extension == "json");
        if one_file {
            return vec![(self.to.clone(), Evidence { dossiers })];
        }
        // Two experiments of one second whose digests begin alike would share a file.
        let mut files: BTreeMap<PathBuf, Evidence> = BTreeMap::new();
        for dossier in dossiers {
            files.entry(self.to.join(dossier.file())).or_default().dossiers.push(dossier);
        }
        files.into_iter().collect()
    }
}

/// What a file says now; `None` where there is none.
fn there(file: &Path) -> Result<Option<(String, Evidence)>, Failure> {
    if !file.exists() {
        return Ok(None);
    }
    let evidence = Evidence::read(file, &file.display().to_string())?;
    let text = std::fs::read_to_string(file).unwrap_or_default();
    Ok(Some((text, evidence)))
}

/// Refuses to replace a file by one that knows less.
fn knows_less(file: &Path, there: &Evidence, ours: &Evidence) -> Result<(), Failure> {
    match there.lacking_in(ours) {
        0 => Ok(()),
        lacking => {
            let report = miette::miette!(
                code = "export::would_lose",
                help = format!("import it first: `workbench import {}`; or name another place", file.display()),
                "{} holds {lacking} facts that this store does not have",
                file.display()
            );
            Err(report).or_exit(Exit::NotPassed)
        }
    }
}
