//! `workbench report`: the tracking document, written from the register and the recorded facts.

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use super::{Context, Exit, Failure, Format, files};
use crate::project::Project;
use crate::report::{Document, Snapshot, markdown};
use crate::tracking::{Facts, Reader};

/// Write the tracking document from the register and the recorded facts
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench report
  workbench report --output - | less
  workbench report --check
  workbench report --json | jq '.data.counts'

The same facts give the same bytes. Exit code 4 when --check finds the file missing or out of date.")]
pub struct Args {
    /// Where to; `-` is stdout
    #[arg(long, value_name = "FILE", default_value = "tracking/reports/TRACKING.md")]
    output: PathBuf,

    /// Write nothing; tell whether the file says what the facts say
    #[arg(long, conflicts_with = "dry_run")]
    check: bool,

    /// Write nothing; tell what would be written
    #[arg(long)]
    dry_run: bool,
}

/// What was written. Stable.
#[derive(Serialize)]
struct Meta<'a> {
    schema: u32,
    output: Option<&'a str>,
    changed: Option<bool>,
}

/// Writes, checks or prints the document.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let facts = match Reader::open(&context.project).await? {
        Some(store) => store.facts().await?,
        None => Facts::default(),
    };
    let document = Document::of(&Snapshot { catalog: context.catalog()?, facts });
    if context.format == Format::Json {
        context.json(&document, &Meta { schema: 1, output: None, changed: None })?;
        return Ok(Exit::Done);
    }
    if args.output == Path::new("-") {
        context.print(&markdown(&document, Path::new(".")))?;
        return Ok(Exit::Done);
    }
    let file = context.project.root().join(&args.output);
    let text = markdown(&document, &way_to_root(&context.project, &file));
    let shown = context.project.shown(&file);
    let folder = file.parent().unwrap_or(Path::new(".")).to_path_buf();
    let pictures = document.screens.iter().flat_map(|screen| &screen.pictures);
    let pictures: Vec<(PathBuf, &str)> =
        pictures.map(|picture| (folder.join(&picture.file), picture.svg.as_str())).collect();
    let holds = |file: &Path, text: &str| fs::read_to_string(file).is_ok_and(|there| there == text);
    let same = holds(&file, &text) && pictures.iter().all(|(file, svg)| holds(file, svg));
    if args.check {
        return if same {
            context.print(&format!("{shown} says what the facts say\n"))?;
            Ok(Exit::Done)
        } else {
            let report = miette::miette!(
                code = "report::out_of_date",
                help = "write it again: `workbench report`",
                "{shown} does not say what the facts say"
            );
            Err(Failure::new(Exit::NotPassed, report))
        };
    }
    if !args.dry_run {
        // The pictures first: the text never names one that is not there.
        for (picture, svg) in &pictures {
            files::write(picture, svg, "report::cannot_write")?;
        }
        files::write(&file, &text, "report::cannot_write")?;
    }
    let state = if same { "unchanged" } else { "changed" };
    let would = if args.dry_run { "would be written: " } else { "" };
    context.print(&format!("{would}{shown}, {} lines, {state}\n", text.lines().count()))?;
    Ok(Exit::Done)
}

/// The way from a report's folder to the project's root, for links: `../..`. A report elsewhere links to the root itself.
fn way_to_root(project: &Project, file: &Path) -> PathBuf {
    let inside = file.parent().and_then(|folder| folder.strip_prefix(project.root()).ok());
    let up = |folder: &Path| folder.components().all(|part| matches!(part, Component::Normal(_)));
    match inside {
        Some(folder) if up(folder) => folder.components().map(|_| "..").collect(),
        Some(_) | None => project.root().to_path_buf(),
    }
}
